"""Masks of faces and their parts, drawn from five landmarks and an average face."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .face_dataset import Points

Mask = NDArray[np.float32]

# An average face. The eyes are one unit apart, the origin is half-way between them, and y points down.
FIVE = np.array([[-0.5, 0], [0.5, 0], [0, 0.62], [-0.42, 1.08], [0.42, 1.08]], np.float32)
JAW = [(-1.04, -0.12), (-1.02, 0.3), (-0.96, 0.75), (-0.84, 1.15), (-0.6, 1.5), (-0.3, 1.78), (0, 1.86)]
BROWS = [(0.95, -0.42), (0.55, -0.6), (0, -0.48), (-0.55, -0.6), (-0.95, -0.42)]
FOREHEAD = [(1.0, -0.5), (0.82, -0.95), (0.4, -1.22), (0, -1.3), (-0.4, -1.22), (-0.82, -0.95), (-1.0, -0.5)]


def _mirrored(half: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [*half, *((-x, y) for x, y in reversed(half[:-1]))]


SHAPES: dict[str, list[list[tuple[float, float]]]] = {
    "face": [_mirrored(JAW) + BROWS],
    "head": [_mirrored(JAW) + FOREHEAD],
    "inner": [[(-0.8, -0.3), (0.8, -0.3), (0.78, 0.5), (0.62, 1.3), (0, 1.5), (-0.62, 1.3), (-0.78, 0.5)]],
    "mouth": [[(-0.62, 1.0), (-0.3, 0.82), (0.3, 0.82), (0.62, 1.0), (0.42, 1.36), (0, 1.46), (-0.42, 1.36)]],
    "lower": [[(-0.95, 0.5), (0.95, 0.5), (0.84, 1.15), (0.6, 1.5), (0, 1.86), (-0.6, 1.5), (-0.84, 1.15)]],
    "eyes": [
        [(x + dx, dy) for dx, dy in ((-0.32, 0), (-0.18, -0.2), (0.18, -0.2), (0.32, 0), (0, 0.22))]
        for x in (-0.5, 0.5)
    ],
    "upper": [[(-1.0, -0.5), (1.0, -0.5), (0.98, 0.45), (0, 0.62), (-0.98, 0.45)]],
    "left": [[(-1.04, -0.4), (0, -0.5), (0, 1.86), (-0.6, 1.5), (-0.96, 0.75)]],
    "right": [[(1.04, -0.4), (0, -0.5), (0, 1.86), (0.6, 1.5), (0.96, 0.75)]],
    "nose": [[(-0.12, -0.05), (0.12, -0.05), (0.34, 0.62), (0.2, 0.78), (-0.2, 0.78), (-0.34, 0.62)]],
}


def placed(landmarks: Points) -> NDArray[np.float64]:
    """The affine map (2 × 3) from the average face to this one."""  # noqa: RUF002
    average = np.column_stack([FIVE, np.ones(5)])
    solution, *_ = np.linalg.lstsq(average, landmarks.astype(np.float64), rcond=None)
    return np.asarray(solution.T)


def draw(
    shape: str, landmarks: Points, size: tuple[int, int], chance: np.random.Generator, loose: float = 0.06
) -> Mask:
    """A hard mask of one part of a face, with jittered corners."""
    height, width = size
    mask = np.zeros((height, width), np.float32)
    place = placed(landmarks)
    grown = chance.uniform(0.88, 1.12)
    for corners in SHAPES[shape]:
        points = np.array(corners)
        centre = points.mean(0)
        points = centre + (points - centre) * grown + chance.normal(0, 0.06, points.shape)
        spots = np.column_stack([points, np.ones(len(points))]) @ place.T
        cv2.fillPoly(mask, [_rounded(spots)], 1.0)
    return mask


def _rounded(corners: NDArray[np.float64]) -> NDArray[np.int32]:
    """Round the corners of an outline (Chaikin's algorithm, twice)."""
    for _ in range(2):
        following = np.roll(corners, -1, axis=0)
        corners = np.stack([corners * 0.75 + following * 0.25, corners * 0.25 + following * 0.75], 1).reshape(-1, 2)
    return np.asarray(corners.round(), np.int32)


def softened(mask: Mask, chance: np.random.Generator, scale: float) -> Mask:
    """Distort a mask and soften its edge. `scale` is the distance of the eyes in pixels."""
    mask = elastic(mask, chance, scale * chance.uniform(0, 0.12), scale * 0.35)
    sigma = scale * float(chance.choice([0.01, 0.03, 0.06, 0.1, 0.16]))
    soft: Any = cv2.GaussianBlur(mask, (0, 0), max(0.4, sigma))
    if chance.random() < 0.4:  # inwards only
        soft = (soft - 0.5).clip(0) * 2
    return np.asarray((soft * _strength(chance)).clip(0, 1), np.float32)


def _strength(chance: np.random.Generator) -> float:
    return float(chance.choice([0.7, 1.0, 1.0, 1.0]))


def bend(size: tuple[int, int], chance: np.random.Generator, strength: float, smooth: float) -> list[Any]:
    """A smooth random displacement field: right and down, for each pixel."""
    height, width = size
    rows, columns = (max(2, round(side / max(2.0, smooth)) + 2) for side in size)
    coarse = [chance.normal(0, strength, (rows, columns)).astype(np.float32) for _ in range(2)]
    return [cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC) for field in coarse]


def elastic(pixels: Any, chance: np.random.Generator, strength: float, smooth: float) -> Any:
    """Elastic distortion by a smooth random field."""
    if strength < 0.3:
        return pixels
    height, width = pixels.shape[:2]
    fields = bend((height, width), chance, strength, smooth)
    xs, ys = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return cv2.remap(pixels, xs + fields[0], ys + fields[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
