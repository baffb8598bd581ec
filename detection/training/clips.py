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
from . import compression, face_masks, mesh, pseudofakes, reenactment
from .face_dataset import FaceCrop, Points
from .faces import Face
from .pseudofakes import KINDS, SWAPPED
from .samples import REAL, FacePool, Recipe, box_of, downscaled, read, similar_face

FRAMES = 8  # of one window: two runs of consecutive frames
RUN = videos.RUN
FILMS = (".mp4", ".mkv", ".mov", ".webm", ".avi", ".mpg")
# How a fake changes over time: constant; landmarks that tremble; new in each frame; one frame late; absent in some.
HOLDS = ("steady", "trembling", "trembling", "flickering", "late", "gone")
TALKING = 0.6  # share of the animated stills that talk, real and fake alike
STRONG = 0.2  # share of the clips that are compressed like c40 of FaceForensics++, or more


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
    if not kind:
        kind = REAL if chance.random() < 0.5 else recipe.draw_kind(chance)
    if stretches and kind not in SWAPPED and chance.random() < 0.5:
        frames = _from_film(stretches, chance)
    else:
        frames = _animated(cast.among(kind), recipe, chance)
    if kind in KINDS:
        frames = faked(frames, kind, cast, chance)
    elif chance.random() < recipe.blur_share:
        seed = int(chance.integers(2**31))
        frames = [
            replace(face, pixels=compression.blurred(face.pixels, np.random.default_rng(seed))) for face in frames
        ]
    return Clip(_cut(frames, recipe, chance), kind, frames[0].person)


def fixed(faces: Sequence[FaceCrop], recipe: Recipe, *, each: int, seed: int) -> list[Clip]:
    """Draw the same clips every time: as many real ones as fakes, and equally many of each kind."""
    cast, chance = FacePool.from_faces(faces, recipe), np.random.default_rng(seed)
    kinds = [kind for kind, _ in recipe.weights]
    return [draw(cast, recipe, chance, (), kind) for kind in [*kinds, *[REAL] * len(kinds)] for _ in range(each)]


def batch_of(
    cast: FacePool, recipe: Recipe, count: int, chance: np.random.Generator, *, stretches: Sequence[Stretch] = ()
) -> Batch:
    drawn = [draw(cast, recipe, chance, stretches) for _ in range(count)]
    return np.stack([clip.pixels for clip in drawn]), [clip.kind for clip in drawn]


def _cut(frames: list[Face], recipe: Recipe, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Encode the frames as a video, and crop them with a slightly unsteady box."""
    height, width = (min(face.pixels.shape[side] for face in frames) // 2 * 2 for side in (0, 1))
    pictures = [np.ascontiguousarray(face.pixels[:height, :width]) for face in frames]
    seed = int(chance.integers(2**31))
    pictures = [compression.relit(face, np.random.default_rng(seed)) for face in pictures]  # one camera, one light
    if chance.random() < 0.85:
        strong = chance.random() < STRONG
        pictures = compression.film(pictures, int(chance.integers(33, 42) if strong else chance.integers(17, 33)))
    margin, box_seed = max(0.05, recipe.margin + chance.uniform(-0.06, 0.06)), int(chance.integers(2**31))
    crops_of_frames = []
    for face, picture in zip(frames, pictures, strict=True):
        box = np.array(box_of(face.landmarks, np.random.default_rng(box_seed)))
        left, top, right, bottom = (float(v) for v in box + chance.normal(0, 0.012, 4) * (box[2] - box[0]))
        crops_of_frames.append(
            crops.cut(picture, (left, top, right, bottom), margin=margin, size=recipe.size, fit=recipe.fit)
        )
    return np.stack(crops_of_frames)


def _animated(faces: Sequence[FaceCrop], recipe: Recipe, chance: np.random.Generator) -> list[Face]:
    """Animate a still: small shifts, zoom, rotation, bending and often talking, with a jump between the runs."""
    still = downscaled(read(faces[int(chance.integers(len(faces)))], chance), recipe, chance)
    size = height, width = still.pixels.shape[:2]
    middle = still.landmarks.mean(0)
    pose, pace = chance.normal(0, 1, 4), chance.normal(0, 0.35, 4)
    bend = face_masks.bend((height, width), chance, still.scale * chance.uniform(0.0, 0.03), still.scale * 0.7)
    opened = chance.uniform(-1, 1)
    talk = reenactment.invented(mesh.mesh_of(still), chance) if chance.random() < TALKING else None
    acting = _acting(FRAMES, chance)
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
        points, fitted = still.landmarks, mesh.mesh_of(still)
        if talk is not None:
            spoken = (fitted + talk * acting[number]).astype(np.float32)
            said_x, said_y = mesh.flow(fitted, spoken, size, still.scale * 0.6)
            points, fitted = points + mesh.five(spoken) - mesh.five(fitted), spoken
            from_x, from_y = (
                cv2.remap(there, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
                for there in (said_x, said_y)
            )
        moved = cv2.remap(still.pixels, from_x, from_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
        landmarks: Points = (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
        there = None if still.mesh is None else mesh.moved(fitted, matrix)
        frames.append(replace(still, pixels=np.asarray(moved), landmarks=landmarks, mesh=there))
    return frames


def _acting(count: int, chance: np.random.Generator) -> NDArray[np.float64]:
    """How far an expression has gone in each frame. It comes and goes smoothly."""
    time = np.arange(count)
    waves = [np.sin(chance.uniform(0, 2 * np.pi) + chance.normal(0, 0.5) * time) for _ in range(2)]
    return np.asarray(0.5 + 0.4 * waves[0] + 0.25 * waves[1])


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
    fitted = None if face.mesh is None else mesh.mirrored(face.mesh, face.pixels.shape[1])
    return replace(face, pixels=np.ascontiguousarray(face.pixels[:, ::-1]), landmarks=points, mesh=fitted)


def faked(frames: list[Face], kind: str, cast: FacePool, chance: np.random.Generator, hold: str = "") -> list[Face]:
    """Fake each frame of one face. Without a `hold`, chance decides how the fake changes over time."""
    hold = hold or str(chance.choice(HOLDS))
    seed = int(chance.integers(2**31))
    other = read(similar_face(frames[0], cast.real, chance), chance)
    acting, light = _acting(len(frames), chance), float(chance.choice([0.0, 0.0, 1.0, 3.0]))
    result: list[Face] = []
    for number, face in enumerate(frames):
        own = np.random.default_rng(seed + (number if hold == "flickering" else 0))
        before = frames[max(0, number - 1)] if hold == "late" else face
        if hold == "gone" and chance.random() < 0.2:
            result.append(face)
            continue
        source = replace(before, generator=cast.generator, acting=float(acting[number]))
        if hold == "trembling":
            source = _trembled(source, chance)
        fake = pseudofakes.make(kind, source, other, own)
        pixels = fake.pixels
        if light:  # colours that are matched anew in each frame, inside the fake alone
            shift = chance.normal(0, light, 3) * fake.where[..., None]
            pixels = (pixels + shift).round().clip(0, 255).astype(np.uint8)
        result.append(replace(face, pixels=_laid(pixels, before, face) if before is not face else pixels))
    return result


def _trembled(face: Face, chance: np.random.Generator) -> Face:
    """With landmarks as a finder of faces has them in one frame: all of them off a little, and each by itself."""
    off = chance.normal(0, 0.012, 2) * face.scale
    landmarks = face.landmarks + off + chance.normal(0, 0.008, (5, 2)) * face.scale
    fitted = None if face.mesh is None else face.mesh.copy()
    if fitted is not None:
        fitted[:, :2] += (off + chance.normal(0, 0.006, (len(fitted), 2)) * face.scale).astype(np.float32)
    by = int(chance.integers(len(face.swapped))) if face.swapped else 0
    squares = (*face.swapped[by:], *face.swapped[:by])
    return replace(face, landmarks=landmarks.astype(np.float32), mesh=fitted, swapped=squares)


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
