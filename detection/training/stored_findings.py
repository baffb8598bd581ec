"""What each bundle found in a file. It is stored beside the score, so that another policy is tried in no time."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..bundle import Bundle
from ..finding import BundleFinding, Code, Finding, Reason
from ..fusion import Medium
from ..panel import Judgement, Panel, Weight, judge

SHORT = 12  # digits of a bundle's digest


@dataclass(frozen=True, slots=True)
class StoredFindings:
    """Of one file: its faces with their size in pixels and the number of frames, and what every bundle said."""

    medium: Medium
    faces: Mapping[int, tuple[float, int]]
    why_not: tuple[Reason, ...]  # why no face could be judged
    other_reasons: tuple[str, ...]  # reasons that come from no bundle
    looking: float  # milliseconds that no bundle took
    bundles: Mapping[str, Mapping[str, Any]]
    unstable: Mapping[str, bool] = field(default_factory=dict)  # by a panel's id, where it was checked

    def knows(self, bundle: Bundle) -> bool:
        """Whether this very bundle, weights and card, has judged the file."""
        return self.bundles.get(bundle.label, {}).get("judging") == bundle.judging_sha256[:SHORT]

    def lacking(self, panel: Panel) -> list[tuple[Bundle, Weight]]:
        return [(bundle, weight) for bundle, weight in panel.heard_in(self.medium) if not self.knows(bundle)]

    def judged_by(self, panel: Panel) -> tuple[Judgement, float]:
        """As inspection would judge it, and about how many milliseconds that takes."""
        findings = tuple(
            _finding(bundle, weight, self.bundles[bundle.label])
            for bundle, weight in panel.heard_in(self.medium)
            if self.knows(bundle)
        )
        return (
            judge(panel, self.medium, findings, self.why_not, {face: size for face, (size, _) in self.faces.items()}),
            self.looking + sum(finding.milliseconds for finding in findings),
        )

    def scores_by_face(self) -> dict[int, dict[str, float]]:
        """What every bundle that ran gave each face, by its label."""
        scores: dict[int, dict[str, float]] = {}
        for label, content in self.bundles.items():
            for face, score in content["faces"] if content["status"] == "ran" else ():
                scores.setdefault(face, {})[label] = score
        return scores

    def merged(self, other: "StoredFindings") -> "StoredFindings":
        return StoredFindings(
            self.medium,
            self.faces,
            self.why_not,
            self.other_reasons,
            self.looking,
            {**self.bundles, **other.bundles},
            self.unstable,
        )

    def to_json(self) -> str:
        return json.dumps(
            {
                "medium": self.medium,
                "faces": {str(face): list(size_and_count) for face, size_and_count in self.faces.items()},
                "why_not": [[reason.code, reason.bundle, reason.face] for reason in self.why_not],
                "other_reasons": list(self.other_reasons),
                "looking": self.looking,
                "bundles": self.bundles,
                "unstable": self.unstable,
            },
            separators=(",", ":"),
        )


def parse(text: str) -> StoredFindings:
    """ValueError, KeyError or TypeError where it is something else."""
    content = json.loads(text)
    return StoredFindings(
        Medium(content["medium"]),
        {
            int(face): (float(size_and_count[0]), int(size_and_count[1]))
            for face, size_and_count in content["faces"].items()
        },
        tuple(Reason(Code(code), bundle, face) for code, bundle, face in content["why_not"]),
        tuple(content["other_reasons"]),
        float(content["looking"]),
        content["bundles"],
        content.get("unstable", {}),
    )


def store(finding: Finding, panel: Panel) -> StoredFindings:
    medium = Medium.PHOTO if finding.media["kind"] == "image" else Medium.FILM
    digests = {bundle.label: bundle.judging_sha256[:SHORT] for bundle, _ in panel.members}
    faces = {
        face.id: (
            round(max(seen.box[3] - seen.box[1] for seen in face.sightings), 1),
            sum(seen.applicable for seen in face.sightings),
        )
        for face in finding.faces
    }
    if not finding.faces:
        why_not: tuple[Reason, ...] = (Reason(Code.NO_FACE),)
    elif any(face.applicable for face in finding.faces):
        why_not = ()
    else:
        why_not = tuple(reason for face in finding.faces for reason in face.reasons)
    bundles = {
        result.bundle.label: {
            "judging": digests[result.bundle.label],
            "status": result.status,
            "calibrated": result.calibrated,
            "faces": [[face, round(score, 6)] for face, score in result.faces.items()],
            "unfamiliar": [face for face in result.unfamiliar if face is not None],
            "reasons": [[reason.code, reason.bundle, reason.face] for reason in result.reasons],
            "milliseconds": round(result.milliseconds, 1),
        }
        for result in finding.bundles
        if result.status in ("ran", "failed", "not_applicable")
    }
    return StoredFindings(
        medium, faces, why_not,
        tuple(reason.code for reason in finding.reasons if reason.code.startswith("credentials_")),
        round(finding.milliseconds - sum(result.milliseconds for result in finding.bundles), 1), bundles,
    )  # fmt: skip


def _finding(bundle: Bundle, weight: Weight, stored: Mapping[str, Any]) -> BundleFinding:
    return BundleFinding(
        bundle=bundle.identity(),
        policy=weight.value,
        status=stored["status"],
        calibrated=stored["calibrated"],
        faces=dict(stored["faces"]),
        unfamiliar=frozenset(stored["unfamiliar"]),
        reasons=tuple(Reason(Code(code), name, face) for code, name, face in stored["reasons"]),
        milliseconds=stored["milliseconds"],
    )
