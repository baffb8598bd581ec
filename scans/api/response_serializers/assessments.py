"""Assessments and their evidence: faces, frames, pictures."""

from typing import Any

from django.core import signing
from django.utils.translation import gettext as _
from rest_framework import serializers

from ... import models as tables
from ...models import Artifact, Outcome
from ...outcome import words
from .fields import (
    OPEN,
    Resource,
    anything,
    chosen,
    flag,
    kind_of,
    maybe,
    moment,
    one_id,
    several,
    share,
    text,
    whole,
)

ARTIFACT_SALT = "scans.api.artifact"  # of the token in a picture's URL


class ReasonOf(Resource):
    """A reason for the outcome."""

    code = text("Stable code.")
    said = text("The reason in words, in the language of the request.")
    detail = anything("Details, such as the model or the face.")

    def get_said(self, reason: dict[str, Any]) -> str:
        return words.sentence(reason)

    def get_detail(self, reason: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in reason.items() if key != "code"}


class Model(Resource):
    """The result of one model."""

    name = text("Name of the model.", source="bundle")
    version = text("Version of the model.")
    weights_sha256 = text("SHA-256 of its weights.", source="weights")
    status = text(
        "`ran`, `failed`, `not_applicable`, `ignored`, or `not_heard` (not used for this kind of file or size of face)."
    )
    score = share("Score from 0 to 1, calibrated if the model is.", allow_null=True)
    score_raw = share("Raw output of the network.", allow_null=True)
    policy = text("How the panel uses the model: `trust`, `include` or `ignore`.")
    ms = share("Duration in milliseconds.")

    def get_ms(self, finding: tables.Finding) -> float:
        return round(finding.milliseconds, 1)


class WorstFace(Resource):
    """The face with the highest score."""

    track = whole("`track` of the face in `/faces`.", source="id")
    score = share("Score of the face.", allow_null=True)
    box = several("Left, top, right and bottom, in pixels of the upright picture.", serializers.FloatField())


class Faces(Resource):
    """The faces that were found."""

    count = whole("Number of faces.")
    worst = WorstFace(allow_null=True, help_text="The face that decided the outcome.")

    def get_count(self, inspection: dict[str, Any]) -> int:
        return len(inspection.get("faces", []))

    def get_worst(self, inspection: dict[str, Any]) -> dict[str, Any] | None:
        deciding = inspection.get("deciding_face")
        return next((face for face in inspection.get("faces", []) if face["id"] == deciding), None)


class Stretch(Resource):
    """A part of a video in which the score stays high."""

    start_ms = whole("Start in milliseconds.")
    end_ms = whole("End in milliseconds.")
    peak = share("Highest score in this part.", source="score")

    def get_start_ms(self, stretch: dict[str, Any]) -> int:
        return round(stretch["start"] * 1000)

    def get_end_ms(self, stretch: dict[str, Any]) -> int:
        return round(stretch["end"] * 1000)


class Band(Resource):
    """The cut-offs between the outcomes."""

    low = share("Scores below this mean little evidence of manipulation.")
    high = share("Scores from this value on mean likely manipulated.")


class Explanation(Resource):
    """A visual explanation, or why there is none."""

    kind = text("Type: `heatmap`.")
    status = text("`available`, `not_run`, `not_available` or `failed_check` (not shown because it failed its check).")
    said = text("Why it is not available.")
    artifact_id = one_id("ID of the picture in `/artifacts`.", allow_null=True)


class ManipulationType(Resource):
    """Which type of manipulation it looks like, and how often that was right."""

    name = chosen("Type of manipulation." + OPEN, ["generated"])
    share = share("How clearly it looks like this type; not a probability.")
    named = whole("Faces in test files from other sources that were given this type.")
    named_right = whole("Of these, faces that really were of this type.")


class Assessment(Resource):
    """The result of all models together. It is never changed; a new analysis adds another one."""

    id = whole("ID; later assessments have higher numbers.", source="pk")
    at = moment("When the file was analysed.")
    outcome = chosen("Level of evidence, not proof." + OPEN, Outcome.choices)
    score = share("0 to 1; higher means more likely manipulated. Null if nothing could be scored.", allow_null=True)
    score_is = chosen(
        "Whether the score is a probability.", ["calibrated_probability_of_manipulation", "uncalibrated_score"]
    )
    band = Band(allow_null=True, help_text="The cut-offs that applied.")
    reasons = ReasonOf(many=True, help_text="Reasons for the outcome.")
    models = Model(many=True, source="findings", help_text="Results of the single models.")
    faces = Faces(source="inspection", help_text="The faces in the file.")
    manipulation_type = ManipulationType(allow_null=True, help_text="Null where the type cannot be told.")
    segments = Stretch(many=True, help_text="Parts of a video with a high score.")
    explanations = Explanation(many=True, help_text="Visual explanations.")
    panel_id = maybe("ID of the models and cut-offs that were used.")
    software_version = text("Version of the software.", source="version")
    disclaimer = text("A note to show together with the outcome.")

    def get_score_is(self, assessment: tables.Assessment) -> str:
        return "calibrated_probability_of_manipulation" if assessment.calibrated else "uncalibrated_score"

    def get_band(self, assessment: tables.Assessment) -> dict[str, float] | None:
        cuts = assessment.inspection.get("cuts")
        return {"low": cuts[0], "high": cuts[1]} if cuts else None

    def get_manipulation_type(self, assessment: tables.Assessment) -> dict[str, Any] | None:
        kind = assessment.inspection.get("kind") or {}
        measured = kind.get("measured") or {}
        return {**measured, "name": kind["name"], "share": kind["share"]} if measured.get("named") else None

    def get_segments(self, assessment: tables.Assessment) -> list[dict[str, Any]]:
        segments: list[dict[str, Any]] = assessment.inspection.get("segments", [])
        return segments

    def get_explanations(self, assessment: tables.Assessment) -> list[dict[str, Any]]:
        heatmap = assessment.inspection.get("heatmap", {})
        return [
            {
                "kind": "heatmap",
                "status": heatmap.get("status", "not_run"),
                "said": heatmap.get("said", ""),
                "artifact_id": self.context["heatmaps"].get(assessment.pk),
            }
        ]

    def get_panel_id(self, assessment: tables.Assessment) -> str | None:
        panel_id: str | None = assessment.panel.get("id")
        return panel_id

    def get_disclaimer(self, assessment: tables.Assessment) -> str:
        return _("An automated estimate, not proof. A person can review it, and you can appeal.")


class Frame(Resource):
    """An analysed frame of a video."""

    index = whole("Number of the frame.")
    at_ms = whole("Position in milliseconds.")
    score = share("Highest score of its faces.", allow_null=True)
    faces = whole("Number of faces in the frame.")

    def get_at_ms(self, frame: dict[str, Any]) -> int:
        return round(frame["time"] * 1000)


class ShortReason(Resource):
    """Why a face was not scored."""

    code = text("Stable code.")
    said = text("The reason, for people.")

    def get_said(self, reason: dict[str, Any]) -> str:
        return words.sentence(reason)


class Face(Resource):
    """A face; in a video, followed over several frames."""

    track = whole("Number of the face.", source="id")
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

    def get_best_at_ms(self, face: dict[str, Any]) -> int:
        return round(face["best_time"] * 1000)

    def get_seen(self, face: dict[str, Any]) -> int:
        return len(face["sightings"])


class ArtifactOf(Resource):
    """A picture made during the analysis."""

    id = one_id("ID of the picture.", source="pk")
    object = kind_of("artifact")
    kind = chosen("Type of the picture.", Artifact.Kind.choices)
    mime = text("MIME type.")
    content = anything("Details, such as the face or the frame.")
    url = text("URL of the picture, valid for five minutes without a key.")

    def get_mime(self, artifact: Artifact) -> str:
        return "image/png" if str(artifact.file.name).endswith(".png") else "image/jpeg"

    def get_url(self, artifact: Artifact) -> str:
        token = signing.dumps(str(artifact.pk), salt=ARTIFACT_SALT)
        url: str = self.context["request"].build_absolute_uri(f"/api/v1/artifacts/{token}")
        return url
