"""What answers look like, field by field, for the documentation. `shapes` makes them; the tests hold every answer that
they get against this."""

from typing import Any

from rest_framework import serializers

from ..models import Action, Artifact, Change, Delivery, Feedback, Label, Outcome, Reason, Status
from .listing import REVIEW_STATES

OPEN = " More values may come: take one that you don't know for `inconclusive`."


def text(said: str, **options: Any) -> serializers.CharField:
    return serializers.CharField(help_text=said, **options)


def maybe(said: str) -> serializers.CharField:
    return serializers.CharField(help_text=said, allow_null=True)


def moment(said: str, **options: Any) -> serializers.DateTimeField:
    return serializers.DateTimeField(help_text=said, **options)


def some_moment(said: str) -> serializers.DateTimeField:
    return serializers.DateTimeField(help_text=said, allow_null=True)


def one_id(said: str, **options: Any) -> serializers.UUIDField:
    return serializers.UUIDField(help_text=said, **options)


def whole(said: str, **options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(help_text=said, **options)


def share(said: str, **options: Any) -> serializers.FloatField:
    return serializers.FloatField(help_text=said, **options)


def flag(said: str, **options: Any) -> serializers.BooleanField:
    return serializers.BooleanField(help_text=said, **options)


def chosen(said: str, choices: Any, **options: Any) -> serializers.ChoiceField:
    return serializers.ChoiceField(choices=choices, help_text=said, **options)


def kind_of(name: str) -> serializers.ChoiceField:
    return serializers.ChoiceField(choices=[name], help_text=f"Always `{name}`.")


def several(said: str, child: Any) -> serializers.ListField:
    return serializers.ListField(child=child, help_text=said)


def anything(said: str, **options: Any) -> serializers.DictField:
    return serializers.DictField(help_text=said, **options)


class Shape(serializers.Serializer[Any]):
    """Never read or written with: only told of."""


class Effective(Shape):
    """What counts now: the only thing that most integrators need."""

    outcome = chosen("What counts; null while nothing is known." + OPEN, Outcome.choices, allow_null=True)
    source = chosen("Who says so.", ["model", "human"])
    label = chosen("In a reviewer's words, where people have decided.", Label.choices, allow_null=True)
    action = chosen("What is done about the file, where people have decided.", Action.choices, allow_null=True)
    decision_id = whole("The decision, where people have decided.", allow_null=True)
    since = some_moment("Since when.")


class Media(Shape):
    """The file."""

    kind = chosen("Known once it was looked at.", ["image", "video"], allow_null=True)
    sha256 = text("Of its bytes, in hexadecimal digits.")
    bytes = whole("Its size.")
    name = text("As it came; empty once it is deleted.")
    mime = maybe("Told by its bytes.")
    width = whole("In pixels.", allow_null=True)
    height = whole("In pixels.", allow_null=True)
    duration_ms = whole("Of a video.", allow_null=True)
    deduplicated_from = one_id("An earlier scan of the same file, whose assessment was taken over.", allow_null=True)
    deleted_at = some_moment("When the file was deleted.")


class ReasonOf(Shape):
    """Why an outcome is what it is."""

    code = text("Stable.")
    said = text("For people, in the language that was asked for.")
    detail = anything("More of it: which bundle, which face.")


class Model(Shape):
    """What one model said."""

    name = text("Which one.")
    version = text("Its version.")
    weights_sha256 = text("The SHA-256 of its weights.")
    status = text("`ran`, `failed`, `not_applicable` or `ignored`.")
    score = share("Calibrated, where the model is.", allow_null=True)
    score_raw = share("As the network said it.", allow_null=True)
    policy = text("Whether the panel trusts it: `trust`, `include` or `ignore`.")
    ms = share("How long it took, in milliseconds.")


class WorstFace(Shape):
    """The face that decided."""

    track = whole("Its number in `/faces`.")
    score = share("Of this face.", allow_null=True)
    box = several("Left, top, right, bottom, in pixels of the upright picture.", serializers.FloatField())


class Faces(Shape):
    """How many, and the one that decided."""

    count = whole("How many were found.")
    worst = WorstFace(allow_null=True, help_text="The one that decided.")


class Stretch(Shape):
    """A stretch of a video in which the score stays high."""

    start_ms = whole("Where it begins.")
    end_ms = whole("Where it ends.")
    peak = share("The highest score in it.")


class Band(Shape):
    """The cuts between the outcomes."""

    low = share("Below it, there is little evidence.")
    high = share("From it on, manipulation is likely.")


class Explanation(Shape):
    """A piece of evidence, or why there is none."""

    kind = text("`heatmap`.")
    status = text("`available`, `not_run`, `not_available` or `failed_check`: then nothing is shown.")
    said = text("Why.")
    artifact_id = one_id("The picture, in `/artifacts`.", allow_null=True)


class Assessment(Shape):
    """What the panel of models said. It is never edited: a later look adds another one."""

    id = whole("Higher numbers came later.")
    at = moment("When.")
    outcome = chosen("An evidence level, not a fact." + OPEN, Outcome.choices)
    score = share("0 to 1, higher for manipulated; null where nothing could be judged.", allow_null=True)
    score_is = chosen(
        "Whether the score is a probability.", ["calibrated_probability_of_manipulation", "uncalibrated_score"]
    )
    band = Band(allow_null=True, help_text="The cuts that were in force.")
    reasons = ReasonOf(many=True, help_text="Why it is so.")
    models = Model(many=True, help_text="What each model said.")
    faces = Faces(help_text="The faces in it.")
    segments = Stretch(many=True, help_text="Of a video.")
    explanations = Explanation(many=True, help_text="Pieces of evidence.")
    panel_id = maybe("The models and cuts that said this; the same id means the same panel.")
    software_version = text("Of this installation.")
    disclaimer = text("For people who see the outcome.")


class Failure(Shape):
    """Why a file could not be analysed."""

    code = text("Stable.")
    detail = text("For people.")


class Review(Shape):
    """Where it stands with people."""

    state = chosen("Where it stands.", REVIEW_STATES)
    reason_codes = several("Why it waits for a person.", serializers.ChoiceField(choices=Reason.choices))
    due_at = some_moment("By when somebody should have looked.")


class Scan(Shape):
    """One upload and its life."""

    id = one_id("Its id.")
    object = kind_of("scan")
    created_at = moment("When it came.")
    version = whole("Rises with everything that happens to it.")
    sandbox = flag("Sent with a test key: no model has looked at it.")
    external_id = maybe("Your own id, as you sent it.")
    metadata = anything("Your own notes, as you sent them.")
    batch = one_id("The batch that it came with.", allow_null=True)
    media = Media(help_text="The file.")
    status = chosen("Where it stands.", Status.choices)
    progress = share("0 to 1.")
    queue_position = whole("How many are before it, while it waits.", allow_null=True)
    failure = Failure(allow_null=True, help_text="Why it failed, if it did.")
    assessment = Assessment(
        allow_null=True,
        help_text="What the models say; null before it is analysed, and for reviewers who must look at it blind.",
    )
    review = Review(help_text="Where it stands with people.")
    effective = Effective(help_text="What counts now: the only thing that most integrators need.")


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
    """An objection to a decision; somebody else answers it."""

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


class Frame(Shape):
    """One frame of a video that was looked at."""

    index = whole("Its number.")
    at_ms = whole("Where it is.")
    score = share("The highest of its faces.", allow_null=True)
    faces = whole("How many faces are in it.")


class ShortReason(Shape):
    """Why a face could not be judged."""

    code = text("Stable.")
    said = text("For people.")


class Face(Shape):
    """One face, in a video over all frames in which it was followed."""

    track = whole("Its number.")
    score = share("0 to 1.", allow_null=True)
    box = several("Left, top, right, bottom, in pixels of the upright picture.", serializers.FloatField())
    landmarks = several(
        "Eyes, nose, corners of the mouth: x and y.", serializers.ListField(child=serializers.FloatField())
    )
    confidence = share("That it is a face at all.")
    best_at_ms = whole("Where it is seen best.")
    applicable = flag("Whether it could be judged.")
    reasons = ShortReason(many=True, help_text="Why not, if not.")
    seen = whole("In how many frames it was seen.")


class ArtifactOf(Shape):
    """A picture that was drawn while the file was inspected."""

    id = one_id("Its id.")
    object = kind_of("artifact")
    kind = chosen("What it shows.", Artifact.Kind.choices)
    mime = text("Its type.")
    content = anything("More of it: which face, which frame.")
    url = text("An address that shows it for five minutes, without a key.")


class Refused(Shape):
    """A file of a batch that was not taken."""

    name = text("Its name.")
    code = text("Why.")
    said = text("Why, for people.")


class BatchOf(Shape):
    """Files that came together. One that is refused spoils nothing."""

    id = one_id("Its id.")
    object = kind_of("batch")
    created_at = moment("When it came.")
    sandbox = flag("Sent with a test key.")
    complete = flag("Whether all files are in.")
    done = flag("Whether all of them are through.")
    counts = serializers.DictField(
        child=serializers.IntegerField(), help_text="`total`, `refused`, and how many are at each status and outcome."
    )
    refused = Refused(many=True, help_text="What was not taken, and why.")


class ChangeOf(Shape):
    """One thing that has changed."""

    id = text("Higher numbers came later.")
    object = kind_of("change")
    type = chosen("What happened.", Change.Kind.choices)
    created_at = moment("When it was told.")
    scan = one_id("The scan; null where it is about a batch.", allow_null=True)
    batch = one_id("The batch; null where it is about a scan.", allow_null=True)
    external_id = maybe("Your own id.")
    version = whole("The scan's version then.")
    effective = Effective(allow_null=True, help_text="What counted from then on.")
    before = Effective(allow_null=True, help_text="What counted before, as far as it was told.")


class ChangePage(Shape):
    """Some of what has changed, and where to go on."""

    results = ChangeOf(many=True, help_text="Oldest first; empty where nothing is new.")
    cursor = text("For `?since=` of the next request. Keep it.")


class EventOf(Shape):
    """One thing that happened to a scan."""

    id = text("Its number.")
    object = kind_of("event")
    scan = one_id("The scan.")
    kind = text("What happened.")
    said = text("For people.")
    by = chosen("Who did it.", ["a person", "the site"])
    at = moment("When.")


class PolicyOf(Shape):
    """A written rule that decisions rest on."""

    code = text("Stable.")
    object = kind_of("policy")
    parent = maybe("Code of the policy that it is part of.")
    title = text("Its name.")
    text = serializers.CharField(help_text="The rule.")
    two_people = flag("Whether every decision by it waits for a second person.")


class Bundle(Shape):
    """A model's card: data, figures, known failures. More fields may come."""

    label = text("Name and version.")
    weight = text("Whether the panel trusts it: `trust`, `include` or `ignore`.")
    calibrated = flag("Whether its score may be called a probability.")


class Condition(Shape):
    """What was measured of one model on one set."""

    label = text("The model.")
    set = text("The set.")
    fakes = whole("How many fakes.", allow_null=True)
    reals = whole("How many real ones.", allow_null=True)
    auc = share("Area under the curve: 0.5 is chance.", allow_null=True)
    auc_ci = serializers.ListField(child=serializers.FloatField(), allow_null=True, help_text="Its interval, 95 %.")
    false_alarms = maybe("In percent.")
    enough_real = flag("Whether there were enough real ones for a share.")
    enough = flag("Whether there were enough files to say anything.")
    below_chance = flag("Whether it may be no better than chance.")


class Limits(Shape):
    """What may be sent."""

    max_upload_mb = whole("The largest file.")
    files_in_a_batch = whole("How many files a batch holds.")
    metadata_bytes = whole("The largest `metadata`.")
    wait_seconds = whole("The longest `?wait=`.")


class Capabilities(Shape):
    """What this installation can judge, and what it can't."""

    object = kind_of("capabilities")
    version = text("Of this installation.")
    panel_id = maybe("The models and cuts in force.")
    outcomes = several("All there are." + OPEN, serializers.ChoiceField(choices=Outcome.choices))
    image_formats = several("What is read.", serializers.CharField())
    video_formats = several("What is read.", serializers.CharField())
    submit_by_url = flag("Whether files can be named by their address.")
    sandbox_scenarios = several("Names of files that a test key understands.", serializers.CharField())
    webhook_kinds = several("What webhooks can hear of.", serializers.CharField())
    limits = Limits(help_text="What may be sent.")
    conditions = Condition(many=True, help_text="What was measured of the models, good or bad.")


class Rate(Shape):
    """One of the limits."""

    kind = text("What is counted.")
    limit = whole("How many there may be.")
    seconds = whole("In how many seconds.")
    used = whole("How many there were.")
    reset_seconds = whole("Until it begins anew.")


class Storage(Shape):
    """Room for files."""

    used_bytes = whole("What is kept.")
    quota_bytes = whole("What may be kept; null without a limit.", allow_null=True)


class Day(Shape):
    """What was handed in on one day."""

    day = serializers.DateField(help_text="In UTC.")
    scans = whole("How many.")
    bytes = whole("How large.")


class Usage(Shape):
    """What was used, and what is left."""

    object = kind_of("usage")
    storage = Storage(help_text="Room for files.")
    rates = Rate(many=True, help_text="The limits of this key, or of this person.")
    days = Day(many=True, help_text="The last 30 days on which something was handed in.")


class KeyOf(Shape):
    """The key that asks."""

    prefix = text("Which one.")
    name = text("Its name.")
    sandbox = flag("Whether it is a test key.")
    created_at = moment("When it was made.")
    expires_at = some_moment("When it ends.")


class Me(Shape):
    """Who asks, and what this key may do."""

    object = kind_of("me")
    roles = several("The person's roles.", serializers.CharField())
    scopes = several("What may be asked.", serializers.CharField())
    key = KeyOf(allow_null=True, help_text="Null where somebody is signed in with a browser.")


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
    priority = whole("0 to 100.")
    opened_at = moment("Since when it waits.")
    due_at = moment("By when somebody should have looked.")
    blind = flag("Whether one says first what one sees: `POST …/first-answer`.")
    reason_codes = several("Why it waits.", serializers.ChoiceField(choices=Reason.choices))
    claimed = flag("Whether somebody has it.")
    claimed_by_me = flag("Whether whoever asks has it.")
    expires_at = some_moment("Until when it is held.")


class EndpointOf(Shape):
    """An address that is told of changes."""

    id = one_id("Its id.")
    object = kind_of("webhook_endpoint")
    url = text("The address.")
    description = serializers.CharField(help_text="For people.")
    kinds = several("What it hears of; none named: everything.", serializers.CharField())
    sandbox = flag("Made with a test key: hears of the sandbox only.")
    enabled = flag("Whether messages are sent.")
    disabled_why = maybe(
        "`gone`: it answered 410. `failing`: it took nothing for days. `asked`: by its owner."
        " `operator`: by whoever runs the site."
    )
    created_at = moment("When it was made.")
    failing_since = some_moment("Since when it takes nothing.")
    old_secret_until = some_moment("Until when the secret before still signs.")


class EndpointWithSecret(EndpointOf):
    """With the secret, which is shown only now."""

    secret = text("Signs messages, as the Standard Webhooks specification says.")


class AttemptOf(Shape):
    """What came of sending a message once."""

    at = moment("When.")
    status = whole("The HTTP status of the answer.", allow_null=True)
    failure = maybe("Why there was none.")
    ms = whole("How long it took.")
    answer = text("The beginning of the answer.")


class DeliveryOf(Shape):
    """One message to one address."""

    id = one_id("Its id.")
    object = kind_of("webhook_delivery")
    endpoint = one_id("The address.")
    message_id = text("`webhook-id`: the same however often it is sent.")
    type = text("What it tells of.")
    state = chosen("Where it stands.", Delivery.State.choices)
    created_at = moment("When it was made.")
    next_at = some_moment("When it is sent next.")
    body = text("Exactly what is signed and sent.")
    attempts = AttemptOf(many=True, help_text="What came of it.")


class ReportOf(Shape):
    """Whether a report is one of this installation's."""

    object = kind_of("report")
    standing = chosen("What is known of it.", ["registered", "superseded", "withdrawn", "unknown"])
    code = maybe("As printed on it.")
    made_at = some_moment("When it was made.")


class Pointer(Shape):
    """Where in the request it lies."""

    pointer = text("`/field`.")
    code = text("Stable.", required=False)
    detail = text("For people.")


class Problem(Shape):
    """An error, after RFC 9457."""

    type = text("Where the code is described.")
    title = text("The HTTP status in words.")
    status = whole("The HTTP status.")
    code = text("Stable: what programs go by.")
    detail = text("For people.")
    request_id = text("As in `X-Request-ID`, and in the site's log.")
    errors = Pointer(many=True, required=False, help_text="Which fields are wrong.")
    version = whole("The scan's version, where it is not the expected one.", required=False)
    receipt = Scan(required=False, help_text="What stays of a scan that was deleted.")
