"""A face in its picture, and a fake made of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..images import Pixels
from .eigenfaces import Eigenfaces
from .face_dataset import Points
from .face_masks import Mask


@dataclass(frozen=True, slots=True)
class Fake:
    """Pixels, and the share of each that was changed."""

    pixels: Pixels
    where: Mask

    @classmethod
    def whole(cls, pixels: Pixels) -> "Fake":
        return cls(pixels, np.ones(pixels.shape[:2], np.float32))


@dataclass(frozen=True, slots=True)
class Face:
    """Pixels with five landmarks in them."""

    pixels: Pixels
    landmarks: Points
    generator: Eigenfaces | None = None
    clean: Pixels | None = None  # before any compression or noise was added
    redrawn: Pixels | None = None  # the same picture, redrawn by a generator
    person: str = ""
    mesh: NDArray[np.float32] | None = None  # 468 points of it, where they have been fitted
    acting: float = 1.0  # how far another expression has gone in this frame of a film
    swapped: tuple[Pixels, ...] = ()  # small squares of it as a face swapper draws somebody else

    @property
    def scale(self) -> float:
        """The distance of the eyes, or an estimate from the height of the face if that is larger."""
        eyes = float(np.linalg.norm(self.landmarks[1] - self.landmarks[0]))
        down = float(np.linalg.norm(self.landmarks[3:].mean(0) - self.landmarks[:2].mean(0)))
        return max(eyes, down / 1.1, 4.0)

    def source(self, chance: np.random.Generator) -> Pixels:
        """Pixels to make a fake of: the picture, or in half of the cases its clean version."""
        return self.pixels if self.clean is None or chance.random() < 0.5 else self.clean
