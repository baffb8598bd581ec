"""What people decided and said, and the work that waits for them."""

from typing import Any

from django.utils import timezone

from accounts import roles

from ...models import Appeal, Decision, Feedback, Policy, ReviewItem, ReviewQueue
from ...outcome.statement import moment


def decision(decision: Decision) -> dict[str, Any]:
    """Without anybody's name."""
    second = getattr(decision, "second", None)
    return {
        "id": decision.pk,
        "object": "decision",
        "label": decision.label,
        "action": decision.action,
        "policy": decision.policy.code if decision.policy else None,
        "note_public": decision.public_note,
        "decided_at": moment(decision.at),
        "source": "human",
        "status": decision.status,
        "reason_codes": sorted({reason.reason for reason in decision.item.reasons.all()}),
        "decider_role": _role(decision.decider),
        "second_approver_role": _role(second.person) if second and second.verdict == "approve" else None,
        "overrides_models": decision.overrides,
        "supersedes": decision.supersedes_id,
    }


def _role(person: Any) -> str | None:
    """The one with which people decide, without a name."""
    held = roles.roles_of(person)
    return next((role.value for role in (roles.LEAD, roles.MODERATOR, roles.ADMIN) if role in held), None)


def appeal(appeal: Appeal) -> dict[str, Any]:
    answer = appeal.answered_by
    settled = answer if answer and answer.settles_at <= timezone.now() else None
    outcome = None
    if settled and settled.label != appeal.decision.label:
        outcome = "overturned"
    elif settled:
        outcome = "upheld" if settled.action == appeal.decision.action else "modified"
    return {
        "id": str(appeal.pk),
        "object": "appeal",
        "decision": appeal.decision_id,
        "text": appeal.text,
        "created_at": moment(appeal.at),
        "status": "answered" if settled else "open",
        "outcome": outcome,
        "answer": appeal.answer if settled else None,
    }


def feedback(feedback: Feedback) -> dict[str, Any]:
    return {
        "id": feedback.pk,
        "object": "feedback",
        "label": feedback.kind,
        "comment": feedback.text,
        "created_at": moment(feedback.at),
    }


def policy(policy: Policy) -> dict[str, Any]:
    has_german = policy.title_de or policy.text_de
    return {
        "code": policy.code,
        "object": "policy",
        "parent": policy.parent.code if policy.parent else None,
        "title": policy.title,
        "text": policy.text,
        "two_people": policy.two_people,
        "translations": {"de": {"title": policy.title_de, "text": policy.text_de}} if has_german else {},
    }


def queue(queue: ReviewQueue, waiting: int) -> dict[str, Any]:
    return {"slug": queue.slug, "object": "queue", "name": queue.name, "hours": queue.hours, "waiting": waiting}


def item(item: ReviewItem, person: Any) -> dict[str, Any]:
    held = bool(item.held_until and item.held_until > timezone.now() and item.holder_id)
    return {
        "id": item.pk,
        "object": "queue_item",
        "scan": str(item.scan_id),
        "queue": item.queue.slug,
        "priority": None if item.blind else item.priority,
        "opened_at": moment(item.opened_at),
        "due_at": moment(item.due_at),
        "overdue": item.is_overdue,
        "blind": item.blind,
        "reason_codes": [] if item.blind else sorted({reason.reason for reason in item.reasons.all()}),
        "claimed": held,
        "claimed_by_me": held and item.holder_id == person.pk,
        "expires_at": moment(item.held_until) if held else None,
    }
