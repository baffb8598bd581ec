"""Where messages go, and how that went."""

from typing import Any

from ...models import Delivery, Endpoint
from ...outcome.statement import moment


def endpoint(endpoint: Endpoint, secret: str = "") -> dict[str, Any]:
    return {
        "id": str(endpoint.pk),
        "object": "webhook_endpoint",
        "url": endpoint.url,
        "description": endpoint.description,
        "kinds": endpoint.kinds,
        "sandbox": endpoint.sandbox,
        "enabled": endpoint.disabled_at is None,
        "disabled_why": endpoint.disabled_why or None,
        "created_at": moment(endpoint.created_at),
        "failing_since": moment(endpoint.failing_since),
        "old_secret_until": moment(endpoint.old_secret_until),
        **({"secret": secret} if secret else {}),
    }


def delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": str(delivery.pk),
        "object": "webhook_delivery",
        "endpoint": str(delivery.endpoint_id),
        "message_id": delivery.message_id,
        "type": delivery.kind,
        "state": delivery.state,
        "created_at": moment(delivery.created_at),
        "next_at": moment(delivery.next_at),
        "body": delivery.body,
        "attempts": [
            {
                "at": moment(attempt.at),
                "status": attempt.status,
                "failure": attempt.failure or None,
                "ms": attempt.milliseconds,
                "answer": attempt.answer,
            }
            for attempt in delivery.attempts.all()
        ],
    }
