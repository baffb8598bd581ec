"""Telling people: what was decided, once it has settled, and by mail what they want to have by mail."""

from typing import Any

from django.db import IntegrityError, transaction

from accounts import mail

from ..models import Action, Decision, DecisionNotice, Event, Notification, notify, wants_mail
from ..models.decision import AMOUNTS_TO
from ..outcome import effective, statement


def tell_settled() -> int:
    """Notify the uploaders of all decisions that have settled since, and return the number of mails."""
    mails = 0
    waiting = Decision.objects.settled().filter(notice=None).select_related("scan__owner", "assessment", "policy")
    for decision in waiting.order_by("id")[:500]:
        try:
            with transaction.atomic():
                mails += _notify_uploader(decision)
        except IntegrityError:
            continue  # another process has just done it
    return mails


def _notify_uploader(decision: Decision) -> int:
    changes = _changes_something(decision) and decision == effective.decision_of(decision.scan)
    owner = decision.scan.owner
    mailed = changes and wants_mail(owner.pk, "decisions")
    DecisionNotice.objects.create(decision=decision, mailed=mailed)
    answered = hasattr(decision, "answered_appeal")
    notify(
        owner.pk,
        Notification.Kind.APPEAL_ANSWERED if answered else Notification.Kind.DECIDED,
        scan=decision.scan,
    )
    Event.objects.create(
        scan=decision.scan,
        kind="told",
        content={"decision": decision.pk, "label": decision.label, "action": decision.action, "changes": changes},
    )
    if mailed:
        mail.send_template(
            owner,
            "decision",
            said=statement.build(decision),
            scan_url=decision.scan.get_absolute_url(),
            may_appeal=statement.may_appeal(decision),
        )
    return int(mailed)


def mail_waiting() -> int:
    """Mail the waiting notifications and return their number. Those read on the site meanwhile are not mailed."""
    waiting = Notification.objects.filter(wants_mail=True).select_related("recipient", "scan", "batch", "item")
    sent = 0
    for row in waiting.order_by("id")[:500]:
        with transaction.atomic():
            if not Notification.objects.filter(pk=row.pk, wants_mail=True).update(wants_mail=False):
                continue  # another process sends it
            mail.send_template(row.recipient, "notification", notification=row, url=row.get_absolute_url())
        sent += 1
    return sent


def _changes_something(decision: Decision) -> bool:
    """Whether the decision differs from the earlier one, or else from the models' outcome."""
    earlier: Any = Decision.objects.settled().filter(scan=decision.scan_id, pk__lt=decision.pk).first()
    outcome = decision.assessment.outcome if decision.assessment else ""
    before = earlier.label if earlier else AMOUNTS_TO.get(outcome, "")
    return decision.label != before or decision.action != (earlier.action if earlier else Action.KEEP)
