"""inspect(): from a file to everything that can be said of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import cv2

from . import explain, face_tracking, scoring, stability
from . import panel as panels
from .crops import resized
from .face_tracking import CropSpec, Track, TrackedFace, TrackedMedia
from .finding import (
    NOT_RUN,
    BundleFinding,
    Code,
    Finding,
    FoundFace,
    FrameScore,
    Outcome,
    Portrait,
    Preview,
    Reason,
    Segment,
    Sighting,
)
from .fusion import Medium
from .images import Pixels
from .limits import Clock, Limits
from .media import Kind, Media
from .panel import Judgement, Panel, Weight
from .reading import Reader, reading

if TYPE_CHECKING:
    from .sandbox.pool import Sandbox

PORTRAIT = CropSpec(size=224, margin=0.3, fit="resize", looks_at="face")
PORTRAITS = 6

Progress = Callable[[float], None]
LOOKING, SCORING = 0.7, 0.25  # their shares of the time, for the progress bar


def inspect(
    path: Path | str,
    *,
    bundles: Path | str | Panel,
    limits: Limits | None = None,
    progress: Progress | None = None,
    heatmap: bool = True,
    check_stability: bool | None = False,
    location: bool = False,
    anchors: str = "",
    sandbox: "Sandbox | None" = None,
) -> Finding:
    """Judge one file. Raises DetectionError where it can't be read; whatever `progress` raises ends it too.

    `check_stability`: None checks where an unstable score would turn the outcome.
    `location`: show where a picture says it was taken. `anchors`: certificates (PEM) of whom to trust as signers of
    Content Credentials. `sandbox`: decode in its processes, and not in this one.
    """
    started, limits, report_progress = time.perf_counter(), limits or Limits(), progress or _no_progress
    clock = Clock(limits.wall_seconds)
    with reading(Path(path), limits, clock, sandbox) as reader:
        report_progress(0.0)
        panel = bundles if isinstance(bundles, Panel) else panels.read_panel(bundles)
        finding, view = _judge(reader, panel, clock, report_progress, location=location, anchors=anchors)
        finding = replace(finding, heatmap=explain.heatmap(panel, view, finding) if heatmap else NOT_RUN)
        if check_stability or (
            check_stability is None and stability.could_turn(finding.outcome, finding.score, finding.cuts)
        ):
            slot, doubts = stability.check(panel, view, finding)
            outcome = Outcome.INCONCLUSIVE if doubts else finding.outcome  # what a re-save could turn is not known
            finding = replace(finding, outcome=outcome, stability=slot, reasons=(*finding.reasons, *doubts))
    clock.check()
    report_progress(1.0)
    return replace(finding, milliseconds=(time.perf_counter() - started) * 1000)


def _judge(
    reader: Reader, panel: Panel, clock: Clock, report_progress: Progress, *, location: bool, anchors: str
) -> tuple[Finding, TrackedMedia]:
    medium = scoring.medium_of(reader.media)
    cuts = {spec for bundle, _ in panel.heard_in(medium) for spec in scoring.crop_specs(bundle, medium)}
    view = face_tracking.track_faces(reader, clock, cuts | {PORTRAIT}, lambda share: report_progress(share * LOOKING))
    findings = _score(panel, view, clock, report_progress)
    credentials = reader.provenance(location=location, anchors=anchors)
    heights = {track.id: track.height for track in view.tracks}
    judgement = panels.judge(panel, medium, findings, _reasons_not_judged(view), heights)
    finding = _finding(reader.media, panel, view, findings, judgement)
    reasons = (*finding.reasons, *credentials.reasons)
    return replace(finding, provenance=credentials.to_dict(), reasons=reasons), view


def _no_progress(share: float) -> None:
    """Progress that nobody asked for."""


def _score(panel: Panel, view: TrackedMedia, clock: Clock, report_progress: Progress) -> tuple[BundleFinding, ...]:
    findings, medium = [], scoring.medium_of(view.media)
    for number, (bundle, weight) in enumerate(panel.members):
        of_faces = [track.id for track in view.tracks if panel.counts_for(bundle, medium, track.height)]
        unused = bundle.looks_at == "face" and view.tracks and not of_faces
        if panel.is_heard(bundle, weight, medium) and not unused:
            findings.append(scoring.score(bundle, weight, view, clock, of_faces))
        else:
            status = "ignored" if weight is Weight.IGNORE else "not_heard"
            findings.append(BundleFinding(bundle.identity(), weight.value, status))
        report_progress(LOOKING + SCORING * (number + 1) / len(panel.members))
    return tuple(findings)


def _reasons_not_judged(view: TrackedMedia) -> tuple[Reason, ...]:
    """Why nobody could be judged: no face at all, or what every face lacked."""
    if not view.tracks:
        return (Reason(Code.NO_FACE),)
    if any(track.judged for track in view.tracks):
        return ()
    return tuple(reason for track in view.tracks for reason in _track_reasons(track))


def _track_reasons(track: Track) -> tuple[Reason, ...]:
    """Of a face that could not be judged: the reasons of its clearest sighting."""
    if track.judged:
        return ()
    return tuple(replace(reason, face=track.id) for reason in track.seen[track.best].reasons)


@dataclass(frozen=True, slots=True)
class _Scores:
    """The panel's scores of faces and of faces in frames, by the same rule as the outcome's."""

    faces: dict[int | None, float]
    sightings: dict[tuple[int, int | None], float]


def _scores(panel: Panel, view: TrackedMedia, findings: tuple[BundleFinding, ...]) -> _Scores:
    medium = scoring.medium_of(view.media)
    heights: dict[int | None, float] = {track.id: track.height for track in view.tracks}
    faces: dict[int | None, dict[str, float]] = {}
    seen: dict[tuple[int, int | None], dict[str, float]] = {}
    for finding in findings:
        for face, score in finding.faces.items():
            faces.setdefault(face, {})[finding.bundle.label] = score
        for frame, face, score in finding.frames:
            seen.setdefault((frame, face), {})[finding.bundle.label] = score
    return _Scores(
        {face: panel.score(medium, scores, heights.get(face)) for face, scores in faces.items()},
        {place: panel.score(medium, scores, heights.get(place[1])) for place, scores in seen.items()},
    )


def _finding(
    media: Media, panel: Panel, view: TrackedMedia, findings: tuple[BundleFinding, ...], judgement: Judgement
) -> Finding:
    scores = _scores(panel, view, findings)
    frames = tuple(_frame(index, at, view, scores) for index, at, _ in view.frames)
    of_worst = {frame: score for (frame, face), score in scores.sightings.items() if face == judgement.face}
    outcome, reasons = judgement.outcome, list(judgement.reasons)
    if not view.frames:
        outcome, reasons = Outcome.UNABLE_TO_EVALUATE, [Reason(Code.FRAMES_UNREADABLE)]
    return Finding(
        media=media.to_dict(),
        outcome=outcome,
        score=judgement.score,
        reasons=tuple(reasons),
        faces=tuple(_face(track, scores) for track in view.tracks),
        frames=frames,
        segments=_segments(view, frames, judgement),
        bundles=findings,
        panel=panel.to_dict(),
        deciding_face=judgement.face,
        deciding_bundle=judgement.bundle,
        cuts=(judgement.cuts.little_below, judgement.cuts.manipulated_above) if judgement.cuts else None,
        calibrated=judgement.calibrated,
        kind=_kind(panel, scoring.medium_of(view.media), findings, judgement),
        portraits=_portraits(view, scores),
        previews=tuple(Preview(index, at, _jpeg(pixels)) for index, at, pixels in view.previews),
        worst_frame=max(of_worst, key=lambda frame: of_worst[frame], default=None),
        best_frame=min(of_worst, key=lambda frame: of_worst[frame], default=None),
    )


def _frame(index: int, at: float, view: TrackedMedia, scores: _Scores) -> FrameScore:
    frame_scores = [score for (frame, _), score in scores.sightings.items() if frame == index]
    seen = sum(any(sighting.frame == index for sighting in track.seen) for track in view.tracks)
    return FrameScore(index, at, max(frame_scores) if frame_scores else None, seen)


def _face(track: Track, scores: _Scores) -> FoundFace:
    return FoundFace(
        id=track.id,
        sightings=tuple(
            _sighting(sighting, scores.sightings.get((sighting.frame, track.id))) for sighting in track.seen
        ),
        best=track.best,
        score=scores.faces.get(track.id),
        reasons=_track_reasons(track),
    )


def _sighting(seen: TrackedFace, score: float | None) -> Sighting:
    face = seen.face
    return Sighting(seen.frame, seen.time, face.box, face.landmarks, face.confidence, seen.reasons, score)


def _segments(view: TrackedMedia, frames: tuple[FrameScore, ...], judgement: Judgement) -> tuple[Segment, ...]:
    """Neighbouring places of a video whose frames are, on the mean, above the cut-off."""
    if view.media.kind is not Kind.VIDEO or judgement.cuts is None:
        return ()
    runs = [run for _, _, run in view.frames]
    places: list[tuple[float, float, float | None]] = []
    for _, group in groupby(zip(runs, frames, strict=True), key=lambda pair: pair[0]):
        stretch = [frame for _, frame in group]
        scores = [frame.score for frame in stretch if frame.score is not None]
        places.append((stretch[0].time, stretch[-1].time, fmean(scores) if scores else None))
    cut, segments = judgement.cuts.manipulated_above, []
    for high, group_ in groupby(places, key=lambda place: place[2] is not None and place[2] > cut):
        stretch_ = list(group_)
        if high:
            segments.append(Segment(stretch_[0][0], stretch_[-1][1], fmean(p[2] for p in stretch_ if p[2] is not None)))
    return tuple(segments)


def _kind(
    panel: Panel, medium: Medium, findings: tuple[BundleFinding, ...], judgement: Judgement
) -> dict[str, object] | None:
    """Named only where a manipulation is likely, by a rule or a bundle that was measured to tell kinds apart."""
    if judgement.outcome is not Outcome.LIKELY_MANIPULATED:
        return None
    if rule := panel.kinds.get(medium):
        return rule.name({f.bundle.label: f.faces[judgement.face] for f in findings if judgement.face in f.faces})
    for finding in sorted(findings, key=lambda f: f.bundle.label != judgement.bundle):
        shares = finding.kinds.get(judgement.face) if finding.status == "ran" else None
        if shares:
            name = max(shares, key=lambda kind: shares[kind])
            if name == "other":  # kinds that this bundle can't tell
                return None
            return {"name": name, "share": round(shares[name], 4), "bundle": finding.bundle.label}
    return None


def _portraits(view: TrackedMedia, scores: _Scores) -> tuple[Portrait, ...]:
    """The most suspicious faces first; of each run of frames one is enough."""
    seen = [(track, sighting) for track in view.tracks for sighting in track.judged]
    seen.sort(key=lambda pair: (-scores.sightings.get((pair[1].frame, pair[0].id), 0.0), -pair[1].clarity))
    kept: list[Portrait] = []
    places: set[tuple[int, int]] = set()
    for track, sighting in seen:
        if (track.id, sighting.run) not in places and len(kept) < PORTRAITS:
            places.add((track.id, sighting.run))
            score = scores.sightings.get((sighting.frame, track.id))
            face = resized(sighting.crops[PORTRAIT], PORTRAIT.size)
            kept.append(Portrait(track.id, sighting.frame, sighting.time, score, _jpeg(face)))
    return tuple(kept)


def _jpeg(pixels: Pixels) -> bytes:
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 88])
    return encoded.tobytes()
