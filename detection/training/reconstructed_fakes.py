"""Fakes of faces that `reconstruct_faces` has drawn: the whole picture, the face alone, the mouth alone."""

import numpy as np

from .blending import blend_mask
from .faces import Face, Fake


def reconstructed(face: Face, other: Face, chance: np.random.Generator) -> Fake:
    """The whole picture as a decoder drew it: nothing but its traces is different."""
    assert face.redrawn is not None
    return Fake.whole(face.redrawn)


def face_reconstructed(face: Face, other: Face, chance: np.random.Generator) -> Fake:
    return _laid_in(face, chance, ("face", "face", "head", "inner"))


def mouth_reconstructed(face: Face, other: Face, chance: np.random.Generator) -> Fake:
    return _laid_in(face, chance, ("mouth", "lower"))


def _laid_in(face: Face, chance: np.random.Generator, shapes: tuple[str, ...]) -> Fake:
    assert face.redrawn is not None
    mask = blend_mask(face, chance, shapes)
    share = mask[..., None]
    mixed = face.pixels * (1 - share) + face.redrawn * share
    return Fake(mixed.round().clip(0, 255).astype(np.uint8), mask)
