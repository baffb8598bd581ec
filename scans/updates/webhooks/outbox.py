"""What is to be sent to whom: written down beside the change itself, sent by a worker afterwards."""

import json
import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from ...models import Change, Delivery, Endpoint
from ...models.webhook import OVERLAP, new_secret
from ...outcome.statement import moment

PING = "ping"
DISABLED = "endpoint.disabled"


def announce(change: Change) -> None:
    """Write a message for each of the owner's endpoints that is subscribed to this change."""
    for endpoint in Endpoint.objects.listening(change.owner_id, change.kind, sandbox=change.sandbox):
        _write(endpoint, change.kind, _payload(change))


def _payload(change: Change) -> dict[str, Any]:
    """The ids and what changed. Receivers read everything else through the API."""
    if change.scan is None:
        return {"batch_id": str(change.batch_id), "counts": change.effective}
    return {
        "scan_id": str(change.scan_id),
        "external_id": change.scan.external_id or None,
        "version": change.version,
        "effective": change.effective,
        "before": change.before,
    }


def ping(endpoint: Endpoint) -> Delivery:
    """Send a test message, whatever kinds the endpoint is subscribed to."""
    return _write(endpoint, PING, {"endpoint_id": str(endpoint.pk)})


def announce_switch_off(endpoint: Endpoint) -> None:
    """Tell the owner's other endpoints that this one was switched off."""
    others = Endpoint.objects.listening(endpoint.owner_id, DISABLED, sandbox=endpoint.sandbox)
    for other in others:
        _write(other, DISABLED, {"endpoint_id": str(endpoint.pk), "why": endpoint.disabled_why})


def redeliver(delivery: Delivery) -> Delivery:
    """The same message again, from the beginning of the schedule."""
    Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.PENDING, tries=0, next_at=timezone.now())
    delivery.refresh_from_db()
    return delivery


def rotate(endpoint: Endpoint) -> Endpoint:
    """Another secret; the one before signs along for a while."""
    endpoint.old_secret, endpoint.old_secret_until = endpoint.secret, timezone.now() + OVERLAP
    endpoint.secret = new_secret()
    endpoint.save(update_fields=["secret", "old_secret", "old_secret_until"])
    return endpoint


@transaction.atomic
def remove(endpoint: Endpoint) -> None:
    """Delete the endpoint and its deliveries. The locks make a running sender wait until the rows are gone."""
    Endpoint.objects.select_for_update().filter(pk=endpoint.pk).first()
    list(Delivery.objects.select_for_update().filter(endpoint=endpoint).values_list("pk"))
    endpoint.delete()


def _write(endpoint: Endpoint, kind: str, data: dict[str, Any]) -> Delivery:
    pk, now = uuid.uuid4(), timezone.now()
    body = {"id": f"msg_{pk.hex}", "type": kind, "created_at": moment(now), "sandbox": endpoint.sandbox, "data": data}
    delivery: Delivery = Delivery.objects.create(
        pk=pk, endpoint=endpoint, kind=kind, body=json.dumps(body), created_at=now
    )
    return delivery
