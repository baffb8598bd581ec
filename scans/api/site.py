"""Changes, events, models, policies, capabilities, usage, the account, and the OpenAPI description."""

import json
from pathlib import Path
from typing import Any, ClassVar

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from .. import analysis
from ..models import Change, Event, Policy
from . import listing, response_serializers
from .base_views import ApiView, changes, of_scans, scopes_of
from .documentation import LIMIT, PLACE, describe, filters, page_of, query

OPENAPI = Path(__file__).with_name("openapi.json")
SINCE = query(
    "since",
    "`cursor` of the previous response; 0 starts at the beginning.",
    {"type": "string", "pattern": listing.NUMBER, "default": "0"},
)


class Changes(ApiView):
    tag = "sync"

    @describe("listChanges", {200: response_serializers.ChangePage}, query=[LIMIT, SINCE])
    def get(self, request: Request) -> Response:
        """List changes, oldest first. Read from the beginning, they lead to the state that `/scans` shows."""
        limit, since = listing.limit(request), listing.number(request, "since")
        rows = changes(request).filter(pk__gt=since).select_related("scan")
        page: list[Change] = list(rows.order_by("pk")[:limit])
        cursor = str(page[-1].pk) if page else str(since)
        return Response({"results": response_serializers.changes(page, request.user), "cursor": cursor})


class Events(ApiView):
    tag = "sync"

    @describe(
        "listEvents",
        {200: page_of(response_serializers.EventOf, "Event")},
        query=[LIMIT, PLACE, *filters(listing.OF_EVENTS)],
    )
    def get(self, request: Request) -> Response:
        """List the history of your scans, oldest first, as shown on their pages."""
        rows = Event.objects.for_uploaders().filter(scan__owner=request.user)
        rows = listing.filtered(request, of_scans(request, rows), listing.OF_EVENTS)
        return Response(
            listing.by_number(request, rows, lambda events: response_serializers.EventOf(events, many=True).data)
        )


class Bundles(ApiView):
    tag = "site"

    @describe("listBundles", {200: page_of(response_serializers.Bundle, "Bundle")})
    def get(self, request: Request) -> Response:
        """List the models with their cards: training data, measured accuracy, known failures."""
        return Response(listing.whole(response_serializers.Bundle(analysis.cards(), many=True).data))


class Policies(ApiView):
    tag = "site"

    @describe("listPolicies", {200: page_of(response_serializers.PolicyOf, "Policy")})
    def get(self, request: Request) -> Response:
        """List the active policies. `parent` makes them a tree."""
        rows = Policy.objects.filter(active=True).select_related("parent")
        context = {"for_reviewers": "review:read" in scopes_of(request)}
        return Response(listing.whole(response_serializers.PolicyOf(rows, many=True, context=context).data))


class Capabilities(ApiView):
    tag = "site"

    @describe("getCapabilities", {200: response_serializers.Capabilities})
    def get(self, request: Request) -> Response:
        """Get what this installation supports, and the measured accuracy of its models."""
        return Response(response_serializers.Capabilities(request).data)


class Usage(ApiView):
    tag = "site"

    @describe("getUsage", {200: response_serializers.Usage})
    def get(self, request: Request) -> Response:
        """Get your storage, rate limits and recent uploads."""
        return Response(response_serializers.Usage(request).data)


class Me(ApiView):
    tag = "site"
    scopes: ClassVar[dict[str, str]] = {}

    @describe("getMe", {200: response_serializers.Me})
    def get(self, request: Request) -> Response:
        """Get your account, and the scopes of this key."""
        return Response(response_serializers.Me(request).data)


class Description(ApiView):
    """The OpenAPI description from the repository; a test compares it with the code."""

    permission_classes = (AllowAny,)
    scopes: ClassVar[dict[str, str]] = {}

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(OPENAPI.read_bytes(), content_type="application/vnd.oai.openapi+json;version=3.1")


def description() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(OPENAPI.read_text())
    return document
