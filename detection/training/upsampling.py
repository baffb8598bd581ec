"""Downscale, and upscale as decoders do, which leaves traces."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..images import Pixels
from . import compression


def rebuilt(pixels: Pixels, chance: np.random.Generator, scale: float) -> Pixels:
    """Downscale to a square of 64 to 160 pixels and back, with the blur of a decoder."""
    side = float(chance.choice([64, 96, 128, 128, 160]))
    share = min(0.95, side / (scale * 3.0))
    out = through(pixels, share, chance)
    if chance.random() < 0.4:
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), chance.uniform(0.4, 1.0)))
    if chance.random() < 0.3:
        out = np.asarray(cv2.bilateralFilter(out, -1, 20, 3))
    return out


LEARNED = ("nearest", "zeros", "shuffle")  # not plain resizing, which real pictures have too


def through(
    pixels: Pixels, share: float, chance: np.random.Generator, hows: tuple[str, ...] = (*LEARNED, "plain")
) -> Pixels:
    """Downscale, and upscale by one of the methods of decoders."""
    height, width = pixels.shape[:2]
    size = (max(8, round(width * share)), max(8, round(height * share)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    how = str(chance.choice(hows))
    if how in ("zeros", "shuffle"):
        small = _learned_like(np.asarray(small), how, chance)
        return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))
    if how == "nearest":
        doubled = cv2.resize(small, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
        doubled = cv2.filter2D(doubled, -1, _kernel(chance))
        return np.asarray(cv2.resize(doubled, (width, height), interpolation=cv2.INTER_LINEAR))
    return np.asarray(cv2.resize(small, (width, height), interpolation=int(chance.choice(compression.LARGER))))


def _learned_like(small: Pixels, how: str, chance: np.random.Generator) -> Pixels:
    """Upscale twice by a transposed convolution or a pixel shuffle with slightly random filters."""
    height, width = small.shape[:2]
    out: NDArray[np.float32] = np.zeros((height * 2, width * 2, 3), np.float32)
    if how == "zeros":
        out[::2, ::2] = small
        kernel = np.outer([0.5, 1.0, 0.5], [0.5, 1.0, 0.5]) + chance.normal(0, 0.02, (3, 3))
        full: Any = cv2.filter2D(out, -1, kernel.astype(np.float32))
        return np.asarray(full.clip(0, 255).astype(np.uint8))
    for down in (0, 1):
        for right in (0, 1):
            out[down::2, right::2] = cv2.filter2D(small.astype(np.float32), -1, _kernel(chance, (down, right)))
    return out.clip(0, 255).astype(np.uint8)


def _kernel(chance: np.random.Generator, phase: tuple[int, int] | None = None) -> NDArray[np.float32]:
    """A filter close to interpolation, as trained layers have."""
    if phase is None:
        kernel = np.outer([0.25, 0.5, 0.25], [0.25, 0.5, 0.25])
    else:
        rows, columns = ([0.25, 0.75, 0.0] if side == 0 else [0.0, 0.75, 0.25] for side in phase)
        kernel = np.outer(rows, columns)
    kernel = kernel + chance.normal(0, 0.015, (3, 3))
    return np.asarray(kernel / kernel.sum(), np.float32)
