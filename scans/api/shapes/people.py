"""What people decided and said, and the work that waits for them."""

from typing import Any

from django.utils import timezone

from accounts import roles

from ...models import Appeal, Decision, Feedback, Policy, ReviewItem, ReviewQueue
from ...outcome.statement import moment


def decision(one: Decision) -> dict[str, Any]:
    """Without anybody's name."""
    second = getattr(one, "second", None)
    return {
        "id": one.pk,
        "object": "decision",
        "label": one.label,
        "action": one.action,
        "policy": one.policy.code if one.policy else None,
        "note_public": one.public_note,
        "decided_at": moment(one.at),
        "source": "human",
        "status": one.status,
        "reason_codes": sorted({why.reason for why in one.item.reasons.all()}),
        "decider_role": _role(one.decider),
        "second_approver_role": _role(second.person) if second and second.verdict == "approve" else None,
        "overrides_models": one.overrides,
        "supersedes": one.supersedes_id,
    }


def _role(person: Any) -> str | None:
    """The one with which people decide, without a name."""
    held = roles.roles_of(person)
    return next((role.value for role in (roles.LEAD, roles.MODERATOR, roles.ADMIN) if role in held), None)


def appeal(one: Appeal) -> dict[str, Any]:
    answer = one.answered_by
    told = answer if answer and answer.settles_at <= timezone.now() else None
    outcome = None
    if told and told.label != one.decision.label:
        outcome = "overturned"
    elif told:
        outcome = "upheld" if told.action == one.decision.action else "modified"
    return {
        "id": str(one.pk),
        "object": "appeal",
        "decision": one.decision_id,
        "text": one.text,
        "created_at": moment(one.at),
        "status": "answered" if told else "open",
        "outcome": outcome,
        "answer": one.answer if told else None,
    }


def feedback(one: Feedback) -> dict[str, Any]:
    return {
        "id": one.pk, "object": "feedback", "label": one.kind, "comment": one.text, "created_at": moment(one.at),
    }  # fmt: skip


def policy(one: Policy) -> dict[str, Any]:
    return {
        "code": one.code, "object": "policy", "parent": one.parent.code if one.parent else None, "title": one.title,
        "text": one.text, "two_people": one.two_people,
        "translations": {"de": {"title": one.title_de, "text": one.text_de}} if one.title_de or one.text_de else {},
    }  # fmt: skip


def queue(one: ReviewQueue, waiting: int) -> dict[str, Any]:
    return {"slug": one.slug, "object": "queue", "name": one.name, "hours": one.hours, "waiting": waiting}


def item(one: ReviewItem, person: Any) -> dict[str, Any]:
    held = bool(one.held_until and one.held_until > timezone.now() and one.holder_id)
    return {
        "id": one.pk,
        "object": "queue_item",
        "scan": str(one.scan_id),
        "queue": one.queue.slug,
        "priority": None if one.blind else one.priority,
        "opened_at": moment(one.opened_at),
        "due_at": moment(one.due_at),
        "overdue": one.is_overdue,
        "blind": one.blind,
        "reason_codes": [] if one.blind else sorted({why.reason for why in one.reasons.all()}),
        "claimed": held,
        "claimed_by_me": held and one.holder_id == person.pk,
        "expires_at": moment(one.held_until) if held else None,
    }
