"""Sending messages: at once, then at growing intervals, until they are taken or given up.

Several are sent at a time, and whoever answers slowly or not at all holds up nobody else: of each address, of each
owner and of all who are in trouble only so many are under way, and no exchange outlives its deadline."""

import datetime as dt
import time
import uuid
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from accounts import mail

from ... import network
from ...models import Attempt, Delivery, Endpoint
from . import outbox, signing

log = structlog.get_logger(__name__)

SECONDS = 5.0  # for one exchange, from looking up the name to the end of the answer
MOST = 64 * 1024  # bytes of an answer that are read
PAUSES = [
    dt.timedelta(**pause)
    for pause in (
        {"seconds": 5}, {"minutes": 5}, {"minutes": 30}, {"hours": 2}, {"hours": 5}, {"hours": 10}, {"hours": 10},
    )
]  # fmt: skip
LEASE = dt.timedelta(seconds=30)  # while somebody is sending it; a worker that dies leaves it for this long
AT_ONCE = 16
OF_ENDPOINT, OF_OWNER = 2, 4
IN_TROUBLE, OF_OWNER_IN_TROUBLE = 4, 2
SLOW = 2.0  # seconds after which an address counts as one in trouble
REST = 5.0  # seconds without a new attempt for an address that has just failed
LOOK_AGAIN = 0.5  # seconds between two looks for what has become due meanwhile
LONGEST = 60.0  # seconds that one run goes on taking messages


@dataclass
class _Run:
    """What is under way, and who has made trouble since the run began."""

    ends_at: float
    under_way: dict["Future[Attempt]", Delivery] = field(default_factory=dict)
    resting: dict[uuid.UUID, float] = field(default_factory=dict)  # address: until when
    trouble: set[int] = field(default_factory=set)  # owners
    count: int = 0

    def choose(self) -> list[Delivery]:
        """The oldest due messages within the limits for all, for their endpoint and for their owner."""
        endpoints, owners = Counter[uuid.UUID](), Counter[int]()
        in_trouble = 0
        for delivery in self.under_way.values():
            endpoints[delivery.endpoint_id] += 1
            owners[delivery.endpoint.owner_id] += 1
            in_trouble += self._is_in_trouble(delivery.endpoint)
        chosen: list[Delivery] = []
        for endpoint in self._waiting():
            troubled = self._is_in_trouble(endpoint)
            room = min(
                AT_ONCE - len(self.under_way) - len(chosen),
                (1 if troubled else OF_ENDPOINT) - endpoints[endpoint.pk],
                (OF_OWNER_IN_TROUBLE if troubled else OF_OWNER) - owners[endpoint.owner_id],
                IN_TROUBLE - in_trouble if troubled else AT_ONCE,
            )
            if room <= 0:
                continue
            due = list(Delivery.objects.due().filter(endpoint=endpoint).order_by("next_at")[:room])
            for delivery in due:
                delivery.endpoint = endpoint
            owners[endpoint.owner_id] += len(due)
            in_trouble += len(due) if troubled else 0
            chosen += due
        return chosen

    def _waiting(self) -> list[Endpoint]:
        """Addresses with messages that are due, the one that has waited longest first."""
        now = time.monotonic()
        resting = [pk for pk, until in self.resting.items() if until > now]
        due = Delivery.objects.due().exclude(endpoint__in=resting).order_by()
        waiting = dict(due.values_list("endpoint").annotate(first=Min("next_at")))
        rows = Endpoint.objects.filter(pk__in=waiting).select_related("owner")
        return sorted(rows, key=lambda endpoint: waiting[endpoint.pk])

    def _is_in_trouble(self, endpoint: Endpoint) -> bool:
        return endpoint.failing_since is not None or endpoint.owner_id in self.trouble

    def note(self, delivery: Delivery, attempt: Attempt) -> None:
        if not attempt.succeeded:
            self.resting[delivery.endpoint_id] = time.monotonic() + REST
        if not attempt.succeeded or attempt.milliseconds > SLOW * 1000:
            self.trouble.add(delivery.endpoint.owner_id)


def send_due() -> int:
    """Send the due messages, and those that become due meanwhile. Returns the number sent."""
    run = _Run(ends_at=time.monotonic() + LONGEST)
    with ThreadPoolExecutor(AT_ONCE) as threads:  # they only use the network; the database is used from this thread
        while True:
            if time.monotonic() < run.ends_at:
                for delivery in run.choose():
                    if attempt := _begin_attempt(delivery):
                        run.under_way[threads.submit(_send, delivery, attempt)] = delivery
            if not run.under_way:
                return run.count
            for done in wait(run.under_way, LOOK_AGAIN, FIRST_COMPLETED).done:
                delivery, attempt = run.under_way.pop(done), done.result()
                run.note(delivery, attempt)
                run.count += 1
                _record(delivery, attempt)


@transaction.atomic
def _begin_attempt(delivery: Delivery) -> Attempt | None:
    """Reserve the delivery for this process and store the attempt before it starts. None if another process has it."""
    now = timezone.now()
    delivery.tries += 1
    if not Delivery.objects.due().filter(pk=delivery.pk).update(next_at=now + LEASE, tries=delivery.tries):
        return None
    delivery.attempts.filter(failure=Attempt.UNDER_WAY).update(failure=Attempt.INTERRUPTED)
    attempt: Attempt = delivery.attempts.create(at=now, failure=Attempt.UNDER_WAY)
    return attempt


def _send(delivery: Delivery, attempt: Attempt) -> Attempt:
    body, began = delivery.body.encode(), time.monotonic()
    now = int(timezone.now().timestamp())
    signed = signing.headers(delivery.endpoint.secrets(), delivery.message_id, now, body)
    headers = {"Content-Type": "application/json", "User-Agent": f"deepfake-moderation/{settings.VERSION}", **signed}
    attempt.failure = "" if delivery.endpoint.secrets() else "secret_unreadable"
    if attempt.failure:  # nothing goes out unsigned
        return attempt
    try:
        with network.Deadline(SECONDS) as deadline:
            target = network.check(delivery.endpoint.url, seconds=deadline.seconds_left)
            answer = network.ask(target, "POST", headers=headers, body=body, deadline=deadline, most=MOST)
    except network.Blocked as error:
        attempt.failure = error.code
    except network.Unreachable as error:
        attempt.failure = str(error)[:40]
    else:
        attempt.status = answer.status
        attempt.answer = answer.body[:500].decode("utf-8", "replace").replace("\0", "\ufffd")[:500]
    attempt.milliseconds = round((time.monotonic() - began) * 1000)
    return attempt


@transaction.atomic
def _record(delivery: Delivery, attempt: Attempt) -> None:
    recorded = Attempt.objects.filter(pk=attempt.pk).update(
        status=attempt.status, failure=attempt.failure, answer=attempt.answer, milliseconds=attempt.milliseconds
    )
    endpoint = Endpoint.objects.filter(pk=delivery.endpoint_id).first()
    if not recorded or endpoint is None:
        log.info("the address was removed meanwhile", endpoint=str(delivery.endpoint_id))
        return
    now = timezone.now()
    if attempt.succeeded:
        Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.DELIVERED, next_at=None)
        Endpoint.objects.filter(pk=endpoint.pk).exclude(failing_since=None).update(failing_since=None)
        return
    again = delivery.tries <= len(PAUSES)
    Delivery.objects.filter(pk=delivery.pk).update(
        state=Delivery.State.PENDING if again else Delivery.State.DEAD,
        next_at=now + PAUSES[delivery.tries - 1] if again else None,
    )
    Endpoint.objects.filter(pk=endpoint.pk, failing_since=None).update(failing_since=now)
    endpoint.refresh_from_db()
    log.info("webhook not taken", endpoint=str(endpoint.pk), status=attempt.status, failure=attempt.failure)
    patience = dt.timedelta(days=settings.WEBHOOK_PATIENCE_DAYS)
    if attempt.status == 410:
        switch_off(endpoint, "gone")
    elif endpoint.failing_since and now - endpoint.failing_since >= patience:
        switch_off(endpoint, "failing")


def switch_on(endpoint: Endpoint) -> bool:
    """Again, whoever switched it off. False if it was on."""
    off = Endpoint.objects.filter(pk=endpoint.pk, disabled_at__isnull=False)
    return bool(off.update(disabled_at=None, disabled_why="", failing_since=None))


def switch_off(endpoint: Endpoint, why: str) -> bool:
    """Switch an endpoint off and notify its owner by mail and webhook. False if it was off already."""
    off = Endpoint.objects.filter(pk=endpoint.pk, disabled_at=None)
    if not off.update(disabled_at=timezone.now(), disabled_why=why):
        return False
    endpoint.refresh_from_db()
    mail.send_template(endpoint.owner, "webhook_disabled", endpoint=endpoint)
    outbox.announce_switch_off(endpoint)
    return True
