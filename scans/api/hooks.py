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
from . import listing, request_serializers, response_serializers
from .base_views import ApiView, is_sandbox, of_this_key
from .documentation import CURSOR, LIMIT, describe, filters, page_of
from .errors import Absent, Refusal

MOST = 20  # addresses of one person
SCOPES = dict.fromkeys(("GET", "POST", "PATCH", "DELETE"), "webhooks")


class Endpoints(ApiView):
    tag = "webhooks"
    scopes = SCOPES

    @describe(
        "listWebhookEndpoints", {200: page_of(response_serializers.EndpointOf, "Endpoint")}, query=[LIMIT, CURSOR]
    )
    def get(self, request: Request) -> Response:
        """List your webhook endpoints."""
        return Response(
            listing.page(
                request,
                owned_endpoints(request),
                lambda endpoints: response_serializers.EndpointOf(endpoints, many=True).data,
            )
        )

    @describe(
        "createWebhookEndpoint",
        {201: response_serializers.EndpointWithSecret},
        body={"application/json": request_serializers.NewEndpoint},
        refusals=["url_refused", "wrong_state"],
        example={"url": "https://hooks.example.org/deepfakes", "kinds": ["outcome.changed"]},
    )
    def post(self, request: Request) -> Response:
        """Create a webhook endpoint. The secret that signs its messages is shown only in this response."""
        fields = request_serializers.read(request_serializers.NewEndpoint, request)
        if owned_endpoints(request).count() >= MOST:
            raise Refusal(409, "wrong_state", _("You can have at most %d endpoints.") % MOST)
        _check(fields["url"])
        endpoint: Endpoint = Endpoint.objects.create(owner=request.user, sandbox=is_sandbox(request), **fields)
        return Response(response_serializers.EndpointWithSecret(endpoint).data, 201)


class OneEndpoint(ApiView):
    tag = "webhooks"
    scopes = SCOPES

    @describe("getWebhookEndpoint", {200: response_serializers.EndpointOf})
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """Get a webhook endpoint."""
        return Response(response_serializers.EndpointOf(get_endpoint(request, pk)).data)

    @describe(
        "changeWebhookEndpoint",
        {200: response_serializers.EndpointOf},
        body={"application/json": request_serializers.EndpointChange},
        refusals=["url_refused", "wrong_state"],
        example={"kinds": ["outcome.changed", "scan.failed"]},
    )
    def patch(self, request: Request, pk: uuid.UUID) -> Response:
        """Change a webhook endpoint, or disable or enable it."""
        fields = request_serializers.read(request_serializers.EndpointChange, request)
        endpoint = get_endpoint(request, pk)
        if "url" in fields and fields["url"] != endpoint.url:
            _check(fields["url"])
        enabled = fields.pop("enabled", None)
        for name, value in fields.items():
            setattr(endpoint, name, value)
        if enabled is True and endpoint.disabled_why == "operator":
            raise Refusal(409, "wrong_state", _("The operator of the site has disabled this endpoint."))
        if enabled is True:
            endpoint.disabled_at, endpoint.disabled_why, endpoint.failing_since = None, "", None
        elif enabled is False and endpoint.disabled_at is None:
            endpoint.disabled_at, endpoint.disabled_why = timezone.now(), "asked"
        endpoint.save()
        return Response(response_serializers.EndpointOf(endpoint).data)

    @describe("deleteWebhookEndpoint", {204: None})
    def delete(self, request: Request, pk: uuid.UUID) -> Response:
        """Delete a webhook endpoint and its deliveries."""
        webhooks.remove(get_endpoint(request, pk))
        return Response(status=204)


class Rotate(ApiView):
    tag = "webhooks"
    scopes = SCOPES

    @describe("rotateWebhookSecret", {200: response_serializers.EndpointWithSecret})
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Create a new secret, shown only in this response. For 24 hours, messages are signed with both secrets."""
        endpoint = webhooks.rotate(get_endpoint(request, pk))
        return Response(response_serializers.EndpointWithSecret(endpoint).data)


class Ping(ApiView):
    tag = "webhooks"
    scopes = SCOPES
    limits: ClassVar[dict[str, str]] = {"POST": "webhook_test"}

    @describe("pingWebhookEndpoint", {202: response_serializers.DeliveryOf}, refusals=["wrong_state"])
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Send a test message of the type `ping`."""
        endpoint = get_endpoint(request, pk)
        if endpoint.disabled_at:
            raise Refusal(409, "wrong_state", _("This endpoint is disabled."))
        return _accepted(webhooks.ping(endpoint))


class Deliveries(ApiView):
    tag = "webhooks"
    scopes = SCOPES

    @describe(
        "listWebhookDeliveries",
        {200: page_of(response_serializers.DeliveryOf, "Delivery")},
        query=[LIMIT, CURSOR, *filters(listing.OF_DELIVERIES)],
    )
    def get(self, request: Request) -> Response:
        """List the deliveries of the last 30 days, newest first."""
        rows = listing.filtered(request, _deliveries(request), listing.OF_DELIVERIES)
        return Response(
            listing.page(request, rows, lambda deliveries: response_serializers.DeliveryOf(deliveries, many=True).data)
        )


class OneDelivery(ApiView):
    tag = "webhooks"
    scopes = SCOPES

    @describe("getWebhookDelivery", {200: response_serializers.DeliveryOf})
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """Get a delivery with all its attempts."""
        return Response(response_serializers.DeliveryOf(get_delivery(request, pk)).data)


class Redeliver(ApiView):
    tag = "webhooks"
    scopes = SCOPES
    limits: ClassVar[dict[str, str]] = {"POST": "webhook_test"}

    @describe("redeliverWebhook", {202: response_serializers.DeliveryOf}, refusals=["wrong_state"])
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Send it once more, under the same `webhook-id`."""
        delivery = get_delivery(request, pk)
        if delivery.endpoint.disabled_at:
            raise Refusal(409, "wrong_state", _("This endpoint is disabled."))
        return _accepted(webhooks.redeliver(delivery))


def owned_endpoints(request: Request) -> Any:
    return of_this_key(request, Endpoint.objects.filter(owner=request.user))


def get_endpoint(request: Request, pk: uuid.UUID) -> Endpoint:
    endpoint: Endpoint | None = owned_endpoints(request).filter(pk=pk).first()
    if endpoint is None:
        raise Absent
    return endpoint


def _deliveries(request: Request) -> Any:
    rows = Delivery.objects.filter(endpoint__in=owned_endpoints(request))
    return rows.select_related("endpoint").prefetch_related("attempts")


def get_delivery(request: Request, pk: uuid.UUID) -> Delivery:
    delivery: Delivery | None = _deliveries(request).filter(pk=pk).first()
    if delivery is None:
        raise Absent
    return delivery


def _accepted(delivery: Delivery) -> Response:
    transaction.on_commit(tasks.send_webhooks.delay)
    return Response(response_serializers.DeliveryOf(delivery).data, 202)


def _check(address: str) -> None:
    try:
        network.check(address)
    except network.Blocked as error:
        raise Refusal(422, "url_refused", _("Messages cannot be sent to this URL."), {"url": error.code}) from error
