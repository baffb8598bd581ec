"""Which scans wait for a person, and why. The rules are rows, applied in the transaction that stores the assessment."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from ..models import (
    CONDITIONS,
    Assessment,
    Decision,
    Event,
    KnownFile,
    Label,
    Reason,
    ReviewItem,
    ReviewQueue,
    ReviewReason,
    Rule,
    Scan,
    TrustedSource,
)
from . import lookalikes

FLAGGED = (Label.MANIPULATED, Label.PERMITTED, Label.MISLEADING)
TRUST = 30  # subtracted from the priority of what a trusted source uploads; nothing else about it differs


def route(scan: Scan, assessment: Assessment) -> ReviewItem | None:
    """Put a scan into a queue if rules apply. Each adds its reason; the highest priority sets queue and due date.

    A scan that people have decided with the same outcome is not queued again."""
    if scan.zero_retention:
        return None  # nobody could look at it
    before = Decision.objects.standing().filter(scan=scan).select_related("assessment").first()
    if before and before.assessment and before.assessment.outcome == assessment.outcome:
        return None
    fitting = [rule for rule in _rules(CONDITIONS) if rule.fits(assessment)]
    fitting += [rule for rule in _rules({Reason.LOOKALIKE}) if rule.fits(assessment) and _like_a_flagged_one(scan)]
    item = _put(scan, fitting)
    if assessment.partial and (queue := item.queue if item else ReviewQueue.objects.first()):
        item = put(scan, queue, Reason.PARTIAL)
    if entry := find_known_file(scan):
        queue = item.queue if item else entry.decision.item.queue
        item = put(scan, queue, Reason.KNOWN, detail=entry.note)
    return item


def feedback_given(scan: Scan, assessment: Assessment) -> ReviewItem | None:
    """Queue the scan by the rules for feedback. The outcome stays as it is."""
    return _put(scan, [rule for rule in _rules({Reason.FEEDBACK}) if rule.fits(assessment)])


def put(
    scan: Scan,
    queue: ReviewQueue,
    reason: Reason,
    *,
    by: Any = None,
    detail: str = "",
    priority: int = 50,
    due_at: dt.datetime | None = None,
    blind: bool | None = None,
) -> ReviewItem:
    """Into a queue, whatever the rules say. An item that is open gets one reason more, and never a later date."""
    due = due_at or timezone.now() + dt.timedelta(hours=queue.hours)
    try:
        with transaction.atomic():
            item: ReviewItem = ReviewItem.objects.create(
                scan=scan, queue=queue, priority=priority, due_at=due, blind=_is_blind(scan) if blind is None else blind
            )
            if reason not in Reason.for_another():
                Event.objects.create(scan=scan, kind="review_required", actor=by)
    except IntegrityError:
        item = ReviewItem.objects.open().select_for_update().get(scan=scan)
        weightier = priority > item.priority
        item.priority, item.due_at = max(priority, item.priority), min(due, item.due_at)
        if weightier:
            item.queue = queue
        item.blind = item.blind and blind is not False  # whoever answers an appeal must see what it is about
        item.save(update_fields=["priority", "due_at", "queue", "blind"])
    ReviewReason.objects.create(item=item, reason=reason, by=by, detail=detail[:200])
    return item


def ask_a_second(decision: Decision) -> ReviewItem | None:
    """A share of what one person has decided is shown to another, who is told nothing before they have answered."""
    if not Rule(pk=-1, share=settings.DOUBLE_PERCENT / 100).draws(decision.scan_id):
        return None
    return put(decision.scan, decision.item.queue, Reason.DOUBLE, priority=10, blind=True)


def find_known_file(scan: Scan) -> KnownFile | None:
    """The active entry in the bank of known files that looks most like this scan, or None."""
    bank = KnownFile.objects.in_force()
    near = lookalikes.similar(scan, Scan.objects.filter(pk__in=bank.values("decision__scan")))
    if not near:
        return None
    entry: KnownFile | None = bank.filter(decision__scan=near[0].scan).select_related("decision__decider").first()
    return entry


def count_fitting(rule: Rule, since: dt.datetime) -> tuple[int, int]:
    """Dry run of a rule: how many assessments since then fit it, and how many there are."""
    condition = CONDITIONS.get(Reason(rule.reason))
    fields = condition.fields if condition else ()
    among = Assessment.objects.filter(at__gte=since, scan__sandbox=False).only("scan_id", "outcome", "score", *fields)
    count = hit = 0
    for assessment in among.iterator(2000):
        count += 1
        hit += rule.fits(assessment)
    return hit, count


def _put(scan: Scan, rules: Iterable[Rule]) -> ReviewItem | None:
    item = None
    if scan.sandbox or scan.media_deleted_at:
        return None  # no reviewer's time for the sandbox, or for a file that is gone
    relief = TRUST if TrustedSource.objects.filter(person=scan.owner_id, active=True).exists() else 0
    for rule in sorted(rules, key=lambda rule: -rule.priority):
        hours = rule.queue.hours if rule.hours is None else rule.hours
        due = timezone.now() + dt.timedelta(hours=hours)
        if item is None:
            weight = max(0, rule.priority - relief)
            item = put(scan, rule.queue, Reason(rule.reason), detail=rule.name, priority=weight, due_at=due)
            item.reasons.filter(rule=None, detail=rule.name[:200]).update(rule=rule)
        else:
            ReviewReason.objects.create(item=item, reason=rule.reason, rule=rule, detail=rule.name)
    return item


def _rules(reasons: Iterable[Reason]) -> list[Rule]:
    return list(Rule.objects.filter(active=True, reason__in=list(reasons)).select_related("queue"))


def _like_a_flagged_one(scan: Scan) -> bool:
    flagged = Decision.objects.standing().filter(label__in=FLAGGED).values("scan_id")
    return bool(lookalikes.similar(scan, Scan.objects.filter(pk__in=flagged)))


def _is_blind(scan: Scan) -> bool:
    """A share of all items is judged before the score is shown: which, is told by the scan alone."""
    return Rule(pk=0, share=settings.BLIND_PERCENT / 100).draws(scan.pk)
