"""Taking items, keeping them, letting them pass: one holder at a time, for as long as there is a sign of life."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User

from ..analysis import routing
from ..models import (
    Decision,
    DeskSettings,
    Event,
    FirstAnswer,
    Label,
    Note,
    Notification,
    Reason,
    ReviewItem,
    ReviewQueue,
    Scan,
    Skip,
    notify,
)
from . import caring

LEASE = dt.timedelta(minutes=15)
PRESENT = dt.timedelta(minutes=10)  # since somebody was seen last; sessions are noted every five
BEAT = 60.0  # seconds between two signs of life that count as work
SKIPS = 3  # after which it is a lead's
LEADS = "leads"  # slug of their queue


class Taken(Exception):
    """Somebody else holds the item."""

    def __init__(self, item: ReviewItem) -> None:
        super().__init__(
            f"{item.holder} holds this until {timezone.localtime(item.held_until):%H:%M}."
            if item.holder
            else "It is done."
        )
        self.item = item


class NotYours(Exception):
    """This person may not work on this item: wrong queue, own upload, or not holding it."""


class Resting(Exception):
    """After so many files seen clearly, a pause: until when."""

    def __init__(self, until: dt.datetime) -> None:
        super().__init__(f"A pause until {timezone.localtime(until):%H:%M}.")
        self.until = until


def claim(item: ReviewItem, person: Any) -> ReviewItem:
    """Exactly one gets it; the others are told who has."""
    may_work(item, person)
    now = timezone.now()
    got = (
        ReviewItem.objects.free_for(person)
        .filter(pk=item.pk)
        .update(
            holder=person,
            held_until=now + LEASE,
            heartbeat_at=now,
            first_claimed_at=Coalesce(F("first_claimed_at"), now),
            last_claimed_at=now,
        )
    )
    item.refresh_from_db()
    if not got:
        raise Taken(item)
    return item


def heartbeat(item: ReviewItem, person: Any) -> bool:
    """The page is open and somebody is at it: the lease goes on, and the time counts as work."""
    now = timezone.now()
    held = ReviewItem.objects.held().filter(pk=item.pk, holder=person).values_list("heartbeat_at", flat=True).first()
    if held is None:
        return False
    worked = min(BEAT, max(0.0, (now - held).total_seconds()))
    return bool(
        ReviewItem.objects.held()
        .filter(pk=item.pk, holder=person, heartbeat_at=held)
        .update(held_until=now + LEASE, heartbeat_at=now, active_seconds=F("active_seconds") + worked)
    )


def release(item: ReviewItem, person: Any) -> None:
    ReviewItem.objects.open().filter(pk=item.pk, holder=person).update(holder=None, held_until=None)


def next_for(person: Any, queue: ReviewQueue | None = None) -> ReviewItem | None:
    """The most urgent one that is free, taken; None if there is nothing to do. Resting if it is time to."""
    if until := caring.rest(person):
        raise Resting(until)
    while True:
        free = (
            ReviewItem.objects.free_for(person).workable_by(person).bearable_for(person).exclude(passes__person=person)
        )
        if queue is not None:
            free = free.filter(queue=queue)
        item: ReviewItem | None = free.in_order().first()
        if item is None:
            return None
        try:
            return claim(item, person)
        except Taken:
            continue


@transaction.atomic
def skip(item: ReviewItem, person: Any, cause: Skip.Cause) -> None:
    """Let it pass to somebody else; what nobody wants becomes a lead's."""
    if (
        not ReviewItem.objects.open()
        .filter(pk=item.pk, holder=person)
        .update(holder=None, held_until=None, assigned_to=None, skips=F("skips") + 1)
    ):
        raise NotYours
    Skip.objects.create(item=item, person=person, cause=cause)
    Event.objects.create(scan=item.scan, kind="skipped", actor=person, content={"cause": cause})
    item.refresh_from_db()
    leads = ReviewQueue.objects.filter(slug=LEADS).first()
    if item.skips >= SKIPS and leads and item.queue_id != leads.pk:
        ReviewItem.objects.filter(pk=item.pk).update(queue=leads)


@transaction.atomic
def take_over(item: ReviewItem, lead: User) -> ReviewItem:
    """A lead takes what somebody else holds; that is written down."""
    if not lead.has_perm("scans.lead_review"):
        raise NotYours
    may_work(item, lead)
    before = ReviewItem.objects.open().select_for_update().filter(pk=item.pk).first()
    if before is None:
        raise Taken(item)
    ReviewItem.objects.filter(pk=item.pk).update(
        holder=lead, assigned_to=None, held_until=timezone.now() + LEASE, heartbeat_at=timezone.now()
    )
    Event.objects.create(
        scan=item.scan, kind="taken_over", actor=lead, content={"from": before.holder_id and str(before.holder_id)}
    )
    item.refresh_from_db()
    return item


@transaction.atomic
def assign(item: ReviewItem, to: User | None, lead: User) -> None:
    """To one person, or to nobody in particular."""
    if not lead.has_perm("scans.lead_review"):
        raise NotYours
    if to is not None:
        may_work(item, to)
    ReviewItem.objects.open().filter(pk=item.pk).update(assigned_to=to, holder=None, held_until=None)
    Event.objects.create(scan=item.scan, kind="assigned", actor=lead, content={"to": to and str(to.pk)})
    if to is not None and to != lead:
        notify(to.pk, Notification.Kind.ASSIGNED, scan=item.scan, item=item)


def add(
    scan: Scan, person: Any, queue: ReviewQueue, *, note: str = "", due_at: dt.datetime | None = None
) -> ReviewItem:
    """Queue any scan by hand, with or without a due date."""
    with transaction.atomic():
        item = routing.put(scan, queue, Reason.HAND, by=person, detail=note, due_at=due_at)
        Event.objects.create(scan=scan, kind="queued_for_review", actor=person, content={"queue": queue.slug})
    return item


@transaction.atomic
def ask_another(item: ReviewItem, person: Any, question: str) -> None:
    """Ask for a second opinion: the item goes back into the queue, for anybody but this person."""
    may_work(item, person)
    if (
        not ReviewItem.objects.free_for(person)
        .filter(pk=item.pk)
        .update(holder=None, held_until=None, assigned_to=None)
    ):
        raise Taken(item)
    Skip.objects.create(item=item, person=person, cause=Skip.Cause.OPINION)
    _hand_on(item, person, Reason.OPINION, "opinion_asked", question)


@transaction.atomic
def escalate(item: ReviewItem, person: Any, note: str) -> None:
    """Move the item to the leads' queue."""
    may_work(item, person)
    leads = ReviewQueue.objects.filter(slug=LEADS).first() or item.queue
    if (
        not ReviewItem.objects.free_for(person)
        .filter(pk=item.pk)
        .update(holder=None, held_until=None, assigned_to=None, queue=leads, priority=max(item.priority, 70))
    ):
        raise Taken(item)
    _hand_on(item, person, Reason.HAND, "escalated", note)


def _hand_on(item: ReviewItem, person: Any, reason: Reason, kind: str, note: str) -> None:
    item.reasons.create(reason=reason, by=person, detail=note[:200])
    if note:
        Note.objects.create(scan=item.scan, author=person, text=note)
    Event.objects.create(scan=item.scan, kind=kind, actor=person)


@transaction.atomic
def first_answer(item: ReviewItem, person: Any, label: Label) -> bool:
    """What somebody sees before they are told anything; whether that was all that they were asked for."""
    may_work(item, person)
    _answer, is_first = FirstAnswer.objects.get_or_create(item=item, person=person, defaults={"label": label})
    if is_first:
        Event.objects.create(scan=item.scan, kind="first_answer", actor=person, content={"label": label})
    if not item.is_double:
        return False
    if not ReviewItem.objects.free_for(person).filter(pk=item.pk).update(closed_at=timezone.now(), holder=None):
        raise Taken(item)
    stands = Decision.objects.standing().filter(scan=item.scan_id).first()
    same = stands is not None and stands.label == label
    Event.objects.create(scan=item.scan, kind="agreed" if same else "differed", actor=person, content={"label": label})
    if not same:
        leads = ReviewQueue.objects.filter(slug=LEADS).first() or item.queue
        routing.put(item.scan, leads, Reason.DISPUTE, priority=max(60, item.priority))
    return True


def present(queue: ReviewQueue) -> list[User]:
    """Those who may work in the queue, were seen minutes ago and have not said that they are away."""
    since = timezone.now() - PRESENT
    people = User.objects.filter(is_active=True, is_staff=True, usersession__last_seen_at__gte=since).distinct()
    away = set(DeskSettings.objects.filter(away=True).values_list("person_id", flat=True))
    allowed = set(queue.roles.values_list("pk", flat=True))
    return [
        person
        for person in people.order_by("pk").prefetch_related("groups")
        if person.pk not in away
        and person.has_perm("scans.review")
        and (not allowed or allowed & {group.pk for group in person.groups.all()})
    ]


@transaction.atomic
def assign_in_turn(items: Sequence[ReviewItem], lead: User) -> int:
    """Assign items to the people present, least loaded first. Returns how many items were assigned."""
    load = Counter(ReviewItem.objects.open().exclude(assigned_to=None).values_list("assigned_to", flat=True))
    there: dict[int, list[User]] = {}
    count = 0
    for item in items:
        if item.queue_id not in there:
            there[item.queue_id] = [person for person in present(item.queue) if person.pk != lead.pk]
        for person in sorted(there[item.queue_id], key=lambda person: (load[person.pk], person.pk)):
            if ReviewItem.objects.workable_by(person).bearable_for(person).filter(pk=item.pk).exists():
                assign(item, person, lead)
                load[person.pk] += 1
                count += 1
                break
    return count


def may_work(item: ReviewItem, person: Any) -> None:
    if not person.has_perm("scans.review") or not ReviewItem.objects.workable_by(person).filter(pk=item.pk).exists():
        raise NotYours
