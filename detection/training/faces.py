"""A face in its picture, as fakes are made of it; and a fake."""

from dataclasses import dataclass

import numpy as np

from ..images import Pixels
from .eigenfaces import Eigenfaces
from .face_dataset import Points
from .face_masks import Mask


@dataclass(frozen=True, slots=True)
class Fake:
    """Pixels, and how much of each is not what was there."""

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
    clean: Pixels | None = None  # as it was before it had a history
    redrawn: Pixels | None = None  # the same as a generator drew it
    person: str = ""

    @property
    def scale(self) -> float:
        """The distance of the eyes, but never less than the face's height would make one expect."""
        eyes = float(np.linalg.norm(self.landmarks[1] - self.landmarks[0]))
        down = float(np.linalg.norm(self.landmarks[3:].mean(0) - self.landmarks[:2].mean(0)))
        return max(eyes, down / 1.1, 4.0)

    def source(self, chance: np.random.Generator) -> Pixels:
        """What a fake is made of: what is there, or, as often, the same without what its picture went through."""
        return self.pixels if self.clean is None or chance.random() < 0.5 else self.clean
