"""A scan, and what was found in it."""

from rest_framework import serializers

from ...models import Action, Artifact, Label, Outcome, Reason, Status
from ..listing import REVIEW_STATES
from .fields import (
    OPEN,
    Shape,
    anything,
    chosen,
    flag,
    kind_of,
    maybe,
    moment,
    one_id,
    several,
    share,
    some_moment,
    text,
    whole,
)


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
    status = text(
        "`ran`, `failed`, `not_applicable`, `ignored`, or `not_heard`: the panel does not ask it in this medium."
    )
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
    purge_at = some_moment("When it will be deleted for good, if its owner moved it to the trash on the site.")
    progress = share("0 to 1.")
    queue_position = whole("How many are before it, while it waits.", allow_null=True)
    failure = Failure(allow_null=True, help_text="Why it failed, if it did.")
    assessment = Assessment(
        allow_null=True,
        help_text="What the models say; null before it is analysed, and for reviewers who must look at it blind.",
    )
    review = Review(help_text="Where it stands with people.")
    effective = Effective(help_text="What counts now: the only thing that most integrators need.")


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
