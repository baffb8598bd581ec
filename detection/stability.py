"""Score harmless variants of the deciding face. A score that changes much is not reliable."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from . import scoring
from .bundle import Bundle, Thresholds
from .face_tracking import TrackedFace, TrackedMedia
from .finding import Code, Finding, OptionalEvidence, Outcome, Reason
from .fusion import Medium
from .images import Pixels
from .panel import Panel
from .runtime import RUNTIME_ERRORS, runner

CLOSE = 0.1  # below the cut-off of little evidence: a score that harmless changes could lift over it
MOST = 12  # frames of a video that are scored again


def _saved_again(crop: Pixels) -> Pixels:
    _, encoded = cv2.imencode(".jpg", crop[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 75])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR))[..., ::-1])


def _smaller(crop: Pixels) -> Pixels:
    side = crop.shape[0]
    small = cv2.resize(crop, (round(side * 0.75),) * 2, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC))


def _brighter(crop: Pixels) -> Pixels:
    return np.asarray(cv2.convertScaleAbs(crop, alpha=1.1, beta=4))


def _mirrored(crop: Pixels) -> Pixels:
    return np.ascontiguousarray(crop[:, ::-1])


def _trimmed(crop: Pixels) -> Pixels:
    side, edge = crop.shape[0], max(1, round(crop.shape[0] * 0.03))
    return np.asarray(cv2.resize(crop[edge:-edge, edge:-edge], (side, side), interpolation=cv2.INTER_CUBIC))


VARIANTS: dict[str, Callable[[Pixels], Pixels]] = {
    "saved_again": _saved_again,
    "smaller": _smaller,
    "brighter": _brighter,
    "mirrored": _mirrored,
    "trimmed": _trimmed,
}


def could_turn(outcome: Outcome, score: float | None, cuts: tuple[float, float] | None) -> bool:
    """Whether an unstable score would change the outcome: the check costs six more inferences for each frame."""
    if outcome is Outcome.LIKELY_MANIPULATED:
        return True
    if outcome is not Outcome.LITTLE_EVIDENCE or score is None or cuts is None:
        return False
    return score >= cuts[0] - CLOSE


def check(panel: Panel, view: TrackedMedia, finding: Finding) -> tuple[OptionalEvidence, tuple[Reason, ...]]:
    """The panel's score of each variant of the deciding face, and a reason if they differ much."""
    face = finding.deciding_face
    if finding.deciding_bundle is None or finding.score is None:
        return OptionalEvidence("not_available", "Nothing was scored, so nothing can be scored again."), ()
    if face is None:
        return OptionalEvidence("not_available", "Only faces are scored again. This picture was judged as a whole."), ()
    judging = {result.bundle.label for result in finding.bundles if face in result.faces}
    bundles = [bundle for bundle, _ in panel.members if bundle.label in judging and bundle.looks_at == "face"]
    medium, track = scoring.medium_of(view.media), view.tracks[face]

    def scored(change: Callable[[Pixels], Pixels]) -> float:
        scores = {bundle.label: _scored(bundle, track.judged, medium, change) for bundle in bundles}
        return panel.score(medium, scores, track.height)

    try:
        scores = {"unchanged": scored(lambda crop: crop)}
        scores |= {name: scored(change) for name, change in VARIANTS.items()}
    except RUNTIME_ERRORS as error:
        return OptionalEvidence("not_available", f"The variants could not be scored ({type(error).__name__})."), ()
    spread = max(scores.values()) - min(scores.values())
    assert finding.cuts is not None  # there is a score
    unstable = is_unstable(scores, Thresholds(*finding.cuts))
    sentence = (
        "Harmless changes to the file move this score a lot."
        if unstable
        else "The score stays about the same under harmless changes to the file."
    )
    content = {
        "variants": [{"name": name, "score": round(score, 6)} for name, score in scores.items()],
        "spread": round(spread, 6),
        "stable": not unstable,
    }
    return OptionalEvidence("available", sentence, content), (Reason(Code.UNSTABLE),) if unstable else ()


def is_unstable(scores: Mapping[str, float], cuts: Thresholds) -> bool:
    """Whether a harmless change leads to the opposite outcome, or most of them to another one.

    A single variant that falls a little below a cut-off says nothing: of any scores near it, one does.
    """
    first, *others = (cuts.outcome(score) for score in scores.values())
    opposite = {first, *others} >= {Outcome.LIKELY_MANIPULATED, Outcome.LITTLE_EVIDENCE}
    return opposite or sum(outcome is not first for outcome in others) > len(others) / 2


def _scored(bundle: Bundle, judged: list[TrackedFace], medium: Medium, change: Callable[[Pixels], Pixels]) -> float:
    step = max(1, len(judged) // MOST)
    seen = judged[::step][:MOST] if bundle.kind == "image" else judged
    crops = np.stack([change(crop) for crop in scoring.pictures_of(bundle, seen, medium)])
    return scoring.face_score(runner(bundle), crops)[0]
