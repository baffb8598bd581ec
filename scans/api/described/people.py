"""Decisions, appeals, feedback and review queues."""

from rest_framework import serializers

from ...models import Action, Feedback, Label, Reason
from .fields import Shape, chosen, flag, kind_of, maybe, moment, one_id, several, some_moment, text, whole


class Decision(Shape):
    """A decision by a person. A decision is never changed; a later one supersedes it. Names are not included."""

    id = whole("ID; later decisions have higher numbers.")
    object = kind_of("decision")
    label = chosen("The reviewer's verdict on the file.", Label.choices)
    action = chosen("What happens to the file.", Action.choices)
    policy = maybe("Code of the policy that applies.")
    note_public = text("Note to the uploader.")
    decided_at = moment("When it was decided.")
    source = chosen("Who decided.", ["human"])
    status = chosen("`held` waits for a second person.", ["held", "final", "canceled", "superseded"])
    reason_codes = several("Why the scan was reviewed.", serializers.ChoiceField(choices=Reason.choices))
    decider_role = maybe("Role of the reviewer.")
    second_approver_role = maybe("Role of the second person who approved it.")
    overrides_models = flag("Whether it contradicts the outcome of the models.")
    supersedes = whole("ID of the earlier decision that it replaces.", allow_null=True)


class Appeal(Shape):
    """An appeal against a decision. Another person answers it."""

    id = one_id("ID of the appeal.")
    object = kind_of("appeal")
    decision = whole("ID of the decision.")
    text = text("Why the decision is wrong, in the uploader's words.")
    created_at = moment("When it was sent.")
    status = chosen("Whether it has been answered.", ["open", "answered"])
    outcome = chosen("Result of the appeal.", ["upheld", "modified", "overturned"], allow_null=True)
    answer = maybe("The written answer.")


class FeedbackOf(Shape):
    """Feedback of the uploader on an assessment."""

    id = whole("ID of the feedback.")
    object = kind_of("feedback")
    label = chosen("What is wrong.", Feedback.Kind.choices)
    comment = serializers.CharField(help_text="Comment of the uploader.")
    created_at = moment("When it was sent.")


class QueueOf(Shape):
    """A review queue."""

    slug = text("Short name, used in URLs and filters.")
    object = kind_of("queue")
    name = text("Name of the queue.")
    hours = whole("Hours until its items are due.")
    waiting = whole("Number of items that you can claim now.")


class QueueItem(Shape):
    """A scan that waits for review."""

    id = whole("ID of the item.")
    object = kind_of("queue_item")
    scan = one_id("ID of the scan.")
    queue = text("`slug` of its queue.")
    priority = whole("0 to 100; null while the item is blind.", allow_null=True)
    opened_at = moment("When it entered the queue.")
    due_at = moment("When the review is due.")
    overdue = flag("Whether it is past due. Overdue items come first.")
    blind = flag("Whether you assess it before you see the models' outcome: `POST …/first-answer`.")
    reason_codes = several(
        "Why it is in the queue; empty while it is blind.", serializers.ChoiceField(choices=Reason.choices)
    )
    claimed = flag("Whether somebody has claimed it.")
    claimed_by_me = flag("Whether you have claimed it.")
    expires_at = some_moment("When the claim expires.")


class ReportOf(Shape):
    """Status of a report."""

    object = kind_of("report")
    standing = chosen(
        "Whether this site issued it and its result still applies.",
        ["registered", "superseded", "withdrawn", "unknown"],
    )
    code = maybe("Check code, as printed on the report.")
    made_at = some_moment("When it was issued.")
