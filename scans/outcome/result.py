"""An assessment as a page shows it: in words, with places for pictures, nothing worked out in a template."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..models import Artifact, Assessment, Finding, Scan
from . import explanation, scores, words
from .timeline import Timeline

IN_SCALE = ("score_high", "score_between", "score_low", "uncalibrated")  # said by the scale and its caption

# Why a model gave no score, by the status of its finding.
NO_SCORE = {
    "not_applicable": gettext_lazy("Not applicable"),
    "failed": gettext_lazy("Failed"),
    "not_heard": gettext_lazy("Not used for this kind of file"),
    "ignored": gettext_lazy("Not used"),
}

# What a model looks at, by its kind.
PURPOSES = {
    "image": gettext_lazy("Looks at each face in single pictures"),
    "video": gettext_lazy("Looks at how a face changes from frame to frame"),
}


class Glimpse:
    """What is said of a watched camera for the moment."""

    def __init__(self, estimate: dict[str, Any]) -> None:
        self.outcome = estimate.get("outcome", "")
        self.reasons = [words.sentence(reason) for reason in estimate.get("reasons", [])]
        self.pictures = estimate.get("pictures", 0)
        self.scale = scores.scale(
            estimate.get("score"),
            estimate.get("cuts"),
            estimate.get("heard", []),
            calibrated=bool(estimate.get("calibrated")),
        )


class Result:
    """Everything of one assessment that a page or a report says."""

    def __init__(self, scan: Scan, assessment: Assessment) -> None:
        self.scan, self.assessment = scan, assessment
        self.said: dict[str, Any] = assessment.inspection
        self.reasons = [
            {**reason, "said": words.sentence(reason)}
            for reason in assessment.reasons
            if reason["code"] not in IN_SCALE
        ]
        self.meaning = words.meaning_of(assessment.outcome, (reason["code"] for reason in assessment.reasons))
        self.findings = list(assessment.findings.all())
        drawn = list(assessment.artifacts.all())
        self.previews = sorted(_of(drawn, Artifact.Kind.PREVIEW), key=lambda one: one.content["time"])
        self.portraits = sorted(
            _of(drawn, Artifact.Kind.PORTRAIT), key=lambda one: (-(one.content.get("score") or 0), one.content["time"])
        )
        self.heatmap = next(iter(_of(drawn, Artifact.Kind.HEATMAP)), None)
        self.ground = next(iter(_of(drawn, Artifact.Kind.GROUND)), None)

    @property
    def media(self) -> dict[str, Any]:
        return dict(self.said.get("media", {}))

    @property
    def is_video(self) -> bool:
        return self.scan.kind == "video"

    @property
    def preview(self) -> Artifact | None:
        """What stands for the whole: of a video the frame nearest to the worst one."""
        if not self.previews:
            return None
        worst = self.said.get("worst_frame")
        if worst is None:
            return self.previews[0]
        return min(self.previews, key=lambda one: abs(one.content["frame"] - worst))

    @property
    def faces(self) -> list[dict[str, Any]]:
        """Boxes in pixels of the upright original, the deciding one marked."""
        deciding = self.said.get("deciding_face")
        size = max(self.media.get("width", 1), self.media.get("height", 1))
        found = []
        for face in self.said.get("faces", []):
            left, top, width, height = _sides(face["box"])
            found.append(
                {
                    "number": face["id"] + 1,
                    "x": left,
                    "y": top,
                    "width": round(width, 1),
                    "height": round(height, 1),
                    "stroke": round(size / 300, 2),
                    "font": round(size / 36, 2),
                    "label_y": round(max(top - size / 150, size / 36), 1),
                    "sightings": face.get("sightings", []),
                    "shots": [shot for shot in self.portraits if shot.content["face"] == face["id"]],
                    "score": self.score_of(face["score"]),
                    "deciding": face["id"] == deciding,
                    "applicable": face["applicable"],
                    "reasons": [words.sentence(reason) for reason in face["reasons"]],
                }
            )
        return found

    @property
    def cuts(self) -> list[float] | None:
        """The cut-offs that made the outcome: models, faces and moments are judged by them too."""
        return self.said.get("cuts")

    def score_of(self, score: float | None) -> scores.Score | None:
        return scores.read(score, self.cuts)

    @property
    def heard(self) -> list[Finding]:
        """The models that gave a score."""
        return [one for one in self.findings if one.score is not None and one.status == "ran"]

    @property
    def scale(self) -> scores.Scale | None:
        others = [one.score for one in self.heard] + [one["score"] for one in self.stability.get("variants", [])]
        return scores.scale(self.assessment.score, self.cuts, others, calibrated=bool(self.assessment.calibrated))

    @property
    def explanation(self) -> str:
        inspection = {**self.said, "reasons": self.assessment.reasons}
        models = [str(one) for one in self.heard]
        return explanation.explain(inspection, self.assessment.outcome, self.assessment.score, models)

    @property
    def facts(self) -> list[dict[str, str]]:
        """What the file says of itself, without what is said of it elsewhere on the page."""
        names = {"encoder": _("encoder"), "software": _("software"), "camera": _("camera")}
        return [
            {**fact, "name": names.get(fact["name"].lower(), fact["name"])}
            for fact in self.said.get("provenance", {}).get("facts", [])
            if fact["name"] not in ("format", "codec", "handler_name")
        ]

    @property
    def agreement(self) -> str:
        """How many models would have given the outcome alone."""
        bands = [score.band for one in self.heard if (score := self.score_of(one.score)) and score.band]
        if len(bands) < 2:
            return ""
        same = sum(band == self.assessment.outcome for band in bands)
        return _("Taken alone, %(same)d of %(all)d models would give this outcome.") % {"same": same, "all": len(bands)}

    @property
    def bundles(self) -> list[dict[str, Any]]:
        own = {(one["bundle"]["name"], one["bundle"]["version"]): one for one in self.said.get("bundles", [])}
        return [
            {
                "finding": one,
                "score": self.score_of(one.score) if one.status == "ran" else None,
                "no_score": NO_SCORE.get(one.status, NO_SCORE["ignored"]),
                "purpose": PURPOSES.get(own.get((one.bundle, one.version), {}).get("bundle", {}).get("kind", ""), ""),
                "reasons": [self._of_bundle(r) for r in own.get((one.bundle, one.version), {}).get("reasons", [])],
                "deciding": self.said.get("deciding_bundle") == f"{one.bundle}/{one.version}",
            }
            for one in self.findings
        ]

    def _of_bundle(self, reason: dict[str, Any]) -> str:
        """A model that had no face to judge says "no face", also where there are some that nobody can judge."""
        if reason["code"] == "no_face" and self.said.get("faces"):
            return _("None of the faces could be judged.")
        return words.sentence(reason)

    @property
    def stability(self) -> dict[str, Any]:
        return dict(self.said.get("stability", {}))

    @property
    def heat(self) -> dict[str, Any]:
        return dict(self.said.get("heatmap", {}))

    @property
    def heat_missing(self) -> str:
        """Why there is no heat map, in a sentence."""
        return explanation.heat_missing(self.heat)

    @property
    def heat_place(self) -> dict[str, float] | None:
        """Where the heat map lies in the picture. Older analyses have not kept it."""
        if self.heatmap is None or not self.heat.get("box"):
            return None
        return dict(zip(("x", "y", "width", "height"), _sides(self.heat["box"]), strict=True))

    @property
    def variants(self) -> list[dict[str, Any]]:
        """Of the check whether harmless changes move the score."""
        return [
            {"name": explanation.VARIANTS.get(one["name"], one["name"]), "score": self.score_of(one["score"])}
            for one in self.stability.get("variants", [])
        ]

    # -- A film ------------------------------------------------------------------------------------------------

    @cached_property
    def timeline(self) -> Timeline:
        return Timeline(self.said)

    @property
    def duration(self) -> float:
        return self.timeline.duration

    @property
    def tracks(self) -> list[dict[str, Any]]:
        """Where each face was seen in the film, for the script that frames it: time, left, top, width, height."""
        return [
            {
                "face": face["number"],
                "label": f"{face['number']} · {face['score'].points}" if face["score"] else str(face["number"]),
                "at": [[round(seen["time"], 3), *map(round, _sides(seen["box"]))] for seen in face["sightings"]],
            }
            for face in self.faces
        ]


def _sides(box: Sequence[float]) -> tuple[float, float, float, float]:
    """Left, top, width and height."""
    left, top, right, bottom = box
    return left, top, right - left, bottom - top


def _of(drawn: list[Artifact], kind: Artifact.Kind) -> list[Artifact]:
    return [one for one in drawn if one.kind == kind]
