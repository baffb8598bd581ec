"""Endless labelled crops: a real face, perhaps a fake made of it, degraded, and cut as it is cut at inspection."""

import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from queue import Full
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .. import crops
from ..images import Pixels
from . import degrading, pseudofakes
from .corpora import Points, RealFace
from .eigenfaces import Eigenfaces
from .pseudofakes import GROUPS, KINDS, Face

# The face finder's box, in distances of the eyes from the middle of the five landmarks: measured on 208 faces.
BOX_DOWN, BOX_WIDTH, BOX_HEIGHT = -0.21, 2.15, 2.88
REAL = "real"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How crops are cut; the same as in the bundle's card, with some jitter."""

    size: int = 160
    margin: float = 0.12
    fit: str = "resize"
    soft: float = 0.25  # of the real ones: as many as it takes for sharpness to tell nothing
    weights: tuple[tuple[str, float], ...] = tuple((kind, said[2]) for kind, said in KINDS.items())


@dataclass(frozen=True, slots=True)
class Sample:
    pixels: Pixels
    kind: str

    @property
    def fake(self) -> bool:
        return self.kind != REAL


def draw(
    faces: Sequence[RealFace],
    recipe: Recipe,
    chance: np.random.Generator,
    kind: str = "",
    generator: Eigenfaces | None = None,
) -> Sample:
    """One crop. `kind`: real, or a kind of fake; else a coin decides."""
    if not kind:
        kinds, shares = zip(*recipe.weights, strict=True)
        total = np.array(shares) / sum(shares)
        kind = REAL if chance.random() < 0.5 else str(chance.choice(kinds, p=total))
    face = _smaller(_read(faces[int(chance.integers(len(faces)))], chance), chance)
    pixels = face.pixels
    if kind != REAL:
        other = _read(_lookalike(face, faces, chance), chance)
        pixels = pseudofakes.make(kind, replace(face, generator=generator), other, chance)
    elif chance.random() < recipe.soft:
        pixels = degrading.softer(pixels, chance)
    before = pixels.shape[1]
    pixels = degrading.degrade(pixels, chance)
    box = _box(face.landmarks * (pixels.shape[1] / before), chance)
    margin = max(0.05, recipe.margin + chance.uniform(-0.06, 0.06))
    return Sample(crops.cut(pixels, box, margin=margin, size=recipe.size, fit=recipe.fit), kind)


def _read(face: RealFace, chance: np.random.Generator) -> Face:
    pixels, points = face.pixels(), face.landmarks
    if chance.random() < 0.5:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
        points = points[[1, 0, 2, 4, 3]].copy()
        points[:, 0] = pixels.shape[1] - 1 - points[:, 0]
    return Face(pixels, points)


def _smaller(face: Face, chance: np.random.Generator) -> Face:
    """Faces of 85 to 190 pixels between the cheeks, a quarter of them from 55: as in films and photos of groups."""
    share = min(1.0, chance.uniform(26 if chance.random() < 0.25 else 40, 90) / face.scale)
    pixels = degrading.resized(face.pixels, share, chance) if share < 0.95 else face.pixels
    return Face(pixels, face.landmarks * (pixels.shape[1] / face.pixels.shape[1]))


def _lookalike(face: Face, faces: Sequence[RealFace], chance: np.random.Generator) -> RealFace:
    """Of twelve others the one that is turned most alike."""
    own = _shape(face.landmarks)
    some = [faces[int(i)] for i in chance.integers(len(faces), size=12)]
    return min(some, key=lambda other: min(float(np.abs(_shape(p) - own).sum()) for p in (other.landmarks,)))


def _shape(points: Points) -> NDArray[np.float32]:
    middle = points - points.mean(0)
    return np.asarray(middle / np.linalg.norm(middle), np.float32)


def _box(landmarks: Points, chance: np.random.Generator) -> tuple[float, float, float, float]:
    scale = Face(np.zeros((1, 1, 3), np.uint8), landmarks).scale
    x, y = (float(v) for v in landmarks.mean(0))
    x, y = x + chance.normal(0, 0.08) * scale, y + (BOX_DOWN + chance.normal(0, 0.06)) * scale
    size = chance.normal(1, 0.05)
    width, height = BOX_WIDTH * scale * size / 2, BOX_HEIGHT * scale * size / 2
    return x - width, y - height, x + width, y + height


def group_of(kind: str) -> int:
    return GROUPS.index(KINDS[kind][1])


def stream(
    faces: list[RealFace], recipe: Recipe, *, batch: int, seed: int, workers: int
) -> Iterator[tuple[Pixels, list[str]]]:
    """Batches from processes of their own, for ever."""
    generator = generator_for(recipe, faces)
    context: Any = multiprocessing.get_context("spawn")
    queue = context.Queue(maxsize=24)
    started = [
        context.Process(target=_fill, args=(queue, faces, recipe, batch, seed + number, generator), daemon=True)
        for number in range(workers)
    ]
    for process in started:
        process.start()
    try:
        while True:
            yield queue.get()
    finally:
        for process in started:
            process.terminate()


def generator_for(recipe: Recipe, faces: Sequence[RealFace]) -> Eigenfaces | None:
    """Made of the same faces, where the recipe has fakes that need one."""
    return Eigenfaces.of(faces) if "generated" in dict(recipe.weights) else None


def _fill(
    queue: Any, faces: list[RealFace], recipe: Recipe, batch: int, seed: int, generator: Eigenfaces | None
) -> None:
    cv2.setNumThreads(1)
    queue.cancel_join_thread()  # whoever ends has nobody left to hand the rest to
    chance = np.random.default_rng(seed)
    while True:
        made = [draw(faces, recipe, chance, generator=generator) for _ in range(batch)]
        waiting = (np.stack([sample.pixels for sample in made]), [sample.kind for sample in made])
        while True:
            try:
                queue.put(waiting, timeout=60)
                break
            except Full:
                if not multiprocessing.parent_process().is_alive():  # type: ignore[union-attr]
                    return


def fixed(faces: list[RealFace], recipe: Recipe, *, each: int, seed: int) -> list[Sample]:
    """The same crops every time: as many real ones as fakes, and of each kind the same number."""
    cv2.setNumThreads(1)
    chance = np.random.default_rng(seed)
    kinds = [kind for kind, _ in recipe.weights]
    generator = generator_for(recipe, faces)
    return [
        draw(faces, recipe, chance, kind, generator) for kind in [*kinds, *[REAL] * len(kinds)] for _ in range(each)
    ]
