"""From a face to the input of a network, the same way in training and inspection."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from .images import Pixels
from .scalings import SCALINGS

Floats = NDArray[np.float32]


def square(pixels: Pixels, box: tuple[float, float, float, float], margin: float, size: int) -> Pixels:
    """The square around a face, resized to `size`. `margin` is a share of the longer side, added on every side."""
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
    """A square of pixels around the centre of a face, not resized. Beyond the edge the picture is mirrored."""
    height, width = pixels.shape[:2]
    left = round((box[0] + box[2] - size) / 2)
    top = round((box[1] + box[3] - size) / 2)
    left = min(max(0, left), max(0, width - size))
    top = min(max(0, top), max(0, height - size))
    part = pixels[top : top + size, left : left + size]
    below, behind = size - part.shape[0], size - part.shape[1]
    while below or behind:  # one reflection can at most double the size
        down, right = min(below, part.shape[0]), min(behind, part.shape[1])
        part = cv2.copyMakeBorder(part, 0, down, 0, right, cv2.BORDER_REFLECT)  # type: ignore[assignment]
        below, behind = below - down, behind - right
    return np.ascontiguousarray(part)


def cut(pixels: Pixels, box: tuple[float, float, float, float], *, margin: float, size: int, fit: str) -> Pixels:
    """The crop that a bundle takes: the resized square, or the window of original pixels."""
    return window(pixels, box, size) if fit == "native" else square(pixels, box, margin, size)


def area(
    box: tuple[float, float, float, float], within: tuple[int, int], *, margin: float, size: int, fit: str
) -> tuple[float, float, float, float]:
    """The part of the picture that `cut` takes: left, top, right, bottom. `within`: the picture's width and height."""
    if fit == "native":
        side = float(size)
        left, top = (
            float(min(max(0, round((low + high - size) / 2)), max(0, whole - size)))
            for low, high, whole in ((box[0], box[2], within[0]), (box[1], box[3], within[1]))
        )
    else:
        side = max(box[2] - box[0], box[3] - box[1]) * (1 + 2 * margin)
        left, top = (box[0] + box[2] - side) / 2, (box[1] + box[3] - side) / 2
    return left, top, left + side, top + side


def resized(pixels: Pixels, size: int) -> Pixels:
    shrinks = pixels.shape[0] >= size
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    out: Pixels = cv2.resize(pixels, (size, size), interpolation=how)  # type: ignore[assignment]
    return out


def within(pixels: Pixels, side: int) -> Pixels:
    """Shrink a picture so that no side is longer than `side`."""
    height, width = pixels.shape[:2]
    share = side / max(height, width)
    if share >= 1:
        return pixels
    size = (max(1, round(width * share)), max(1, round(height * share)))
    out: Pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    return out


def normalise(crops: NDArray[np.uint8], scaling: str, colours: str) -> Floats:
    """Scale 8-bit RGB crops (…, height, width, 3) to the floats that a network takes."""
    scale, offset = (np.array(v, np.float32) for v in SCALINGS[scaling])
    values = crops.astype(np.float32) * scale + offset
    return np.ascontiguousarray(values[..., ::-1]) if colours == "bgr" else values
