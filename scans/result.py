"""An assessment as a page shows it: in words, with places for pictures, nothing worked out in a template."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import explanation, scores, words
from .models import Artifact, Assessment, Finding, Scan

WIDE, HIGH = 720, 160  # of the timeline's drawing
LEFT, TOP, BOTTOM = 34, 8, 22
IN_SCALE = ("score_high", "score_between", "score_low", "uncalibrated")  # said by the scale and its caption

# Why a model gave no score, by the status of its finding.
NO_SCORE = {
    "not_applicable": gettext_lazy("Not applicable"),
    "failed": gettext_lazy("Failed"),
    "not_heard": gettext_lazy("Not used for this kind of file"),
    "ignored": gettext_lazy("Not used"),
}


@dataclass(frozen=True, slots=True)
class Point:
    x: float
    y: float
    time: float
    faces: int
    clock: str
    score: scores.Score | None


@dataclass(frozen=True, slots=True)
class Stretch:
    x: float
    width: float
    start: float
    end: float
    score: scores.Score | None
    start_clock: str
    end_clock: str


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
            left, top, right, bottom = face["box"]
            found.append(
                {
                    "number": face["id"] + 1,
                    "x": left,
                    "y": top,
                    "width": round(right - left, 1),
                    "height": round(bottom - top, 1),
                    "stroke": round(size / 250, 2),
                    "font": round(size / 28, 2),
                    "label_y": round(max(top - size / 120, size / 28), 1),
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

    # -- the course of a video -------------------------------------------------------------------------

    @property
    def duration(self) -> float:
        frames = self.said.get("frames", [])
        last = frames[-1]["time"] if frames else 0.0
        return max(float(self.media.get("duration") or 0.0), last, 0.001)

    def _x(self, time: float) -> float:
        return round(LEFT + time / self.duration * (WIDE - LEFT - 8), 1)

    @staticmethod
    def _y(score: float) -> float:
        return round(TOP + (1 - score) * (HIGH - TOP - BOTTOM), 1)

    @property
    def points(self) -> list[Point]:
        return [
            Point(
                self._x(frame["time"]),
                self._y(frame["score"] or 0.0),
                frame["time"],
                frame["faces"],
                clock(frame["time"]),
                self.score_of(frame["score"]),
            )
            for frame in self.said.get("frames", [])
        ]

    @property
    def scored_points(self) -> list[Point]:
        return [point for point in self.points if point.score is not None]

    @property
    def segments(self) -> list[Stretch]:
        return [
            Stretch(
                self._x(one["start"]),
                max(4.0, self._x(one["end"]) - self._x(one["start"])),
                one["start"],
                one["end"],
                self.score_of(one["score"]),
                clock(one["start"]),
                clock(one["end"]),
            )
            for one in self.said.get("segments", [])
        ]

    @property
    def drawing(self) -> dict[str, Any]:
        low, high = self.said.get("cuts") or (0.5, 0.5)
        return {
            "width": WIDE,
            "height": HIGH,
            "left": LEFT,
            "right": WIDE - 8,
            "top": TOP,
            "bottom": HIGH - BOTTOM,
            "inner": WIDE - 8 - LEFT,
            "tick": LEFT - 6,
            "low": scores.points(low),
            "high": scores.points(high),
            "low_y": self._y(low),
            "high_y": self._y(high),
            "high_height": round(self._y(high) - TOP, 1),
            "middle_height": round(self._y(low) - self._y(high), 1),
            "end": clock(self.duration),
        }


def clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}:{rest:04.1f}"


def _of(drawn: list[Artifact], kind: Artifact.Kind) -> list[Artifact]:
    return [one for one in drawn if one.kind == kind]
