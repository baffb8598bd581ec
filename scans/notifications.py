"""Telling uploaders what people decided: once, when it has settled; by mail if it changes something."""

from typing import Any

from django.db import IntegrityError, transaction

from accounts import mail

from . import effective, statement
from .models import Action, Decision, DecisionNotice, Event
from .models.decision import AMOUNTS_TO


def tell_settled() -> int:
    """All that have settled and were not told yet; how many mails that took."""
    mails = 0
    waiting = Decision.objects.settled().filter(notice=None).select_related("scan__owner", "assessment", "policy")
    for decision in waiting.order_by("id")[:500]:
        try:
            with transaction.atomic():
                mails += _tell(decision)
        except IntegrityError:
            continue  # another process has just told it
    return mails


def _tell(decision: Decision) -> int:
    changes = _changes_something(decision) and decision == effective.decision_of(decision.scan)
    DecisionNotice.objects.create(decision=decision, mailed=changes)
    Event.objects.create(
        scan=decision.scan,
        kind="told",
        content={"decision": decision.pk, "label": decision.label, "action": decision.action, "changes": changes},
    )
    if changes:
        mail.tell(
            decision.scan.owner,
            "decision",
            said=statement.of(decision),
            scan_url=decision.scan.get_absolute_url(),
            may_appeal=statement.may_appeal(decision),
        )
    return int(changes)


def _changes_something(decision: Decision) -> bool:
    """Against what stood before: an earlier decision, else what the models said."""
    earlier: Any = Decision.objects.settled().filter(scan=decision.scan_id, pk__lt=decision.pk).first()
    outcome = decision.assessment.outcome if decision.assessment else ""
    before = earlier.label if earlier else AMOUNTS_TO.get(outcome, "")
    return decision.label != before or decision.action != (earlier.action if earlier else Action.KEEP)
