"""Decisions, appeals, feedback and review queues."""

import datetime as dt
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from accounts import roles

from ... import models as tables
from ...models import Action, Feedback, Label, Reason
from .fields import Resource, chosen, flag, kind_of, maybe, moment, one_id, several, some_moment, text, whole


class Decision(Resource):
    """A decision by a person. A decision is never changed; a later one supersedes it. Names are not included."""

    id = whole("ID; later decisions have higher numbers.", source="pk")
    object = kind_of("decision")
    label = chosen("The reviewer's verdict on the file.", Label.choices)
    action = chosen("What happens to the file.", Action.choices)
    policy = maybe("Code of the policy that applies.")
    note_public = text("Note to the uploader.", source="public_note")
    decided_at = moment("When it was decided.", source="at")
    source = chosen("Who decided.", ["human"])
    status = chosen("`held` waits for a second person.", ["held", "final", "canceled", "superseded"])
    reason_codes = several("Why the scan was reviewed.", serializers.ChoiceField(choices=Reason.choices))
    decider_role = maybe("Role of the reviewer.")
    second_approver_role = maybe("Role of the second person who approved it.")
    overrides_models = flag("Whether it contradicts the outcome of the models.", source="overrides")
    supersedes = whole("ID of the earlier decision that it replaces.", source="supersedes_id", allow_null=True)

    def get_policy(self, decision: tables.Decision) -> str | None:
        return decision.policy.code if decision.policy else None

    def get_source(self, decision: tables.Decision) -> str:
        return "human"

    def get_reason_codes(self, decision: tables.Decision) -> list[str]:
        return _reason_codes(decision.item)

    def get_decider_role(self, decision: tables.Decision) -> str | None:
        return _role_of(decision.decider)

    def get_second_approver_role(self, decision: tables.Decision) -> str | None:
        second = getattr(decision, "second", None)
        return _role_of(second.person) if second and second.verdict == "approve" else None


def _reason_codes(item: tables.ReviewItem) -> list[str]:
    return sorted({reason.reason for reason in item.reasons.all()})


def _role_of(person: Any) -> str | None:
    """The role with which people decide."""
    held = roles.roles_of(person)
    return next((role.value for role in (roles.LEAD, roles.MODERATOR, roles.ADMIN) if role in held), None)


class Appeal(Resource):
    """An appeal against a decision. Another person answers it."""

    id = one_id("ID of the appeal.", source="pk")
    object = kind_of("appeal")
    decision = whole("ID of the decision.", source="decision_id")
    text = text("Why the decision is wrong, in the uploader's words.")
    created_at = moment("When it was sent.", source="at")
    status = chosen("Whether it has been answered.", ["open", "answered"])
    outcome = chosen("Result of the appeal.", ["upheld", "modified", "overturned"], allow_null=True)
    answer = maybe("The written answer.")

    def get_status(self, appeal: tables.Appeal) -> str:
        return "answered" if _settled_answer(appeal) else "open"

    def get_outcome(self, appeal: tables.Appeal) -> str | None:
        answer = _settled_answer(appeal)
        if answer is None:
            return None
        if answer.label != appeal.decision.label:
            return "overturned"
        return "upheld" if answer.action == appeal.decision.action else "modified"

    def get_answer(self, appeal: tables.Appeal) -> str | None:
        return appeal.answer if _settled_answer(appeal) else None


def _settled_answer(appeal: tables.Appeal) -> tables.Decision | None:
    """The decision that answers it, once it can no longer be undone."""
    answer = appeal.answered_by
    return answer if answer and answer.settles_at <= timezone.now() else None


class FeedbackOf(Resource):
    """Feedback of the uploader on an assessment."""

    id = whole("ID of the feedback.", source="pk")
    object = kind_of("feedback")
    label = chosen("What is wrong.", Feedback.Kind.choices, source="kind")
    comment = serializers.CharField(help_text="Comment of the uploader.", source="text")
    created_at = moment("When it was sent.", source="at")


class QueueOf(Resource):
    """A review queue."""

    slug = text("Short name, used in URLs and filters.")
    object = kind_of("queue")
    name = text("Name of the queue.")
    hours = whole("Hours until its items are due.")
    waiting = whole("Number of items that you can claim now.")

    def get_waiting(self, queue: tables.ReviewQueue) -> int:
        waiting: dict[int, int] = self.context["waiting"]
        return waiting.get(queue.pk, 0)


class QueueItem(Resource):
    """A scan that waits for review."""

    id = whole("ID of the item.", source="pk")
    object = kind_of("queue_item")
    scan = one_id("ID of the scan.", source="scan_id")
    queue = text("`slug` of its queue.", source="queue.slug")
    priority = whole("0 to 100; null while the item is blind.", allow_null=True)
    opened_at = moment("When it entered the queue.")
    due_at = moment("When the review is due.")
    overdue = flag("Whether it is past due. Overdue items come first.", source="is_overdue")
    blind = flag("Whether you assess it before you see the models' outcome: `POST …/first-answer`.")
    reason_codes = several(
        "Why it is in the queue; empty while it is blind.", serializers.ChoiceField(choices=Reason.choices)
    )
    claimed = flag("Whether somebody has claimed it.")
    claimed_by_me = flag("Whether you have claimed it.")
    expires_at = some_moment("When the claim expires.")

    def get_priority(self, item: tables.ReviewItem) -> int | None:
        return None if item.blind else item.priority

    def get_reason_codes(self, item: tables.ReviewItem) -> list[str]:
        return [] if item.blind else _reason_codes(item)

    def get_claimed(self, item: tables.ReviewItem) -> bool:
        return bool(item.held_until and item.held_until > timezone.now() and item.holder_id)

    def get_claimed_by_me(self, item: tables.ReviewItem) -> bool:
        return self.get_claimed(item) and item.holder_id == self.context["person"].pk

    def get_expires_at(self, item: tables.ReviewItem) -> dt.datetime | None:
        return item.held_until if self.get_claimed(item) else None


class ReportOf(Resource):
    """Status of a report."""

    object = kind_of("report")
    standing = chosen(
        "Whether this site issued it and its result still applies.",
        ["registered", "superseded", "withdrawn", "unknown"],
    )
    code = maybe("Check code, as printed on the report.")
    made_at = some_moment("When it was issued.")
