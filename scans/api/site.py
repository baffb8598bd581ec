"""Changes, events, models, policies, capabilities, usage, the account, and the OpenAPI description."""

import datetime as dt
import json
from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.db.models import Count, Sum
from django.db.models.functions import TruncDate
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import roles
from accounts.models import ApiKey

from .. import analysis
from ..analysis import sandbox
from ..insight import figures
from ..models import Change, Event, Outcome, Policy, Scan
from ..outcome.statement import moment
from ..uploads import intake
from . import described, limits, listing, request_serializers, shapes
from .base_views import ApiView, changes, of_scans, scopes_of
from .documentation import LIMIT, PLACE, describe, filters, page_of, query
from .scans import LONGEST

OPENAPI = Path(__file__).with_name("openapi.json")
SINCE = query(
    "since",
    "`cursor` of the previous response; 0 starts at the beginning.",
    {"type": "string", "pattern": listing.NUMBER, "default": "0"},
)


class Changes(ApiView):
    tag = "sync"

    @describe("listChanges", {200: described.ChangePage}, query=[LIMIT, SINCE])
    def get(self, request: Request) -> Response:
        """List changes, oldest first. Read from the beginning, they lead to the state that `/scans` shows."""
        limit, since = listing.limit(request), listing.number(request, "since")
        rows = changes(request).filter(pk__gt=since).select_related("scan")
        page: list[Change] = list(rows.order_by("pk")[:limit])
        cursor = str(page[-1].pk) if page else str(since)
        return Response({"results": shapes.changes(page, request.user), "cursor": cursor})


class Events(ApiView):
    tag = "sync"

    @describe(
        "listEvents", {200: page_of(described.EventOf, "Event")}, query=[LIMIT, PLACE, *filters(listing.OF_EVENTS)]
    )
    def get(self, request: Request) -> Response:
        """List the history of your scans, oldest first, as shown on their pages."""
        rows = Event.objects.for_uploaders().filter(scan__owner=request.user)
        rows = listing.filtered(request, of_scans(request, rows), listing.OF_EVENTS)
        return Response(listing.by_number(request, rows, lambda events: [shapes.event(event) for event in events]))


class Bundles(ApiView):
    tag = "site"

    @describe("listBundles", {200: page_of(described.Bundle, "Bundle")})
    def get(self, request: Request) -> Response:
        """List the models with their cards: training data, measured accuracy, known failures."""
        return Response(listing.whole(analysis.cards()))


class Policies(ApiView):
    tag = "site"

    @describe("listPolicies", {200: page_of(described.PolicyOf, "Policy")})
    def get(self, request: Request) -> Response:
        """List the active policies. `parent` makes them a tree."""
        rows = Policy.objects.filter(active=True).select_related("parent")
        return Response(listing.whole([shapes.policy(policy) for policy in rows]))


class Capabilities(ApiView):
    tag = "site"

    @describe("getCapabilities", {200: described.Capabilities})
    def get(self, request: Request) -> Response:
        """Get what this installation supports, and the measured accuracy of its models."""
        return Response(
            {
                "object": "capabilities",
                "version": settings.VERSION,
                "panel_id": analysis.panel().id,
                "outcomes": list(Outcome.values),
                "image_formats": [name for name, mime in shapes.MIME.items() if mime.startswith("image/")],
                "video_formats": [name for name, mime in shapes.MIME.items() if mime.startswith("video/")],
                "submit_by_url": settings.SCANS_URL_FETCH,
                "sandbox_scenarios": [str(scenario) for scenario in sandbox.SCENARIOS],
                "webhook_kinds": [*Change.Kind.values, "endpoint.disabled"],
                "limits": {
                    "max_upload_mb": settings.MAX_UPLOAD_MB,
                    "files_in_a_batch": intake.IN_A_BATCH,
                    "metadata_bytes": request_serializers.METADATA,
                    "wait_seconds": int(LONGEST),
                },
                "media": analysis.media(),
                "conditions": figures.conditions([analysis.measured(), *analysis.cards()]),
            }
        )


class Usage(ApiView):
    tag = "site"

    @describe("getUsage", {200: described.Usage})
    def get(self, request: Request) -> Response:
        """Get your storage, rate limits and recent uploads."""
        since = timezone.now() - dt.timedelta(days=30)
        days: Any = Scan.objects.filter(owner=request.user, created_at__gte=since).order_by()
        days = days.annotate(day=TruncDate("created_at", tzinfo=dt.UTC)).values("day")
        return Response(
            {
                "object": "usage",
                "storage": {
                    "used_bytes": intake.used(request.user),
                    "quota_bytes": settings.QUOTA_MB * 2**20 or None,
                },
                "rates": limits.standing(request),
                "days": list(days.annotate(scans=Count("pk"), bytes=Sum("bytes")).order_by("-day")[:31]),
            }
        )


class Me(ApiView):
    tag = "site"
    scopes: ClassVar[dict[str, str]] = {}

    @describe("getMe", {200: described.Me})
    def get(self, request: Request) -> Response:
        """Get your account, and the scopes of this key."""
        key = request.auth if isinstance(request.auth, ApiKey) else None
        content: dict[str, Any] = {
            "object": "me",
            "roles": sorted(roles.roles_of(request.user)),
            "scopes": scopes_of(request),
            "key": None,
        }
        if key:
            content["key"] = {
                "prefix": key.prefix,
                "name": key.name,
                "sandbox": key.test,
                "created_at": moment(key.created_at),
                "expires_at": moment(key.expires_at),
            }
        return Response(content)


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
