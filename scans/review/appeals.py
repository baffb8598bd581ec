"""Appeals: the uploader objects once to a decision, and somebody else answers in writing."""

from typing import Any

from django.db import IntegrityError, transaction

from ..analysis import routing
from ..models import Appeal, Decision, Event, LockedCase, Reason, ReviewItem, ReviewQueue
from ..outcome import effective, statement

QUEUE = "appeals"  # slug


class NoAppeal(Exception):
    """Not theirs, too late, or made already."""


def make(decision: Decision, person: Any, text: str) -> Appeal:
    if decision.scan.owner_id != person.pk or effective.decision_of(decision.scan) != decision:
        raise NoAppeal
    if not text.strip() or not statement.may_appeal(decision):
        raise NoAppeal
    try:
        with transaction.atomic():
            appeal = Appeal.objects.create(decision=decision, person=person, text=text.strip())
            queue = ReviewQueue.objects.filter(slug=QUEUE).first() or decision.item.queue
            routing.put(decision.scan, queue, Reason.APPEAL, detail=text.strip(), priority=75, blind=False)
            Event.objects.create(scan=decision.scan, kind="appealed", actor=person, content={"decision": decision.pk})
    except IntegrityError as error:
        raise NoAppeal from error
    return appeal


def waiting(item: ReviewItem) -> Appeal | None:
    """The unanswered appeal that this item is about, or None."""
    appeal: Appeal | None = (
        Appeal.objects.filter(decision__scan=item.scan_id, answered_by=None).select_related("decision__decider").first()
    )
    return appeal if appeal and item.reasons.filter(reason=Reason.APPEAL).exists() else None


def close(appeal: Appeal, decision: Decision) -> None:
    Appeal.objects.filter(pk=appeal.pk).update(answered_by=decision, answer=decision.public_note)
    if decision.label != appeal.decision.label:
        LockedCase.objects.update_or_create(scan=decision.scan, defaults={"label": decision.label})
    Event.objects.create(
        scan=decision.scan, kind="appeal_answered", actor=decision.decider, content={"decision": decision.pk}
    )
