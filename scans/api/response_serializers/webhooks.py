"""Webhook endpoints and deliveries."""

from rest_framework import serializers

from ...models import Delivery, Endpoint
from .fields import Resource, chosen, flag, kind_of, maybe, moment, one_id, several, some_moment, text, whole


class EndpointOf(Resource):
    """A URL that receives a message when something changes."""

    id = one_id("ID of the endpoint.", source="pk")
    object = kind_of("webhook_endpoint")
    url = text("The URL.")
    description = serializers.CharField(help_text="Your own description.")
    kinds = several("The types of messages it receives; an empty list means all.", serializers.CharField())
    sandbox = flag("Created with a test key: receives messages about test scans only.")
    enabled = flag("Whether messages are sent.")
    disabled_why = maybe(
        "`gone`: it answered 410. `failing`: deliveries failed for days. `asked`: disabled by you."
        " `operator`: disabled by the operator of the site."
    )
    created_at = moment("When it was created.")
    failing_since = some_moment("Since when all deliveries fail.")
    old_secret_until = some_moment("Until when messages are also signed with the previous secret.")

    def get_enabled(self, endpoint: Endpoint) -> bool:
        return endpoint.disabled_at is None


class EndpointWithSecret(EndpointOf):
    """An endpoint with its secret, which is shown only once."""

    secret = text("The secret that signs messages, as in the Standard Webhooks specification.")


class AttemptOf(Resource):
    """One attempt to deliver a message."""

    at = moment("When it was sent.")
    status = whole("HTTP status of the response.", allow_null=True)
    failure = maybe("Why there was no response.")
    ms = whole("Duration in milliseconds.", source="milliseconds")
    answer = text("The beginning of the response body.")


class DeliveryOf(Resource):
    """One message to one endpoint."""

    id = one_id("ID of the delivery.", source="pk")
    object = kind_of("webhook_delivery")
    endpoint = one_id("ID of the endpoint.", source="endpoint_id")
    message_id = text("The `webhook-id` header; the same for every attempt.")
    type = text("Type of the message.", source="kind")
    state = chosen("State of the delivery.", Delivery.State.choices)
    created_at = moment("When it was created.")
    next_at = some_moment("When the next attempt is made.")
    body = text("The exact body that is signed and sent.")
    attempts = AttemptOf(many=True, help_text="All attempts so far.")
