"""An assessment as a page shows it: in words, with places for pictures, nothing worked out in a template."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..models import Artifact, Assessment, Finding, Outcome, Scan
from . import explanation, scores, words
from .timeline import Timeline

IN_SCALE = ("score_high", "score_between", "score_low", "uncalibrated")  # said by the scale and its caption

# Why a model gave no score, by the status of its finding.
NO_SCORE = {
    "not_applicable": gettext_lazy("Not applicable"),
    "failed": gettext_lazy("Failed"),
    "not_heard": gettext_lazy("Not used for this kind of file or size of face"),
    "ignored": gettext_lazy("Not used"),
}

# What a model looks at, by its kind.
PURPOSES = {
    "image": gettext_lazy("Checks each face in single pictures"),
    "video": gettext_lazy("Checks how a face changes from frame to frame"),
}


class Glimpse:
    """The running estimate for a live camera."""

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
    """Everything in one assessment that a page or a report shows."""

    def __init__(self, scan: Scan, assessment: Assessment) -> None:
        self.scan, self.assessment = scan, assessment
        self.inspection: dict[str, Any] = assessment.inspection
        self.reasons = [
            {**reason, "said": words.sentence(reason)}
            for reason in assessment.reasons
            if reason["code"] not in IN_SCALE
        ]
        if assessment.score is None:
            codes = [reason["code"] for reason in assessment.reasons]
            leading = explanation.leading_reason(assessment.outcome, codes)  # the explanation above it
            self.reasons = [row for row in self.reasons if row["code"] != leading or row.get("detail")]
        self.meaning = words.meaning_of(assessment.outcome, (reason["code"] for reason in assessment.reasons))
        self.findings = list(assessment.findings.all())
        drawn = list(assessment.artifacts.all())
        self.previews = sorted(_of_kind(drawn, Artifact.Kind.PREVIEW), key=lambda artifact: artifact.content["time"])
        self.portraits = sorted(
            _of_kind(drawn, Artifact.Kind.PORTRAIT),
            key=lambda artifact: (-(artifact.content.get("score") or 0), artifact.content["time"]),
        )
        self.heatmap = next(iter(_of_kind(drawn, Artifact.Kind.HEATMAP)), None)
        self.ground = next(iter(_of_kind(drawn, Artifact.Kind.GROUND)), None)

    @property
    def media(self) -> dict[str, Any]:
        return dict(self.inspection.get("media", {}))

    @property
    def is_video(self) -> bool:
        return self.scan.kind == "video"

    @property
    def preview(self) -> Artifact | None:
        """The picture that represents the scan; for a video, the frame nearest to the worst frame."""
        if not self.previews:
            return None
        worst = self.inspection.get("worst_frame")
        if worst is None:
            return self.previews[0]
        return min(self.previews, key=lambda artifact: abs(artifact.content["frame"] - worst))

    @property
    def faces(self) -> list[dict[str, Any]]:
        """The faces with their boxes, in pixels of the upright original. The deciding face is marked."""
        deciding = self.inspection.get("deciding_face")
        size = max(self.media.get("width", 1), self.media.get("height", 1))
        rows = []
        for face in self.inspection.get("faces", []):
            left, top, width, height = _sides(face["box"])
            rows.append(
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
                    "score": self._score_of_face(face),
                    "deciding": face["id"] == deciding,
                    "applicable": face["applicable"],
                    "reasons": [words.sentence(reason) for reason in face["reasons"]],
                }
            )
        return rows

    @property
    def cuts(self) -> list[float] | None:
        """The cut-offs that made the outcome: models, faces and moments are judged by them too."""
        return self.inspection.get("cuts")

    def score_of(self, score: float | None) -> scores.Score | None:
        return scores.read(score, self.cuts)

    def _score_of_face(self, face: dict[str, Any]) -> scores.Score | None:
        """The deciding face bears the outcome of the headline, also where a doubt made it inconclusive."""
        score = self.score_of(face["score"])
        if score and face["id"] == self.inspection.get("deciding_face"):
            return replace(score, band=Outcome(self.assessment.outcome))
        return score

    @property
    def heard(self) -> list[Finding]:
        """The models that gave a score."""
        return [finding for finding in self.findings if finding.score is not None and finding.status == "ran"]

    @property
    def scale(self) -> scores.Scale | None:
        others: list[Any] = [finding.score for finding in self.heard]
        others += [variant["score"] for variant in self.stability.get("variants", [])]
        return scores.scale(self.assessment.score, self.cuts, others, calibrated=bool(self.assessment.calibrated))

    @property
    def explanation(self) -> str:
        inspection = {**self.inspection, "reasons": self.assessment.reasons}
        models = [str(finding) for finding in self.heard]
        return explanation.explain(inspection, self.assessment.outcome, self.assessment.score, models)

    @property
    def facts(self) -> list[dict[str, str]]:
        """The facts from the file's metadata, without those that the page shows elsewhere."""
        names = {"encoder": _("encoder"), "software": _("software"), "camera": _("camera")}
        return [
            {**fact, "name": names.get(fact["name"].lower(), fact["name"])}
            for fact in self.inspection.get("provenance", {}).get("facts", [])
            if fact["name"] not in ("format", "codec", "handler_name")
        ]

    @property
    def kind_sentence(self) -> str:
        """Which kind of manipulation it looks like, and how often that was right; empty where it can't be told."""
        kind = self.inspection.get("kind") or {}
        measured = kind.get("measured") or {}
        if kind.get("name") != "generated" or not measured.get("named"):
            return ""
        return _(
            "The whole face looks generated, not swapped or retouched. On test files from other sources this was right "
            "for %(right)d of %(named)d faces."
        ) % {"right": measured["named_right"], "named": measured["named"]}

    @property
    def agreement(self) -> str:
        """How many models would give this outcome alone, as a sentence; empty for fewer than two models."""
        bands = [score.band for finding in self.heard if (score := self.score_of(finding.score)) and score.band]
        if len(bands) < 2:
            return ""
        same = sum(band == self.assessment.outcome for band in bands)
        return _("%(same)d of %(all)d models give this outcome on their own.") % {"same": same, "all": len(bands)}

    @property
    def bundles(self) -> list[dict[str, Any]]:
        inspected = {
            (row["bundle"]["name"], row["bundle"]["version"]): row for row in self.inspection.get("bundles", [])
        }
        rows = []
        for finding in self.findings:
            row = inspected.get((finding.bundle, finding.version), {})
            rows.append(
                {
                    "finding": finding,
                    "score": self.score_of(finding.score) if finding.status == "ran" else None,
                    "no_score": NO_SCORE.get(finding.status, NO_SCORE["ignored"]),
                    "purpose": PURPOSES.get(row.get("bundle", {}).get("kind", ""), ""),
                    "reasons": [self._bundle_reason(reason) for reason in row.get("reasons", [])],
                    "deciding": self.inspection.get("deciding_bundle") == f"{finding.bundle}/{finding.version}",
                }
            )
        return rows

    def _bundle_reason(self, reason: dict[str, Any]) -> str:
        """A model reports "no face" as well where there are faces, but none that can be judged."""
        if reason["code"] == "no_face" and self.inspection.get("faces"):
            return _("None of the faces could be assessed.")
        return words.sentence(reason)

    @property
    def stability(self) -> dict[str, Any]:
        return dict(self.inspection.get("stability", {}))

    @property
    def heat(self) -> dict[str, Any]:
        return dict(self.inspection.get("heatmap", {}))

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
            {
                "name": explanation.VARIANTS.get(variant["name"], variant["name"]),
                "score": self.score_of(variant["score"]),
            }
            for variant in self.stability.get("variants", [])
        ]

    # -- A film ------------------------------------------------------------------------------------------------

    @cached_property
    def timeline(self) -> Timeline:
        return Timeline(self.inspection)

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


def _of_kind(drawn: list[Artifact], kind: Artifact.Kind) -> list[Artifact]:
    return [artifact for artifact in drawn if artifact.kind == kind]
