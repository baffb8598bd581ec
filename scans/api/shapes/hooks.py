"""Where messages go, and how that went."""

from typing import Any

from ...models import Delivery, Endpoint
from ...outcome.statement import moment


def endpoint(one: Endpoint, secret: str = "") -> dict[str, Any]:
    return {
        "id": str(one.pk),
        "object": "webhook_endpoint",
        "url": one.url,
        "description": one.description,
        "kinds": one.kinds,
        "sandbox": one.sandbox,
        "enabled": one.disabled_at is None,
        "disabled_why": one.disabled_why or None,
        "created_at": moment(one.created_at),
        "failing_since": moment(one.failing_since),
        "old_secret_until": moment(one.old_secret_until),
        **({"secret": secret} if secret else {}),
    }


def delivery(one: Delivery) -> dict[str, Any]:
    return {
        "id": str(one.pk),
        "object": "webhook_delivery",
        "endpoint": str(one.endpoint_id),
        "message_id": one.message_id,
        "type": one.kind,
        "state": one.state,
        "created_at": moment(one.created_at),
        "next_at": moment(one.next_at),
        "body": one.body,
        "attempts": [
            {
                "at": moment(tried.at),
                "status": tried.status,
                "failure": tried.failure or None,
                "ms": tried.milliseconds,
                "answer": tried.answer,
            }
            for tried in one.attempts.all()
        ],
    }
