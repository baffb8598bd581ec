"""The result of an inspection: frozen dataclasses with a JSON form."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """An evidence level. It is never a fact about who made the picture."""

    LIKELY_MANIPULATED = "likely_manipulated"
    INCONCLUSIVE = "inconclusive"
    LITTLE_EVIDENCE = "little_evidence"
    NOT_APPLICABLE = "not_applicable"
    UNABLE_TO_EVALUATE = "unable_to_evaluate"


class Code(StrEnum):
    """Why an outcome is what it is. The texts for people are chosen by this code, elsewhere."""

    # of the file
    NO_FACE = "no_face"
    FACE_TOO_SMALL = "face_too_small"
    FACE_BLURRED = "face_blurred"
    FACE_TOO_DARK = "face_too_dark"
    FACE_TOO_BRIGHT = "face_too_bright"
    FACE_IN_PROFILE = "face_in_profile"
    FACE_CUT_OFF = "face_cut_off"
    FACE_UNCERTAIN = "face_uncertain"
    TOO_FEW_FRAMES = "too_few_frames"
    FRAMES_UNREADABLE = "frames_unreadable"
    # of the bundles
    NO_BUNDLE = "no_bundle"
    BUNDLE_FAILED = "bundle_failed"
    BUNDLES_DISAGREE = "bundles_disagree"
    UNCALIBRATED = "uncalibrated"
    OUT_OF_DISTRIBUTION = "out_of_distribution"
    # of the score
    SCORE_HIGH = "score_high"
    SCORE_BETWEEN = "score_between"
    SCORE_LOW = "score_low"
    # beside the score
    CREDENTIALS_SAY_GENERATED = "credentials_say_generated"
    CREDENTIALS_INVALID = "credentials_invalid"
    UNSTABLE = "unstable"


@dataclass(frozen=True, slots=True)
class Reason:
    code: Code
    bundle: str | None = None
    face: int | None = None
    detail: str = ""

    def to_dict(self) -> dict[str, Any]:
        fields = {"code": self.code.value, "bundle": self.bundle, "face": self.face, "detail": self.detail}
        return {key: value for key, value in fields.items() if value not in (None, "")}


@dataclass(frozen=True, slots=True)
class Sighting:
    """One face in one frame, in pixels of the upright original."""

    frame: int
    time: float
    box: tuple[float, float, float, float]
    landmarks: tuple[tuple[float, float], ...]
    confidence: float
    reasons: tuple[Reason, ...] = ()
    score: float | None = None

    @property
    def applicable(self) -> bool:
        return not self.reasons

    def to_dict(self) -> dict[str, Any]:
        return {
            "frame": self.frame,
            "time": round(self.time, 4),
            "box": [round(v, 1) for v in self.box],
            "landmarks": [[round(x, 1), round(y, 1)] for x, y in self.landmarks],
            "confidence": round(self.confidence, 4),
            "score": _rounded(self.score),
            "applicable": self.applicable,
            "reasons": [reason.to_dict() for reason in self.reasons],
        }


@dataclass(frozen=True, slots=True)
class FoundFace:
    """One person's face: a track through a video, or a single sighting in an image."""

    id: int
    sightings: tuple[Sighting, ...]
    best: int  # index of the clearest sighting
    score: float | None = None
    reasons: tuple[Reason, ...] = ()

    @property
    def applicable(self) -> bool:
        return any(sighting.applicable for sighting in self.sightings)

    def to_dict(self) -> dict[str, Any]:
        best = self.sightings[self.best]
        return {
            "id": self.id,
            "box": [round(v, 1) for v in best.box],
            "landmarks": [[round(x, 1), round(y, 1)] for x, y in best.landmarks],
            "confidence": round(best.confidence, 4),
            "best_frame": best.frame,
            "best_time": round(best.time, 4),
            "score": _rounded(self.score),
            "applicable": self.applicable,
            "reasons": [reason.to_dict() for reason in self.reasons],
            "sightings": [sighting.to_dict() for sighting in self.sightings],
        }


@dataclass(frozen=True, slots=True)
class FrameScore:
    index: int
    time: float
    score: float | None
    faces: int

    def to_dict(self) -> dict[str, Any]:
        return {
            "index": self.index,
            "time": round(self.time, 4),
            "score": _rounded(self.score),
            "faces": self.faces,
        }


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a video in which every sampled place has a score above the upper cut."""

    start: float
    end: float
    score: float

    def to_dict(self) -> dict[str, Any]:
        return {"start": round(self.start, 3), "end": round(self.end, 3), "score": round(self.score, 6)}


@dataclass(frozen=True, slots=True)
class Identity:
    """Which weights gave a score: enough to reproduce it."""

    name: str
    version: str
    kind: str
    sha256: str
    card_sha256: str
    runtime: str
    preprocessing: int

    @property
    def label(self) -> str:
        return f"{self.name}/{self.version}"

    def to_dict(self) -> dict[str, Any]:
        return {key: getattr(self, key) for key in self.__slots__}


@dataclass(frozen=True, slots=True)
class BundleFinding:
    """The result of one bundle for one file, or why there is none."""

    bundle: Identity
    policy: str
    status: str  # ran, failed, not_applicable, ignored, not_heard (the panel doesn't ask it about this medium)
    score: float | None = None
    score_raw: float | None = None
    calibrated: bool = False
    outcome: Outcome | None = None
    cuts: tuple[float, float] | None = None
    faces: dict[int | None, float] = field(default_factory=dict)  # None: the whole picture
    frames: tuple[tuple[int, int | None, float], ...] = ()  # frame, face, score
    unfamiliar: frozenset[int | None] = frozenset()  # faces outside the training distribution
    kinds: dict[int | None, dict[str, float]] = field(default_factory=dict)
    reasons: tuple[Reason, ...] = ()
    milliseconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        return {
            "bundle": self.bundle.to_dict(),
            "policy": self.policy,
            "status": self.status,
            "score": _rounded(self.score),
            "score_raw": _rounded(self.score_raw),
            "calibrated": self.calibrated,
            "outcome": self.outcome.value if self.outcome else None,
            "cuts": list(self.cuts) if self.cuts else None,
            "faces": [{"face": face, "score": _rounded(score)} for face, score in self.faces.items()],
            "frames": [[frame, face, _rounded(score)] for frame, face, score in self.frames],
            "unfamiliar": sorted(face for face in self.unfamiliar if face is not None),
            "reasons": [reason.to_dict() for reason in self.reasons],
            "milliseconds": round(self.milliseconds, 1),
        }


@dataclass(frozen=True, slots=True)
class OptionalEvidence:
    """A piece of evidence that may be missing: then `sentence` says why, and nothing takes its place."""

    status: str  # available, not_run, not_available, failed_check
    sentence: str
    content: dict[str, Any] = field(default_factory=dict)
    png: bytes | None = field(default=None, repr=False)
    ground: bytes | None = field(default=None, repr=False)  # JPEG of the crop under `png`

    def to_dict(self) -> dict[str, Any]:
        return {"status": self.status, "said": self.sentence, **self.content}


NOT_RUN = OptionalEvidence("not_run", "This was not asked for.")


@dataclass(frozen=True, slots=True)
class Portrait:
    """The crop of one face in one frame, for people to look at."""

    face: int
    frame: int
    time: float
    score: float | None
    jpeg: bytes = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        return {
            "face": self.face,
            "frame": self.frame,
            "time": round(self.time, 4),
            "score": _rounded(self.score),
        }


@dataclass(frozen=True, slots=True)
class Preview:
    """The picture, or one frame of a video, small and upright: any browser can show it."""

    frame: int
    time: float
    jpeg: bytes = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        return {"frame": self.frame, "time": round(self.time, 4)}


@dataclass(frozen=True, slots=True)
class Finding:
    """The whole result for one file."""

    media: dict[str, Any]
    outcome: Outcome
    score: float | None
    reasons: tuple[Reason, ...]
    faces: tuple[FoundFace, ...]
    frames: tuple[FrameScore, ...]
    segments: tuple[Segment, ...]
    bundles: tuple[BundleFinding, ...]
    panel: dict[str, Any]
    deciding_face: int | None = None
    deciding_bundle: str | None = None
    cuts: tuple[float, float] | None = None
    calibrated: bool = False  # whether the score may be called a probability
    kind: dict[str, Any] | None = None  # which kind of manipulation it resembles, where a bundle can tell
    portraits: tuple[Portrait, ...] = ()
    previews: tuple[Preview, ...] = ()
    worst_frame: int | None = None
    best_frame: int | None = None
    heatmap: OptionalEvidence = NOT_RUN
    stability: OptionalEvidence = NOT_RUN
    provenance: dict[str, Any] = field(default_factory=dict)
    milliseconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        return {
            "media": self.media,
            "outcome": self.outcome.value,
            "score": _rounded(self.score),
            "reasons": [reason.to_dict() for reason in self.reasons],
            "faces": [face.to_dict() for face in self.faces],
            "frames": [frame.to_dict() for frame in self.frames],
            "segments": [segment.to_dict() for segment in self.segments],
            "bundles": [finding.to_dict() for finding in self.bundles],
            "panel": self.panel,
            "deciding_face": self.deciding_face,
            "deciding_bundle": self.deciding_bundle,
            "cuts": list(self.cuts) if self.cuts else None,
            "calibrated": self.calibrated,
            "kind": self.kind,
            "portraits": [portrait.to_dict() for portrait in self.portraits],
            "worst_frame": self.worst_frame,
            "best_frame": self.best_frame,
            "heatmap": self.heatmap.to_dict(),
            "stability": self.stability.to_dict(),
            "provenance": self.provenance,
            "milliseconds": round(self.milliseconds, 1),
        }


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 6)
