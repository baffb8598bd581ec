"""Sending messages: at once, then at growing intervals, until they are taken or given up.

Many are sent at a time, and an address that answers slowly or not at all delays only its own messages: addresses that
work, new ones and those in trouble have places of their own, of which each address and each owner gets a few, and no
exchange outlives its deadline."""

import datetime as dt
import time
import uuid
from collections import Counter
from collections.abc import Hashable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, Min, OuterRef, QuerySet
from django.utils import timezone

from accounts import mail

from ... import network
from ...models import Attempt, Delivery, Endpoint
from ...models.webhook import LEASE, PAUSES
from . import outbox, signing

log = structlog.get_logger(__name__)

SECONDS = 5.0  # for one exchange, from looking up the name to the end of the answer
MOST = 64 * 1024  # bytes of an answer that are read
SLOW = 2.0  # seconds after which an address counts as one in trouble
REST = 5.0  # seconds without a new attempt for an address that has just failed
LOOK_AGAIN = 0.5  # seconds between two looks for what has become due meanwhile
LONGEST = 60.0  # seconds that one run goes on taking messages


@dataclass(frozen=True)
class Pool:
    """How many messages may be under way at a time: to each address, of each owner, and in all."""

    of_endpoint: int
    of_owner: int
    in_all: int

    def limits(self, endpoint: Endpoint) -> dict[Hashable, int]:
        return {endpoint.pk: self.of_endpoint, (self, endpoint.owner_id): self.of_owner, self: self.in_all}


AT_ONCE = 32
WORKING = Pool(2, 8, AT_ONCE)
# These two together leave ten places to addresses that work.
NEW = Pool(1, 8, 16)  # nothing was delivered there yet
IN_TROUBLE = Pool(1, 2, 6)


@dataclass
class _Candidate:
    """An address with messages that are due."""

    endpoint: Endpoint
    pool: Pool
    due: int
    first_due_at: dt.datetime
    chosen: int = 0


@dataclass
class _Run:
    """What is under way, and which addresses have made trouble since the run began."""

    ends_at: float
    under_way: dict["Future[Attempt]", tuple[Delivery, Pool]] = field(default_factory=dict)
    resting: dict[uuid.UUID, float] = field(default_factory=dict)  # address: until when
    trouble: set[uuid.UUID] = field(default_factory=set)
    turns: Counter[Hashable] = field(default_factory=Counter)  # owner or address: when it was last chosen
    count: int = 0

    def choose(self) -> list[tuple[Delivery, Pool]]:
        """Messages for the free places. The owner with the fewest under way, then with the longest wait, is first."""
        taken = Counter[Hashable]()
        for delivery, pool in self.under_way.values():
            taken.update(list(pool.limits(delivery.endpoint)))
        candidates = self._candidates()

        def has_room(candidate: _Candidate) -> bool:
            limits = candidate.pool.limits(candidate.endpoint)
            return candidate.chosen < candidate.due and all(taken[key] < limit for key, limit in limits.items())

        def rank(candidate: _Candidate) -> tuple[int, int, int, dt.datetime]:
            owner, address = candidate.endpoint.owner_id, candidate.endpoint.pk
            return taken[candidate.pool, owner], self.turns[owner], self.turns[address], candidate.first_due_at

        for _place in range(AT_ONCE - len(self.under_way)):
            candidate = min(filter(has_room, candidates), key=rank, default=None)
            if candidate is None:
                break
            candidate.chosen += 1
            taken.update(list(candidate.pool.limits(candidate.endpoint)))
            turn = max(self.turns.values(), default=0) + 1
            self.turns[candidate.endpoint.owner_id] = self.turns[candidate.endpoint.pk] = turn
        return [(delivery, candidate.pool) for candidate in candidates for delivery in self._chosen(candidate)]

    def _due(self) -> "QuerySet[Delivery]":
        """After the clock was set back, messages that are under way may look due."""
        under_way = [delivery.pk for delivery, _pool in self.under_way.values()]
        due: QuerySet[Delivery] = Delivery.objects.due().exclude(pk__in=under_way)
        return due

    def _candidates(self) -> list[_Candidate]:
        now = time.monotonic()
        resting = [pk for pk, until in self.resting.items() if until > now]
        due = self._due().exclude(endpoint__in=resting).order_by().values_list("endpoint")
        waiting = {pk: (count, first) for pk, count, first in due.annotate(Count("pk"), Min("next_at"))}
        delivered = Delivery.objects.filter(endpoint=OuterRef("pk"), state=Delivery.State.DELIVERED)
        rows = Endpoint.objects.filter(pk__in=waiting).select_related("owner").annotate(works=Exists(delivered))
        return [_Candidate(endpoint, self._pool(endpoint), *waiting[endpoint.pk]) for endpoint in rows]

    def _pool(self, endpoint: Any) -> Pool:
        if endpoint.failing_since is not None or endpoint.pk in self.trouble:
            return IN_TROUBLE
        return WORKING if endpoint.works else NEW

    def _chosen(self, candidate: _Candidate) -> list[Delivery]:
        if not candidate.chosen:
            return []
        chosen = list(self._due().filter(endpoint=candidate.endpoint).order_by("next_at")[: candidate.chosen])
        for delivery in chosen:
            delivery.endpoint = candidate.endpoint
        return chosen

    def note(self, delivery: Delivery, attempt: Attempt) -> None:
        if not attempt.succeeded:
            self.resting[delivery.endpoint_id] = time.monotonic() + REST
        if not attempt.succeeded or attempt.milliseconds > SLOW * 1000:
            self.trouble.add(delivery.endpoint_id)


def send_due() -> int:
    """Send the due messages, and those that become due meanwhile. Returns the number sent."""
    run = _Run(ends_at=time.monotonic() + LONGEST)
    with ThreadPoolExecutor(AT_ONCE) as threads:  # they only use the network; the database is used from this thread
        while True:
            if time.monotonic() < run.ends_at:
                for delivery, pool in run.choose():
                    if attempt := _begin_attempt(delivery):
                        run.under_way[threads.submit(_send, delivery, attempt)] = delivery, pool
            if not run.under_way:
                return run.count
            for done in wait(run.under_way, LOOK_AGAIN, FIRST_COMPLETED).done:
                (delivery, _pool), attempt = run.under_way.pop(done), done.result()
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
