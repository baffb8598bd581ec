"""Sending one message: at once, then ever later, until it is taken or given up."""

import datetime as dt
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import mail

from .. import network
from ..models import Attempt, Delivery, Endpoint
from . import outbox, signing

log = structlog.get_logger(__name__)

SECONDS = 5.0
MOST = 64 * 1024  # bytes of an answer that are read
PAUSES = [
    dt.timedelta(**pause)
    for pause in (
        {"seconds": 5}, {"minutes": 5}, {"minutes": 30}, {"hours": 2}, {"hours": 5}, {"hours": 10}, {"hours": 10},
    )
]  # fmt: skip
LEASE = dt.timedelta(seconds=60)  # while somebody is sending it
AT_ONCE, OF_ONE, THREADS = 40, 10, 8


def send_due() -> int:
    """Send what is to be sent now; how many messages that were. Only the network is asked side by side."""
    mine = [delivery for delivery in _due() if _taken(delivery)]
    with ThreadPoolExecutor(THREADS) as threads:
        for delivery, attempt in zip(mine, threads.map(_sent, mine), strict=True):
            try:
                with transaction.atomic():
                    attempt.save()
                    _note(delivery, attempt)
            except (IntegrityError, Endpoint.DoesNotExist):
                log.info("the address was removed meanwhile", endpoint=str(delivery.endpoint_id))
    return len(mine)


def _due() -> list[Delivery]:
    """A few of each address, and of one that fails a single one, so that nobody holds the others up."""
    chosen: list[Delivery] = []
    counts: Counter[uuid.UUID] = Counter()
    for delivery in Delivery.objects.due().select_related("endpoint__owner").order_by("next_at")[: AT_ONCE * OF_ONE]:
        if counts[delivery.endpoint_id] < (1 if delivery.endpoint.failing_since else OF_ONE):
            counts[delivery.endpoint_id] += 1
            chosen.append(delivery)
    return chosen[:AT_ONCE]


def _taken(delivery: Delivery) -> bool:
    """By this process and by no other."""
    now = timezone.now()
    delivery.tries += 1
    return bool(Delivery.objects.due().filter(pk=delivery.pk).update(next_at=now + LEASE, tries=delivery.tries))


def _sent(delivery: Delivery) -> Attempt:
    body, began = delivery.body.encode(), time.monotonic()
    attempt = Attempt(delivery=delivery)
    now = int(timezone.now().timestamp())
    signed = signing.headers(delivery.endpoint.secrets(), delivery.message_id, now, body)
    said = {"Content-Type": "application/json", "User-Agent": f"deepfake-moderation/{settings.VERSION}", **signed}
    try:
        target = network.check(delivery.endpoint.url)
        answer = network.ask(target, "POST", headers=said, body=body, seconds=SECONDS, most=MOST)
    except network.Blocked as error:
        attempt.failure = error.code
    except network.Unreachable as error:
        attempt.failure = str(error)[:40]
    else:
        attempt.status = answer.status
        attempt.answer = answer.body[:500].decode("utf-8", "replace").replace("\0", "\ufffd")[:500]
    attempt.milliseconds = round((time.monotonic() - began) * 1000)
    return attempt


def _note(delivery: Delivery, attempt: Attempt) -> None:
    taken = attempt.status is not None and 200 <= attempt.status < 300
    now = timezone.now()
    if taken:
        Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.DELIVERED, next_at=None)
        Endpoint.objects.filter(pk=delivery.endpoint_id).exclude(failing_since=None).update(failing_since=None)
        return
    again = delivery.tries <= len(PAUSES)
    Delivery.objects.filter(pk=delivery.pk).update(
        state=Delivery.State.PENDING if again else Delivery.State.DEAD,
        next_at=now + PAUSES[delivery.tries - 1] if again else None,
    )
    endpoint = delivery.endpoint
    Endpoint.objects.filter(pk=endpoint.pk, failing_since=None).update(failing_since=now)
    endpoint.refresh_from_db()
    log.info("webhook not taken", endpoint=str(endpoint.pk), status=attempt.status, failure=attempt.failure)
    patience = dt.timedelta(days=settings.WEBHOOK_PATIENCE_DAYS)
    if attempt.status == 410:
        switch_off(endpoint, "gone")
    elif endpoint.failing_since and now - endpoint.failing_since >= patience:
        switch_off(endpoint, "failing")


def switch_off(endpoint: Endpoint, why: str) -> bool:
    """By the site: whoever owns it is told by mail, and their other addresses, once. False if it was off."""
    off = Endpoint.objects.filter(pk=endpoint.pk, disabled_at=None)
    if not off.update(disabled_at=timezone.now(), disabled_why=why):
        return False
    endpoint.refresh_from_db()
    mail.tell(endpoint.owner, "webhook_disabled", endpoint=endpoint)
    outbox.tell_of_the_end(endpoint)
    return True
