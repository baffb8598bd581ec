"""Scans and their results."""

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
    """The current result. Most integrations need nothing else."""

    outcome = chosen("The effective outcome; null until the first result." + OPEN, Outcome.choices, allow_null=True)
    source = chosen("Whether it comes from the models or from a person.", ["model", "human"])
    label = chosen("The reviewer's verdict, if a person has decided.", Label.choices, allow_null=True)
    action = chosen("What happens to the file, if a person has decided.", Action.choices, allow_null=True)
    decision_id = whole("ID of the decision, if a person has decided.", allow_null=True)
    since = some_moment("When this result took effect.")


class Media(Shape):
    """The uploaded file."""

    kind = chosen("Image or video; null before the file is analysed.", ["image", "video"], allow_null=True)
    sha256 = text("SHA-256 of the file, in hexadecimal.")
    bytes = whole("Size in bytes.")
    name = text("File name; empty after deletion.")
    mime = maybe("MIME type, detected from the content.")
    width = whole("Width in pixels.", allow_null=True)
    height = whole("Height in pixels.", allow_null=True)
    duration_ms = whole("Duration of a video in milliseconds.", allow_null=True)
    deduplicated_from = one_id("ID of an earlier scan of the same file whose assessment was reused.", allow_null=True)
    delete_after = some_moment("When the file will be deleted; null while no date is set.")
    deleted_at = some_moment("When the file was deleted.")
    zero_retention = flag("Uploaded to be deleted right after analysis.")


class ReasonOf(Shape):
    """A reason for the outcome."""

    code = text("Stable code.")
    said = text("The reason in words, in the language of the request.")
    detail = anything("Details, such as the model or the face.")


class Model(Shape):
    """The result of one model."""

    name = text("Name of the model.")
    version = text("Version of the model.")
    weights_sha256 = text("SHA-256 of its weights.")
    status = text("`ran`, `failed`, `not_applicable`, `ignored`, or `not_heard` (not used for this kind of file).")
    score = share("Score from 0 to 1, calibrated if the model is.", allow_null=True)
    score_raw = share("Raw output of the network.", allow_null=True)
    policy = text("How the panel uses the model: `trust`, `include` or `ignore`.")
    ms = share("Duration in milliseconds.")


class WorstFace(Shape):
    """The face with the highest score."""

    track = whole("`track` of the face in `/faces`.")
    score = share("Score of the face.", allow_null=True)
    box = several("Left, top, right and bottom, in pixels of the upright picture.", serializers.FloatField())


class Faces(Shape):
    """The faces that were found."""

    count = whole("Number of faces.")
    worst = WorstFace(allow_null=True, help_text="The face that decided the outcome.")


class Stretch(Shape):
    """A part of a video in which the score stays high."""

    start_ms = whole("Start in milliseconds.")
    end_ms = whole("End in milliseconds.")
    peak = share("Highest score in this part.")


class Band(Shape):
    """The cut-offs between the outcomes."""

    low = share("Scores below this mean little evidence of manipulation.")
    high = share("Scores from this value on mean likely manipulated.")


class Explanation(Shape):
    """A visual explanation, or why there is none."""

    kind = text("Type: `heatmap`.")
    status = text("`available`, `not_run`, `not_available` or `failed_check` (not shown because it failed its check).")
    said = text("Why it is not available.")
    artifact_id = one_id("ID of the picture in `/artifacts`.", allow_null=True)


class Assessment(Shape):
    """The result of all models together. It is never changed; a new analysis adds another one."""

    id = whole("ID; later assessments have higher numbers.")
    at = moment("When the file was analysed.")
    outcome = chosen("Level of evidence, not proof." + OPEN, Outcome.choices)
    score = share("0 to 1; higher means more likely manipulated. Null if nothing could be scored.", allow_null=True)
    score_is = chosen(
        "Whether the score is a probability.", ["calibrated_probability_of_manipulation", "uncalibrated_score"]
    )
    band = Band(allow_null=True, help_text="The cut-offs that applied.")
    reasons = ReasonOf(many=True, help_text="Reasons for the outcome.")
    models = Model(many=True, help_text="Results of the single models.")
    faces = Faces(help_text="The faces in the file.")
    segments = Stretch(many=True, help_text="Parts of a video with a high score.")
    explanations = Explanation(many=True, help_text="Visual explanations.")
    panel_id = maybe("ID of the models and cut-offs that were used.")
    software_version = text("Version of the software.")
    disclaimer = text("A note to show together with the outcome.")


class Failure(Shape):
    """Why a file could not be analysed."""

    code = text("Stable code.")
    detail = text("What is wrong, for people.")


class Review(Shape):
    """State of the review by people."""

    state = chosen("State of the review.", REVIEW_STATES)
    reason_codes = several("Why it waits for review.", serializers.ChoiceField(choices=Reason.choices))
    due_at = some_moment("When the review is due.")


class Scan(Shape):
    """An uploaded file and its results."""

    id = one_id("ID of the scan.")
    object = kind_of("scan")
    created_at = moment("When it was uploaded.")
    version = whole("Increases with every change.")
    sandbox = flag("Uploaded with a test key: not analysed by the models.")
    external_id = maybe("Your own ID, as you sent it.")
    metadata = anything("Your own data, as you sent it.")
    batch = one_id("ID of its batch.", allow_null=True)
    media = Media(help_text="The uploaded file.")
    status = chosen("Status of the analysis.", Status.choices)
    purge_at = some_moment("When it will be deleted permanently, if it is in the trash.")
    progress = share("Progress of the analysis, 0 to 1.")
    queue_position = whole("Number of scans ahead of it while it is queued.", allow_null=True)
    failure = Failure(allow_null=True, help_text="Why the analysis failed, if it did.")
    assessment = Assessment(
        allow_null=True,
        help_text="The models' result; null before the analysis, and while you review the scan blind.",
    )
    review = Review(help_text="State of the review by people.")
    effective = Effective(help_text="The current result. Most integrations need nothing else.")


class Frame(Shape):
    """An analysed frame of a video."""

    index = whole("Number of the frame.")
    at_ms = whole("Position in milliseconds.")
    score = share("Highest score of its faces.", allow_null=True)
    faces = whole("Number of faces in the frame.")


class ShortReason(Shape):
    """Why a face was not scored."""

    code = text("Stable code.")
    said = text("The reason, for people.")


class Face(Shape):
    """A face; in a video, followed over several frames."""

    track = whole("Number of the face.")
    score = share("Score, 0 to 1; null if it was not scored.", allow_null=True)
    box = several("Left, top, right and bottom, in pixels of the upright picture.", serializers.FloatField())
    landmarks = several(
        "Eyes, nose and corners of the mouth, each as x and y.", serializers.ListField(child=serializers.FloatField())
    )
    confidence = share("Confidence of the face detector, 0 to 1.")
    best_at_ms = whole("Position of its sharpest frame in milliseconds.")
    applicable = flag("Whether it was scored.")
    reasons = ShortReason(many=True, help_text="Why it was not scored.")
    seen = whole("Number of frames with this face.")


class ArtifactOf(Shape):
    """A picture made during the analysis."""

    id = one_id("ID of the picture.")
    object = kind_of("artifact")
    kind = chosen("Type of the picture.", Artifact.Kind.choices)
    mime = text("MIME type.")
    content = anything("Details, such as the face or the frame.")
    url = text("URL of the picture, valid for five minutes without a key.")
