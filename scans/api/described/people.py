"""What people say of scans, and what waits for them."""

from rest_framework import serializers

from ...models import Action, Feedback, Label, Reason
from .fields import Shape, chosen, flag, kind_of, maybe, moment, one_id, several, some_moment, text, whole


class Decision(Shape):
    """What people decided. Decisions are added, never changed; names are never told."""

    id = whole("Higher numbers came later.")
    object = kind_of("decision")
    label = chosen("What is true of the file.", Label.choices)
    action = chosen("What is done about it.", Action.choices)
    policy = maybe("Code of the policy it rests on.")
    note_public = text("What the uploader is told.")
    decided_at = moment("When.")
    source = chosen("Who decided.", ["human"])
    status = chosen("Where it stands.", ["held", "final", "canceled", "superseded"])
    reason_codes = several("Why a person was asked.", serializers.ChoiceField(choices=Reason.choices))
    decider_role = maybe("The role of whoever decided.")
    second_approver_role = maybe("The role of the second person, where one has approved.")
    overrides_models = flag("Whether it contradicts what the models said.")
    supersedes = whole("The decision whose place it takes.", allow_null=True)


class Appeal(Shape):
    """An appeal to a decision; somebody else answers it."""

    id = one_id("Its id.")
    object = kind_of("appeal")
    decision = whole("The decision that it is about.")
    text = text("Why it is wrong.")
    created_at = moment("When.")
    status = chosen("Whether it was answered.", ["open", "answered"])
    outcome = chosen("What came of it.", ["upheld", "modified", "overturned"], allow_null=True)
    answer = maybe("In words.")


class FeedbackOf(Shape):
    """What the uploader thinks of an assessment."""

    id = whole("Its id.")
    object = kind_of("feedback")
    label = chosen("What is wrong or right.", Feedback.Kind.choices)
    comment = serializers.CharField(help_text="In their own words.")
    created_at = moment("When.")


class QueueOf(Shape):
    """One line at the desk."""

    slug = text("Its short name.")
    object = kind_of("queue")
    name = text("Its name.")
    hours = whole("In which its items should be looked at.")
    waiting = whole("How many items this person could work on now.")


class QueueItem(Shape):
    """A scan that waits for a person."""

    id = whole("Its number.")
    object = kind_of("queue_item")
    scan = one_id("The scan.")
    queue = text("Short name of its queue.")
    priority = whole("0 to 100; null for an item that is judged blind first.", allow_null=True)
    opened_at = moment("Since when it waits.")
    due_at = moment("By when somebody should have looked.")
    overdue = flag("Whether that time is over. Overdue items come first.")
    blind = flag("Whether one says first what one sees: `POST …/first-answer`.")
    reason_codes = several("Why it waits.", serializers.ChoiceField(choices=Reason.choices))
    claimed = flag("Whether somebody has it.")
    claimed_by_me = flag("Whether whoever asks has it.")
    expires_at = some_moment("Until when it is held.")


class ReportOf(Shape):
    """Whether a report is one of this installation's."""

    object = kind_of("report")
    standing = chosen("What is known of it.", ["registered", "superseded", "withdrawn", "unknown"])
    code = maybe("As printed on it.")
    made_at = some_moment("When it was made.")
