"""Short generated clips of a face, real or fake, from a moving still or a real video.

The fakes are those of pictures. Clips add how a fake changes over time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .. import crops, faces, videos
from ..errors import DetectionError
from ..images import Pixels
from ..limits import Clock, Limits
from ..media import probe
from . import compression, face_masks, pseudofakes
from .face_dataset import FaceCrop, Points
from .faces import Face
from .pseudofakes import KINDS
from .samples import REAL, FacePool, Recipe, box_of, downscaled, read, similar_face

FRAMES = 8  # of one window: two runs of consecutive frames
RUN = videos.RUN
FILMS = (".mp4", ".mkv", ".mov", ".webm", ".avi", ".mpg")
# How a fake changes over time: constant; new in each frame; one frame late; absent in some frames.
HOLDS = ("steady", "flickering", "late", "gone")


@dataclass(frozen=True, slots=True)
class Clip:
    """Crops of one face in order of time."""

    pixels: NDArray[np.uint8]
    kind: str
    person: str = ""

    @property
    def fake(self) -> bool:
        return self.kind != REAL


Batch = tuple[NDArray[np.uint8], list[str]]  # pixels, and the kind of each clip


@dataclass(frozen=True, slots=True)
class Stretch:
    """A face in a real video: runs of consecutive frames in one crop box, with landmarks."""

    group: str
    runs: tuple[tuple[Face, ...], ...]


def draw(
    cast: FacePool, recipe: Recipe, chance: np.random.Generator, stretches: Sequence[Stretch] = (), kind: str = ""
) -> Clip:
    """Draw one clip. Without a `kind`, half of the clips are real."""
    frames = _from_film(stretches, chance) if stretches and chance.random() < 0.5 else _animated(cast, recipe, chance)
    if not kind:
        kind = REAL if chance.random() < 0.5 else recipe.draw_kind(chance)
    if kind in KINDS:
        frames = _faked(frames, kind, cast, chance)
    elif chance.random() < recipe.blur_share:
        seed = int(chance.integers(2**31))
        frames = [
            replace(face, pixels=compression.blurred(face.pixels, np.random.default_rng(seed))) for face in frames
        ]
    return Clip(_cut(frames, recipe, chance), kind, frames[0].person)


def fixed(faces: Sequence[FaceCrop], recipe: Recipe, *, each: int, seed: int) -> list[Clip]:
    """Draw the same clips every time: as many real ones as fakes, and equally many of each kind."""
    cast, chance = FacePool.of(faces, recipe), np.random.default_rng(seed)
    kinds = [kind for kind, _ in recipe.weights]
    return [draw(cast, recipe, chance, (), kind) for kind in [*kinds, *[REAL] * len(kinds)] for _ in range(each)]


def batch_of(
    cast: FacePool, recipe: Recipe, count: int, chance: np.random.Generator, *, stretches: Sequence[Stretch] = ()
) -> Batch:
    made = [draw(cast, recipe, chance, stretches) for _ in range(count)]
    return np.stack([clip.pixels for clip in made]), [clip.kind for clip in made]


def _cut(frames: list[Face], recipe: Recipe, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Encode the frames as a video, and crop them with a slightly unsteady box."""
    height, width = (min(face.pixels.shape[side] for face in frames) // 2 * 2 for side in (0, 1))
    pictures = [np.ascontiguousarray(face.pixels[:height, :width]) for face in frames]
    seed = int(chance.integers(2**31))
    pictures = [compression.relit(face, np.random.default_rng(seed)) for face in pictures]  # one camera, one light
    if chance.random() < 0.85:
        pictures = compression.film(pictures, int(chance.integers(17, 33)))
    margin, box_seed = max(0.05, recipe.margin + chance.uniform(-0.06, 0.06)), int(chance.integers(2**31))
    made = []
    for face, picture in zip(frames, pictures, strict=True):
        box = np.array(box_of(face.landmarks, np.random.default_rng(box_seed)))
        left, top, right, bottom = (float(v) for v in box + chance.normal(0, 0.012, 4) * (box[2] - box[0]))
        made.append(crops.cut(picture, (left, top, right, bottom), margin=margin, size=recipe.size, fit=recipe.fit))
    return np.stack(made)


def _animated(cast: FacePool, recipe: Recipe, chance: np.random.Generator) -> list[Face]:
    """Animate a still: small shifts, zoom, rotation and bending, with a jump between the runs."""
    still = downscaled(read(cast.real[int(chance.integers(len(cast.real)))], chance), recipe, chance)
    height, width = still.pixels.shape[:2]
    middle = still.landmarks.mean(0)
    pose, pace = chance.normal(0, 1, 4), chance.normal(0, 0.35, 4)
    bend = face_masks.bend((height, width), chance, still.scale * chance.uniform(0.0, 0.03), still.scale * 0.7)
    opened = chance.uniform(-1, 1)
    frames = []
    for number in range(FRAMES):
        if number == RUN:
            pose, opened = pose + chance.normal(0, 1, 4), chance.uniform(-1, 1)
        pose, opened = pose + pace + chance.normal(0, 0.15, 4), opened + chance.normal(0, 0.12)
        matrix: Any = cv2.getRotationMatrix2D((float(middle[0]), float(middle[1])), pose[0] * 1.2, 1 + pose[1] * 0.01)
        matrix[:, 2] += pose[2:] * 0.02 * still.scale
        where = cv2.invertAffineTransform(matrix).astype(np.float32)
        ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
        from_x = where[0, 0] * xs + where[0, 1] * ys + where[0, 2] + bend[0] * np.float32(opened)
        from_y = where[1, 0] * xs + where[1, 1] * ys + where[1, 2] + bend[1] * np.float32(opened)
        moved = cv2.remap(still.pixels, from_x, from_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
        points: Points = (still.landmarks @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
        frames.append(replace(still, pixels=np.asarray(moved), landmarks=points))
    return frames


def _from_film(stretches: Sequence[Stretch], chance: np.random.Generator) -> list[Face]:
    """Two runs of a real video, mirrored in half of the cases."""
    stretch = stretches[int(chance.integers(len(stretches)))]
    runs = sorted(int(chance.integers(len(stretch.runs))) for _ in range(FRAMES // RUN))
    frames = [face for run in runs for face in stretch.runs[run]]
    if chance.random() < 0.5:
        frames = [_mirrored(face) for face in frames]
    return frames


def _mirrored(face: Face) -> Face:
    points = face.landmarks[[1, 0, 2, 4, 3]].copy()
    points[:, 0] = face.pixels.shape[1] - 1 - points[:, 0]
    return replace(face, pixels=np.ascontiguousarray(face.pixels[:, ::-1]), landmarks=points)


def _faked(frames: list[Face], kind: str, cast: FacePool, chance: np.random.Generator) -> list[Face]:
    hold = str(chance.choice(HOLDS))
    seed = int(chance.integers(2**31))
    other = read(similar_face(frames[0], cast.real, chance), chance)
    made: list[Face] = []
    for number, face in enumerate(frames):
        own = np.random.default_rng(seed + (number if hold == "flickering" else 0))
        before = frames[max(0, number - 1)] if hold == "late" else face
        if hold == "gone" and chance.random() < 0.2:
            made.append(face)
            continue
        fake = pseudofakes.make(kind, replace(before, generator=cast.generator), other, own).pixels
        made.append(replace(face, pixels=_laid(fake, before, face) if before is not face else fake))
    return made


def _laid(fake: Pixels, before: Face, face: Face) -> Pixels:
    """The face of the previous frame over this one, as with a delayed swap."""
    mask = face_masks.draw("face", before.landmarks, face.pixels.shape[:2], np.random.default_rng(0))
    soft = cv2.GaussianBlur(mask, (0, 0), max(1.0, face.scale * 0.08))[..., None]
    if fake.shape != face.pixels.shape:
        return face.pixels
    return np.asarray((fake * soft + face.pixels * (1 - soft)).round().clip(0, 255).astype(np.uint8))


def read_stretches(folder: Path) -> list[Stretch]:
    """Read the largest face of each video in a folder, while it stays in place."""
    stretches = []
    for path in sorted(file for file in folder.rglob("*") if file.suffix.lower() in FILMS):
        try:
            runs = _runs(path)
        except DetectionError:
            continue
        if runs:
            stretches.append(Stretch(path.stem, tuple(runs)))
    return stretches


def _runs(path: Path) -> list[tuple[Face, ...]]:
    limits = Limits()
    frames: dict[int, list[Face]] = {}
    place: tuple[int, int, int, int] | None = None
    for still in videos.sample(probe(path, limits), limits, Clock(limits.wall_seconds)):
        seen = max(faces.detect(still.pixels), key=lambda face: face.side, default=None)
        if seen is None:
            continue
        place = place or _around(seen.box, still.pixels.shape[:2])
        left, top, right, bottom = place
        points: Points = (np.array(seen.landmarks) - (left, top)).astype(np.float32)
        if ((points > 0) & (points < (right - left, bottom - top))).all():
            part = np.ascontiguousarray(still.pixels[top:bottom, left:right])
            frames.setdefault(still.run, []).append(Face(part, points))
    return [tuple(run[:RUN]) for run in frames.values() if len(run) >= RUN]


def _around(box: tuple[float, float, float, float], size: tuple[int, ...]) -> tuple[int, int, int, int]:
    """The box with a margin of half its size, with even sides as encoders need them."""
    left, top, right, bottom = box
    across, down = (right - left) / 2, (bottom - top) / 2
    x, y = max(0, int(left - across)), max(0, int(top - down))
    width, height = (int(min(size[1], right + across)) - x) // 2 * 2, (int(min(size[0], bottom + down)) - y) // 2 * 2
    return x, y, x + width, y + height
