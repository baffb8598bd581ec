"""A small generator of faces: the mean face and principal components.

What it gives back has left its own pixels behind: smooth, average, without a camera's noise, as generators' faces are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..images import Pixels
from .face_dataset import FaceCrop, Points

SIDE = 80
# The five landmarks in the square, as shares of its side.
PLACES = np.array([[0.31, 0.36], [0.69, 0.36], [0.5, 0.58], [0.35, 0.77], [0.65, 0.77]], np.float32) * SIDE

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Eigenfaces:
    mean: Floats  # of all pixels
    directions: Floats  # one row each
    spread: Floats  # of the faces along each

    @classmethod
    def fit(cls, faces: Sequence[FaceCrop], count: int = 240, most: int = 1500) -> "Eigenfaces":
        step = max(1, len(faces) // most)
        rows = np.stack([_square(face.pixels(), face.landmarks)[0] for face in faces[::step]])
        mean = rows.mean(0)
        rows -= mean
        values, vectors = np.linalg.eigh(rows @ rows.T)
        order = np.argsort(-values)[: min(count, len(rows) - 1)]
        scale = np.sqrt(np.maximum(values[order], 1e-6))
        directions = (vectors[:, order] / scale).T @ rows
        return cls(mean, directions.astype(np.float32), (scale / np.sqrt(len(rows))).astype(np.float32))

    def redrawn(self, pixels: Pixels, landmarks: Points, chance: np.random.Generator) -> Pixels:
        """Replace the face by its reconstruction, slightly varied."""
        square, matrix = _square(pixels, landmarks)
        count = int(chance.integers(len(self.spread) // 6, len(self.spread)))
        place = self.directions[:count] @ (square - self.mean)
        place += chance.normal(0, chance.uniform(0, 0.5), count).astype(np.float32) * self.spread[:count]
        drawn = (self.mean + place @ self.directions[:count]).reshape(SIDE, SIDE, 3).clip(0, 255)
        back = cv2.invertAffineTransform(matrix)
        size = pixels.shape[1::-1]
        laid = cv2.warpAffine(drawn, back, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
        inside = cv2.warpAffine(np.ones((SIDE, SIDE), np.float32), back, size)[..., None]
        return np.asarray((laid * inside + pixels * (1 - inside)).clip(0, 255).astype(np.uint8))


def _square(pixels: Pixels, landmarks: Points) -> tuple[Floats, Any]:
    matrix, _ = cv2.estimateAffinePartial2D(landmarks, PLACES, method=cv2.LMEDS)
    if matrix is None:
        matrix = np.array([[1, 0, 0], [0, 1, 0]], np.float64)
    shrunk = float(np.hypot(matrix[0, 0], matrix[0, 1]))
    soft = cv2.GaussianBlur(pixels, (0, 0), 0.5 / shrunk) if shrunk < 0.7 else pixels
    square = cv2.warpAffine(soft, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(square, np.float32).reshape(-1), matrix
