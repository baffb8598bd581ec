"""From a face to the pixels a network is fed: one way, for training and for inspection."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from .images import Pixels

PREPROCESSING = 2  # goes up with every change that could move a score

Floats = NDArray[np.float32]

# x · scale + offset, per channel, of pixels 0…255 in RGB
SCALINGS: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "0..255": ((1.0,) * 3, (0.0,) * 3),
    "0..1": ((1 / 255,) * 3, (0.0,) * 3),
    "-1..1": ((1 / 127.5,) * 3, (-1.0,) * 3),
    "imagenet": (
        (1 / (255 * 0.229), 1 / (255 * 0.224), 1 / (255 * 0.225)),
        (-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225),
    ),
    "caffe": ((1.0,) * 3, (-123.68, -116.779, -103.939)),  # goes with bgr: what keras' ResNet50 was trained on
}


def square(pixels: Pixels, box: tuple[float, float, float, float], margin: float, size: int) -> Pixels:
    """The square around a face, `margin` of its longer side wider on every side, `size` pixels wide."""
    left, top, right, bottom = box
    side = max(right - left, bottom - top) * (1 + 2 * margin)
    x, y = (left + right - side) / 2, (top + bottom - side) / 2
    side_px = max(2, round(side))
    x0, y0 = math.floor(x + 0.5), math.floor(y + 0.5)
    height, width = pixels.shape[:2]
    part = pixels[max(0, y0) : max(0, min(height, y0 + side_px)), max(0, x0) : max(0, min(width, x0 + side_px))]
    if part.size == 0:
        part = np.zeros((1, 1, 3), np.uint8)
    above, before = max(0, -y0), max(0, -x0)
    below, behind = side_px - above - part.shape[0], side_px - before - part.shape[1]
    if above or before or below > 0 or behind > 0:
        part = cv2.copyMakeBorder(part, above, max(0, below), before, max(0, behind), cv2.BORDER_REPLICATE)  # type: ignore[assignment]
    return resized(part, size)


def window(pixels: Pixels, box: tuple[float, float, float, float], size: int) -> Pixels:
    """A square of untouched pixels around a face's middle, mirrored where the picture ends: nothing is resized."""
    height, width = pixels.shape[:2]
    left = round((box[0] + box[2] - size) / 2)
    top = round((box[1] + box[3] - size) / 2)
    left = min(max(0, left), max(0, width - size))
    top = min(max(0, top), max(0, height - size))
    part = pixels[top : top + size, left : left + size]
    below, behind = size - part.shape[0], size - part.shape[1]
    while below or behind:  # mirroring doubles at most
        down, right = min(below, part.shape[0]), min(behind, part.shape[1])
        part = cv2.copyMakeBorder(part, 0, down, 0, right, cv2.BORDER_REFLECT)  # type: ignore[assignment]
        below, behind = below - down, behind - right
    return np.ascontiguousarray(part)


def cut(pixels: Pixels, box: tuple[float, float, float, float], *, margin: float, size: int, fit: str) -> Pixels:
    """What a bundle is shown of a face: the whole of it resized, or a window of pixels as they are."""
    return window(pixels, box, size) if fit == "native" else square(pixels, box, margin, size)


def resized(pixels: Pixels, size: int) -> Pixels:
    shrinks = pixels.shape[0] >= size
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    out: Pixels = cv2.resize(pixels, (size, size), interpolation=how)  # type: ignore[assignment]
    return out


def within(pixels: Pixels, side: int) -> Pixels:
    """No side longer than this; smaller pictures stay as they are."""
    height, width = pixels.shape[:2]
    share = side / max(height, width)
    if share >= 1:
        return pixels
    size = (max(1, round(width * share)), max(1, round(height * share)))
    out: Pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    return out


def normalise(crops: NDArray[np.uint8], scaling: str, colours: str) -> Floats:
    """8-bit RGB crops (…, height, width, 3) as the floats a network was trained on."""
    scale, offset = (np.array(v, np.float32) for v in SCALINGS[scaling])
    values = crops.astype(np.float32) * scale + offset
    return np.ascontiguousarray(values[..., ::-1]) if colours == "bgr" else values
