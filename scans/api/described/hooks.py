"""Webhooks, and what was sent to them."""

from rest_framework import serializers

from ...models import Delivery
from .fields import Shape, chosen, flag, kind_of, maybe, moment, one_id, several, some_moment, text, whole


class EndpointOf(Shape):
    """An address that is told of changes."""

    id = one_id("Its id.")
    object = kind_of("webhook_endpoint")
    url = text("The address.")
    description = serializers.CharField(help_text="For people.")
    kinds = several("What it hears of; none named: everything.", serializers.CharField())
    sandbox = flag("Made with a test key: hears of the sandbox only.")
    enabled = flag("Whether messages are sent.")
    disabled_why = maybe(
        "`gone`: it answered 410. `failing`: it took nothing for days. `asked`: by its owner."
        " `operator`: by whoever runs the site."
    )
    created_at = moment("When it was made.")
    failing_since = some_moment("Since when it takes nothing.")
    old_secret_until = some_moment("Until when the secret before still signs.")


class EndpointWithSecret(EndpointOf):
    """With the secret, which is shown only now."""

    secret = text("Signs messages, as the Standard Webhooks specification says.")


class AttemptOf(Shape):
    """What came of sending a message once."""

    at = moment("When.")
    status = whole("The HTTP status of the answer.", allow_null=True)
    failure = maybe("Why there was none.")
    ms = whole("How long it took.")
    answer = text("The beginning of the answer.")


class DeliveryOf(Shape):
    """One message to one address."""

    id = one_id("Its id.")
    object = kind_of("webhook_delivery")
    endpoint = one_id("The address.")
    message_id = text("`webhook-id`: the same however often it is sent.")
    type = text("What it tells of.")
    state = chosen("Where it stands.", Delivery.State.choices)
    created_at = moment("When it was made.")
    next_at = some_moment("When it is sent next.")
    body = text("Exactly what is signed and sent.")
    attempts = AttemptOf(many=True, help_text="What came of it.")
