"""Deciding: once for each item, by policy where it contradicts the models, by two people where that is asked for."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ..analysis import routing
from ..models import (
    Action,
    Appeal,
    Decision,
    Event,
    KnownFile,
    Label,
    Policy,
    Reason,
    ReviewItem,
    ReviewQueue,
    Scan,
    SecondLook,
    Undo,
)
from ..models.chain import digest
from ..models.decision import CONTRADICTS
from . import appeals
from .queue import LEADS, NotYours, Taken, may_work

SURE = 0.9  # a score from which contradicting the models takes two people
AT_ONCE = 200


class AlreadyDecided(Exception):
    """Somebody else was faster; `decision` is theirs."""

    def __init__(self, decision: Decision | None) -> None:
        super().__init__("This item has already been decided.")
        self.decision = decision


class PolicyNeeded(Exception):
    """To contradict the models takes a written rule."""


class AnswerNeeded(Exception):
    """Who appealed gets a written answer."""


class BlindFirst(NotYours):
    """Whoever decides this says first what they see, before they are told what the models say."""


class TooLate(Exception):
    """People were told, or the minutes for it are over: now it takes another decision."""


def contradicts(outcome: str, label: str) -> bool:
    return label in CONTRADICTS.get(outcome, frozenset())


@transaction.atomic
def decide(
    item: ReviewItem,
    person: Any,
    label: Label,
    *,
    action: Action = Action.KEEP,
    policy: Policy | None = None,
    public_note: str = "",
    blind: bool = False,
    group: uuid.UUID | None = None,
) -> Decision:
    """Decide an item. The first decision counts; later ones raise AlreadyDecided with it."""
    may_work(item, person)
    if pending := Decision.objects.pending().filter(scan=item.scan_id).first():
        raise AlreadyDecided(pending)
    if item.blind and not item.first_answers.filter(person=person).exists():
        raise BlindFirst
    assessment = item.scan.assessment
    outcome = assessment.outcome if assessment else ""
    overrides = contradicts(outcome, label)
    if overrides and policy is None:
        raise PolicyNeeded
    appeal = appeals.waiting(item)
    if appeal and appeal.decision.decider_id == person.pk:
        raise NotYours
    if appeal and not public_note.strip():
        raise AnswerNeeded
    now = timezone.now()
    if not ReviewItem.objects.free_for(person).filter(pk=item.pk).update(closed_at=now, holder=None, held_until=None):
        item.refresh_from_db()
        raise AlreadyDecided(item.decisions.first()) if item.closed_at else Taken(item)
    decision: Decision = Decision.objects.create(
        scan=item.scan,
        item=item,
        assessment=assessment,
        decider=person,
        label=label,
        action=action,
        policy=policy,
        public_note=public_note,
        overrides=overrides,
        needs_second=_takes_two(assessment, overrides, action, policy),
        blind=blind,
        supersedes=standing(item.scan),
        group=group,
        at=now,
        settles_at=now + dt.timedelta(seconds=settings.SETTLE_SECONDS),
    )
    Event.objects.create(
        scan=item.scan,
        kind="held" if decision.needs_second else "decided",
        actor=person,
        content={"decision": decision.pk, "label": label, "action": action, "sha256": digest(decision.statement())},
    )
    if appeal:
        appeals.close(appeal, decision)
    if decision.needs_second:
        queue = ReviewQueue.objects.filter(slug=LEADS).first() or item.queue
        routing.put(item.scan, queue, Reason.SECOND, by=person, priority=max(80, item.priority), blind=False)
    elif not appeal and not had_a_second_opinion(item):
        routing.ask_a_second(decision)
    return decision


def had_a_second_opinion(item: ReviewItem) -> bool:
    """Somebody else has answered already, apart from whoever decides now."""
    return item.reasons.filter(reason__in=(Reason.DISPUTE, Reason.OPINION)).exists()


def _takes_two(assessment: Any, overrides: bool, action: Action, policy: Policy | None) -> bool:
    sure = bool(assessment and assessment.score is not None and assessment.score >= SURE)
    return (overrides and sure) or action == Action.REMOVE or bool(policy and policy.two_people)


@transaction.atomic
def answer(decision: Decision, person: Any, verdict: SecondLook.Verdict, *, note: str = "") -> SecondLook:
    """The second person, who is neither the first nor the uploader."""
    if not person.has_perm("scans.review") or person.pk in (decision.decider_id, decision.scan.owner_id):
        raise NotYours
    waiting = ReviewItem.objects.open().filter(scan=decision.scan, reasons__reason=Reason.SECOND)
    for item in waiting:
        may_work(item, person)
    if not waiting.exists() or not Decision.objects.pending().filter(pk=decision.pk).exists():
        raise AlreadyDecided(decision)
    if not ReviewItem.objects.filter(pk__in=waiting.values("pk")).update(closed_at=timezone.now(), holder=None):
        raise AlreadyDecided(decision)
    second_look = SecondLook.objects.create(decision=decision, person=person, verdict=verdict, note=note)
    Event.objects.create(scan=decision.scan, kind=f"second_{verdict}", actor=person, content={"decision": decision.pk})
    if verdict == SecondLook.Verdict.REJECT:
        routing.put(decision.scan, decision.item.queue, Reason.OPINION, by=person, detail=note)
    return second_look


@transaction.atomic
def undo(decision: Decision, person: Any) -> None:
    """Within minutes and before anybody is told: the item is open again as it was."""
    if person.pk != decision.decider_id:
        raise NotYours
    if timezone.now() >= decision.settles_at:
        raise TooLate
    ReviewItem.objects.open().filter(scan=decision.scan, reasons__reason__in=(Reason.SECOND, Reason.DOUBLE)).delete()
    if ReviewItem.objects.open().filter(scan=decision.scan).exclude(pk=decision.item_id).exists():
        raise TooLate
    if hasattr(decision, "undone") or hasattr(decision, "second"):
        raise TooLate
    Undo.objects.create(decision=decision, person=person)
    Appeal.objects.filter(answered_by=decision).update(answered_by=None, answer="")
    ReviewItem.objects.filter(pk=decision.item_id).update(closed_at=None)
    Event.objects.create(scan=decision.scan, kind="undone", actor=person, content={"decision": decision.pk})


@transaction.atomic
def decide_all(
    items: Sequence[ReviewItem],
    person: Any,
    label: Label,
    *,
    action: Action = Action.KEEP,
    policy: Policy | None = None,
    public_note: str = "",
) -> list[Decision]:
    """All of them or none, with one mark by which all can be undone."""
    if len(items) > AT_ONCE:
        raise ValueError(f"at most {AT_ONCE} at once")
    group = uuid.uuid4()
    return [
        decide(item, person, label, action=action, policy=policy, public_note=public_note, group=group)
        for item in items
    ]


@transaction.atomic
def undo_all(group: uuid.UUID, person: Any) -> int:
    decisions = list(Decision.objects.filter(group=group, undone=None))
    for decision in decisions:
        undo(decision, person)
    return len(decisions)


def standing(scan: Scan) -> Decision | None:
    """The decision that stands, or None."""
    decision: Decision | None = Decision.objects.standing().filter(scan=scan).first()
    return decision


@transaction.atomic
def remember(
    decision: Decision, person: Any, *, note: str = "", expires_at: dt.datetime | None = None, active: bool = True
) -> KnownFile:
    """Add the file to the bank of known files: files that look like it are proposed the same decision."""
    if not person.has_perm("scans.review") or not decision.is_standing:
        raise NotYours
    entry, is_new = KnownFile.objects.update_or_create(
        decision=decision,
        defaults={"note": note[:300], "expires_at": expires_at, "active": active, "person": person},
    )
    kind = "remembered" if is_new else "bank_changed"
    Event.objects.create(scan=decision.scan, kind=kind, actor=person, content={"known": entry.pk, "active": active})
    return entry


def reopen(decision: Decision, person: Any, *, note: str = "") -> ReviewItem:
    """Queue a decided scan again. A new decision may replace this one, which stays unchanged."""
    if not person.has_perm("scans.lead_review"):
        raise NotYours
    with transaction.atomic():
        item = routing.put(decision.scan, decision.item.queue, Reason.HAND, by=person, detail=note)
        Event.objects.create(scan=decision.scan, kind="reopened", actor=person, content={"decision": decision.pk})
    return item
