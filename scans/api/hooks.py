"""Webhook endpoints and deliveries."""

import uuid
from typing import Any, ClassVar

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from .. import network, tasks
from ..models import Delivery, Endpoint
from ..updates import webhooks
from . import described, listing, request_serializers, shapes
from .base_views import ApiView, is_sandbox, of_this_key
from .documentation import CURSOR, LIMIT, filters, page_of, tells
from .errors import Absent, Refusal

MOST = 20  # addresses of one person
SCOPES = dict.fromkeys(("GET", "POST", "PATCH", "DELETE"), "webhooks")


class Endpoints(ApiView):
    tag = "webhooks"
    scopes = SCOPES

    @tells("listWebhookEndpoints", {200: page_of(described.EndpointOf, "Endpoint")}, query=[LIMIT, CURSOR])
    def get(self, request: Request) -> Response:
        """List your webhook endpoints."""
        return Response(
            listing.page(request, owned_endpoints(request), lambda found: [shapes.endpoint(one) for one in found])
        )

    @tells(
        "createWebhookEndpoint",
        {201: described.EndpointWithSecret},
        body={"application/json": request_serializers.NewEndpoint},
        refusals=["url_refused", "wrong_state"],
        example={"url": "https://hooks.example.org/deepfakes", "kinds": ["outcome.changed"]},
    )
    def post(self, request: Request) -> Response:
        """Create a webhook endpoint. The secret that signs its messages is shown only in this response."""
        said = request_serializers.read(request_serializers.NewEndpoint, request)
        if owned_endpoints(request).count() >= MOST:
            raise Refusal(409, "wrong_state", _("You can have at most %d endpoints.") % MOST)
        _check(said["url"])
        made: Endpoint = Endpoint.objects.create(owner=request.user, sandbox=is_sandbox(request), **said)
        return Response(shapes.endpoint(made, made.secret), 201)


class OneEndpoint(ApiView):
    tag = "webhooks"
    scopes = SCOPES

    @tells("getWebhookEndpoint", {200: described.EndpointOf})
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """Get a webhook endpoint."""
        return Response(shapes.endpoint(one_of(request, pk)))

    @tells(
        "changeWebhookEndpoint",
        {200: described.EndpointOf},
        body={"application/json": request_serializers.EndpointChange},
        refusals=["url_refused", "wrong_state"],
        example={"kinds": ["outcome.changed", "scan.failed"]},
    )
    def patch(self, request: Request, pk: uuid.UUID) -> Response:
        """Change a webhook endpoint, or disable or enable it."""
        said = request_serializers.read(request_serializers.EndpointChange, request)
        one = one_of(request, pk)
        if "url" in said and said["url"] != one.url:
            _check(said["url"])
        enabled = said.pop("enabled", None)
        for name, value in said.items():
            setattr(one, name, value)
        if enabled is True and one.disabled_why == "operator":
            raise Refusal(409, "wrong_state", _("The operator of the site has disabled this endpoint."))
        if enabled is True:
            one.disabled_at, one.disabled_why, one.failing_since = None, "", None
        elif enabled is False and one.disabled_at is None:
            one.disabled_at, one.disabled_why = timezone.now(), "asked"
        one.save()
        return Response(shapes.endpoint(one))

    @tells("deleteWebhookEndpoint", {204: None})
    def delete(self, request: Request, pk: uuid.UUID) -> Response:
        """Delete a webhook endpoint and its deliveries."""
        webhooks.remove(one_of(request, pk))
        return Response(status=204)


class Rotate(ApiView):
    tag = "webhooks"
    scopes = SCOPES

    @tells("rotateWebhookSecret", {200: described.EndpointWithSecret})
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Create a new secret, shown only in this response. For 24 hours, messages are signed with both secrets."""
        one = webhooks.rotate(one_of(request, pk))
        return Response(shapes.endpoint(one, one.secret))


class Ping(ApiView):
    tag = "webhooks"
    scopes = SCOPES
    limits: ClassVar[dict[str, str]] = {"POST": "webhook_test"}

    @tells("pingWebhookEndpoint", {202: described.DeliveryOf}, refusals=["wrong_state"])
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Send a test message of the type `ping`."""
        one = one_of(request, pk)
        if one.disabled_at:
            raise Refusal(409, "wrong_state", _("This endpoint is disabled."))
        return _sent(webhooks.ping(one))


class Deliveries(ApiView):
    tag = "webhooks"
    scopes = SCOPES

    @tells(
        "listWebhookDeliveries",
        {200: page_of(described.DeliveryOf, "Delivery")},
        query=[LIMIT, CURSOR, *filters(listing.OF_DELIVERIES)],
    )
    def get(self, request: Request) -> Response:
        """List the deliveries of the last 30 days, newest first."""
        rows = listing.filtered(request, _deliveries(request), listing.OF_DELIVERIES)
        return Response(listing.page(request, rows, lambda found: [shapes.delivery(one) for one in found]))


class OneDelivery(ApiView):
    tag = "webhooks"
    scopes = SCOPES

    @tells("getWebhookDelivery", {200: described.DeliveryOf})
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """Get a delivery with all its attempts."""
        return Response(shapes.delivery(_delivery(request, pk)))


class Redeliver(ApiView):
    tag = "webhooks"
    scopes = SCOPES
    limits: ClassVar[dict[str, str]] = {"POST": "webhook_test"}

    @tells("redeliverWebhook", {202: described.DeliveryOf}, refusals=["wrong_state"])
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Send it once more, under the same `webhook-id`."""
        one = _delivery(request, pk)
        if one.endpoint.disabled_at:
            raise Refusal(409, "wrong_state", _("This endpoint is disabled."))
        return _sent(webhooks.redeliver(one))


def owned_endpoints(request: Request) -> Any:
    return of_this_key(request, Endpoint.objects.filter(owner=request.user))


def one_of(request: Request, pk: uuid.UUID) -> Endpoint:
    found: Endpoint | None = owned_endpoints(request).filter(pk=pk).first()
    if found is None:
        raise Absent
    return found


def _deliveries(request: Request) -> Any:
    rows = Delivery.objects.filter(endpoint__in=owned_endpoints(request))
    return rows.select_related("endpoint").prefetch_related("attempts")


def _delivery(request: Request, pk: uuid.UUID) -> Delivery:
    found: Delivery | None = _deliveries(request).filter(pk=pk).first()
    if found is None:
        raise Absent
    return found


def _sent(delivery: Delivery) -> Response:
    transaction.on_commit(tasks.send_webhooks.delay)
    return Response(shapes.delivery(delivery), 202)


def _check(address: str) -> None:
    try:
        network.check(address)
    except network.Blocked as error:
        raise Refusal(422, "url_refused", _("Messages cannot be sent to this URL."), {"url": error.code}) from error
