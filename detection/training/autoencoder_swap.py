"""Paste the squares that a face swapper has drawn back into their pictures, as Deepfakes tools do."""

from typing import Any

import cv2
import numpy as np

from ..images import Pixels
from . import blending, compression, mesh
from .face_masks import Mask
from .face_swapper import PLACES, SIDE
from .faces import Face, Fake
from .mesh_swap import feathered, lit_like

PARTS = ("face", "face", "oval", "inner")


def autoencoder_swap(face: Face, other: Face, chance: np.random.Generator) -> Fake:
    """Somebody else with this face's expression, enlarged from 64 pixels, in these colours."""
    assert face.swapped
    landmarks = face.landmarks + chance.normal(0, 0.008, (5, 2)) * face.scale
    drawn, inside = pasted(face.swapped[0], landmarks.astype(np.float32), face.pixels.shape[:2], chance)
    shape, colours = chance.random(), chance.random()
    seam = "poisson" if chance.random() < 0.2 else "feathered"
    hard = (
        inside if shape < 0.25 else mesh.outline(mesh.mesh_of(face), str(chance.choice(PARTS)), inside.shape) * inside
    )
    mask = feathered(hard, face.scale, chance)
    if colours < 0.55:
        drawn = blending.match_colours(drawn, face.pixels, mask, chance)
    elif colours < 0.85 and seam != "poisson":
        drawn = lit_like(drawn, face.pixels, mask, face.scale * chance.uniform(0.4, 1.0))
    return Fake(blending.joined(face.pixels, drawn, mask, seam), mask)


def pasted(square: Pixels, landmarks: Any, size: tuple[int, int], chance: np.random.Generator) -> tuple[Pixels, Mask]:
    """Lay the square over the landmarks. The mask is its middle: the rim was never learnt well."""
    if chance.random() < 0.3:  # some tools enlarge in two steps, or sharpen
        how = int(chance.choice(compression.LARGER))
        square = np.asarray(cv2.resize(square, (2 * SIDE, 2 * SIDE), interpolation=how))
    if chance.random() < 0.4:
        share = chance.uniform(0.3, 1.5)
        square = np.asarray(cv2.addWeighted(square, 1 + share, cv2.GaussianBlur(square, (0, 0), 1.0), -share, 0))
    grown = square.shape[0] / SIDE
    matrix, _ = cv2.estimateAffinePartial2D(PLACES * grown, landmarks, method=cv2.LMEDS)
    if matrix is None:
        return np.zeros((*size, 3), np.uint8), np.zeros(size, np.float32)
    how = cv2.INTER_CUBIC if chance.random() < 0.6 else cv2.INTER_LINEAR
    drawn = cv2.warpAffine(square, matrix, size[::-1], flags=how, borderMode=cv2.BORDER_REPLICATE)
    middle = np.zeros(square.shape[:2], np.float32)
    low, high = (round(edge * grown) for edge in (SIDE * 0.14, SIDE * 0.86))
    middle[round(SIDE * 0.2 * grown) : round(SIDE * 0.92 * grown), low:high] = 1
    inside = cv2.warpAffine(middle, matrix, size[::-1], flags=cv2.INTER_NEAREST)
    return np.asarray(drawn), np.asarray(inside, np.float32)
