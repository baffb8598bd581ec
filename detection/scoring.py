"""Score all faces of a file with one bundle: raw and calibrated, per face and frame."""

import time
from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .bundle import UPPER_QUARTER, Bundle
from .errors import BadBundle
from .face_tracking import CropSpec, TrackedFace, TrackedMedia
from .finding import BundleFinding, Code, Reason
from .fusion import Medium
from .limits import Clock
from .media import Kind, Media
from .panel import Weight
from .runtime import RUNTIME_ERRORS, Runner, runner
from .videos import RUN

Floats = NDArray[np.float32]
LEAST = 2  # frames of one face that a video network needs


def medium_of(media: Media) -> Medium:
    return Medium.PHOTO if media.kind is Kind.IMAGE else Medium.FILM


def crop_spec(bundle: Bundle) -> CropSpec:
    return CropSpec(bundle.size, bundle.margin, bundle.fit, bundle.looks_at)


def crop_specs(bundle: Bundle, medium: Medium) -> set[CropSpec]:
    """All crops that a bundle takes of a file. Films: also those of its other margins."""
    first = crop_spec(bundle)
    return {first} | {replace(first, margin=margin) for margin in _margins(bundle, medium)}


def _margins(bundle: Bundle, medium: Medium) -> tuple[float, ...]:
    """Consecutive frames are almost alike, so each takes another margin: that tells more, and costs nothing."""
    return bundle.film_margins if medium is Medium.FILM and bundle.film_margins else (bundle.margin,)


def score(
    bundle: Bundle, weight: Weight, view: TrackedMedia, clock: Clock, faces: Collection[int] | None = None
) -> BundleFinding:
    """Score a file with one bundle. A bundle that fails is reported; the others go on. `faces`: only these."""
    started = time.perf_counter()
    finding = BundleFinding(
        bundle=bundle.identity(),
        policy=weight.value,
        status="failed",
        calibrated=bundle.calibration.fitted and bundle.calibration.holds,
        cuts=(bundle.cuts.little_below, bundle.cuts.manipulated_above),
    )
    try:
        result = _score(runner(bundle), view, clock, finding, faces)
    except BadBundle as error:
        result = replace(finding, reasons=(Reason(Code.BUNDLE_FAILED, bundle.label, detail=str(error)),))
    except RUNTIME_ERRORS as error:
        sentence = f"The bundle {bundle.label} could not run ({type(error).__name__})."
        result = replace(finding, reasons=(Reason(Code.BUNDLE_FAILED, bundle.label, detail=sentence),))
    return replace(result, milliseconds=(time.perf_counter() - started) * 1000)


def _score(
    run: Runner, view: TrackedMedia, clock: Clock, finding: BundleFinding, only: Collection[int] | None
) -> BundleFinding:
    bundle = run.bundle
    rows: list[tuple[int | None, list[int], Floats]] = []  # face, frames, raw scores
    unfamiliar, kinds = set(), dict[int | None, dict[str, float]]()
    small = False
    for face, frames, pictures in _pictures(bundle, view):
        if only is not None and face is not None and face not in only:
            continue
        if face is not None and (small := _too_small(bundle, view, face)):
            continue
        if bundle.kind == "video" and len(frames) < LEAST:
            continue
        clock.check()
        raw, outputs = _raw(run, pictures)
        rows.append((face, frames, raw))
        if run.is_out_of_distribution(outputs):
            unfamiliar.add(face)
        if bundle.kinds and "kinds" in outputs:
            shares = outputs["kinds"].mean(0)
            kinds[face] = dict.fromkeys(bundle.kinds, 0.0)
            for kind, share in zip(bundle.kinds, shares, strict=True):
                kinds[face][kind] += float(share)
    if not rows:
        return replace(finding, status="not_applicable", reasons=(_not_applicable_reason(bundle, view, small),))
    faces = {face: _face_raw(bundle, raw) for face, _, raw in rows}
    worst = max(faces, key=lambda face: faces[face])
    scores = {face: bundle.calibration(raw) for face, raw in faces.items()}
    return replace(
        finding,
        status="ran",
        score=scores[worst],
        score_raw=faces[worst],
        outcome=bundle.cuts.outcome(scores[worst]),
        faces=scores,
        frames=tuple(
            (frame, face, bundle.calibration(float(value)))
            for face, frames, raw in rows
            for frame, value in zip(frames, raw, strict=True)
        ),
        unfamiliar=frozenset(unfamiliar),
        kinds=kinds,
    )


def _raw(run: Runner, pictures: NDArray[np.uint8]) -> tuple[Floats, dict[str, Floats]]:
    """One raw score per picture, and the other outputs of the network."""
    if run.bundle.kind == "image":
        outputs = run.raw(pictures)
        return outputs["score"], outputs
    outputs = run.raw(_windows(pictures, run.bundle.frames))
    return _spread(outputs["score"], len(pictures), run.bundle.frames), outputs


def face_score(run: Runner, pictures: NDArray[np.uint8]) -> tuple[float, float]:
    """The calibrated and the raw score of one face, from all its crops."""
    raw = _face_raw(run.bundle, _raw(run, pictures)[0])
    return run.bundle.calibration(raw), raw


def _pictures(bundle: Bundle, view: TrackedMedia) -> list[tuple[int | None, list[int], NDArray[np.uint8]]]:
    """For each face, or for the whole picture: its frames and the crops that the bundle takes."""
    medium = medium_of(view.media)
    if bundle.looks_at == "whole":
        pictures = view.wholes.get(crop_spec(bundle), [])
        return [(None, [index for index, _, _ in view.frames], np.stack(pictures))] if pictures else []
    return [
        (track.id, [seen.frame for seen in track.judged], pictures_of(bundle, track.judged, medium))
        for track in view.tracks
        if track.judged
    ]


def _too_small(bundle: Bundle, view: TrackedMedia, face: int) -> bool:
    return max(seen.face.side for seen in view.tracks[face].judged) < bundle.smallest_face


def _not_applicable_reason(bundle: Bundle, view: TrackedMedia, small: bool) -> Reason:
    if small:
        return Reason(Code.FACE_TOO_SMALL, bundle=bundle.label)
    if bundle.kind == "video" and (bundle.looks_at == "whole" or any(track.judged for track in view.tracks)):
        return Reason(Code.TOO_FEW_FRAMES, bundle=bundle.label)
    return Reason(Code.NO_FACE, bundle=bundle.label)


def _windows(pictures: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Windows of `size` frames that cover the track. A short track is repeated forwards and backwards."""
    return np.stack([pictures[where] for where in _places(len(pictures), size)])


def _places(count: int, size: int) -> list[NDArray[np.intp]]:
    if count < size:
        there_and_back = [*range(count), *range(count - 2, 0, -1)]
        return [np.resize(np.array(there_and_back, np.intp), size)]
    starts = [*range(0, count - size, size), count - size]
    return [np.arange(start, start + size) for start in starts]


def _spread(raw: Floats, count: int, size: int) -> Floats:
    """Assign the scores of windows to their frames; frames in two windows get the mean."""
    total, times = np.zeros(count), np.zeros(count)
    for value, where in zip(raw, _places(count, size), strict=True):
        np.add.at(total, where, float(value))
        np.add.at(times, where, 1)
    return (total / times).astype(np.float32)


def _mean(raw: Floats) -> float:
    """The mean in log-odds, in which one certain frame weighs more than in a plain mean."""
    if len(raw) == 1:
        return float(raw[0])
    held = raw.astype(np.float64).clip(1e-4, 1 - 1e-4)
    return float(1 / (1 + np.exp(-np.log(held / (1 - held)).mean())))


def _face_raw(bundle: Bundle, raw: Floats) -> float:
    """Of a face, from its frames. A fake may show in a few places only: the upper quarter of the places finds them."""
    if bundle.film_score == UPPER_QUARTER:
        places = np.array([_mean(raw[start : start + RUN]) for start in range(0, len(raw), RUN)], np.float32)
        raw = np.sort(places)[-max(1, len(places) // 4) :]
    return _mean(raw)


def pictures_of(bundle: Bundle, seen: list[TrackedFace], medium: Medium = Medium.PHOTO) -> NDArray[np.uint8]:
    cut, margins = crop_spec(bundle), _margins(bundle, medium)
    return np.stack(
        [face.crops[replace(cut, margin=margins[number % len(margins)])] for number, face in enumerate(seen)]
    )
