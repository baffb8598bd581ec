"""Faces that are smoother or rougher than what is around them, and else the same.

Generators leave out a sensor's noise, and restorers draw too much detail: in the face, and not beside it.
"""

from typing import Any

import cv2
import numpy as np

from ..images import Pixels
from . import compression, mesh, upsampling
from .blending import blend_mask
from .faces import Face, Fake
from .mesh_swap import feathered


def smoother(face: Face, other: Face, chance: np.random.Generator) -> Fake:
    """The face without its noise or its finest detail: denoised, or drawn again of fewer pixels."""
    return _inside(face, _smoothed(face.source(chance), face.scale, chance), chance)


def rougher(face: Face, other: Face, chance: np.random.Generator) -> Fake:
    """The face with detail of its own: sharpened, with grain, or compressed once more than what is around it."""
    return _inside(face, _roughened(face.source(chance), face.scale, chance), chance)


def _inside(face: Face, source: Pixels, chance: np.random.Generator) -> Fake:
    if chance.random() < 0.6:
        part = str(chance.choice(["oval", "face", "inner"]))
        mask = feathered(mesh.outline(mesh.mesh_of(face), part, face.pixels.shape[:2]), face.scale, chance)
    else:
        mask = blend_mask(face, chance, ("face", "face", "head", "inner"))
    share = mask[..., None]
    pixels = face.pixels * (1 - share) + source * share
    return Fake(pixels.round().clip(0, 255).astype(np.uint8), mask)


def _smoothed(pixels: Pixels, scale: float, chance: np.random.Generator) -> Pixels:
    how = chance.random()
    if how < 0.25:
        out: Any = cv2.bilateralFilter(pixels, 7, float(chance.uniform(12, 40)), float(chance.uniform(1.5, 4)))
    elif how < 0.45:
        out = cv2.medianBlur(pixels, 3 if scale < 70 or chance.random() < 0.5 else 5)
    elif how < 0.7:
        out = upsampling.through(pixels, chance.uniform(0.45, 0.85), chance, upsampling.LEARNED)
    else:
        out = _without_noise(pixels, chance)
    if chance.random() < 0.6:  # as sharp as it was where there is an edge: only what is faint has gone
        share = chance.uniform(0.2, 0.9)
        out = cv2.addWeighted(out, 1 + share, cv2.GaussianBlur(out, (0, 0), 1.2), -share, 0)
    return np.asarray(out)


def _without_noise(pixels: Pixels, chance: np.random.Generator) -> Pixels:
    """Fine and faint differences shrunk, level by level, as a denoiser does it."""
    rest: Any = pixels.astype(np.float32)
    drawn, much = np.zeros_like(rest), chance.uniform(2, 9)
    for level in range(2):
        soft = cv2.GaussianBlur(rest, (0, 0), 1.0 * 2**level)
        band, rest = rest - soft, soft
        drawn += np.sign(band) * np.maximum(np.abs(band) - much / (1 + level), 0)
    return np.asarray((drawn + rest).round().clip(0, 255).astype(np.uint8))


def _roughened(pixels: Pixels, scale: float, chance: np.random.Generator) -> Pixels:
    how = chance.random()
    if how < 0.3:
        soft = cv2.GaussianBlur(pixels, (0, 0), chance.uniform(0.7, 1.8))
        share = chance.uniform(0.4, 1.6)
        return np.asarray(cv2.addWeighted(pixels, 1 + share, soft, -share, 0))
    if how < 0.6:
        return compression.noisy(pixels, chance)
    if how < 0.8:
        return compression.jpeg_encoded(pixels, int(chance.integers(25, 75)))
    grain: Any = chance.standard_normal(pixels.shape[:2], np.float32) * np.float32(chance.uniform(2, 9))
    grain = cv2.GaussianBlur(grain, (0, 0), chance.uniform(0.4, 0.9)) * np.float32(1.6)
    return np.asarray((pixels + grain[..., None]).clip(0, 255).astype(np.uint8))
