"""What honest pictures go through and portraits do not show: the same for real and fake, so that none of it tells."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from ..images import Pixels
from . import degrading
from .corpora import Points


def suffer(
    pixels: Pixels, landmarks: Points, stranger: Pixels, scale: float, chance: np.random.Generator
) -> tuple[Pixels, Points]:
    """One to three of them, in the order in which they happen. `scale`: the distance of the eyes in pixels."""
    kinds = sorted(chance.choice(len(KINDS), int(chance.choice([1, 1, 2, 3])), replace=False))
    for kind in kinds:
        pixels, landmarks = KINDS[kind](pixels, landmarks, stranger, scale, chance)
    return pixels, landmarks


def _turned(
    pixels: Pixels, landmarks: Points, stranger: Pixels, scale: float, chance: np.random.Generator
) -> tuple[Pixels, Points]:
    """A head held aslant, or a picture a little narrower than it was."""
    x, y = (float(v) for v in landmarks.mean(0))
    matrix: Any = cv2.getRotationMatrix2D((x, y), float(chance.normal(0, 16)), 1.0)
    if chance.random() < 0.3:
        matrix[0] *= chance.uniform(0.85, 1.15)
    size = pixels.shape[1::-1]
    turned = cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(turned), (landmarks @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


def _shaded(
    pixels: Pixels, landmarks: Points, stranger: Pixels, scale: float, chance: np.random.Generator
) -> tuple[Pixels, Points]:
    """A shadow with a soft or a hard edge, in whatever colour is left of the light."""
    share = _part(pixels, landmarks, scale, chance, chance.uniform(0, 0.9))
    share = _edge(share, scale * float(chance.choice([0.01, 0.03, 0.1, 0.3])))
    left = chance.uniform(0.3, 0.85) * chance.normal(1, 0.06, 3)
    if chance.random() < 0.25:
        left = 1 / left.clip(0.5, 1)
    return _mixed(pixels, pixels * left, share), landmarks


def _lit_up(
    pixels: Pixels, landmarks: Points, stranger: Pixels, scale: float, chance: np.random.Generator
) -> tuple[Pixels, Points]:
    """Flash: bright spots on skin, and often all of it too bright."""
    height, width = pixels.shape[:2]
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    light = np.full((height, width), chance.uniform(0, 30), np.float32)
    for _ in range(int(chance.integers(1, 5))):
        x, y = landmarks[int(chance.integers(5))] + chance.normal(0, 0.4, 2) * scale
        reach = scale * chance.uniform(0.06, 0.5)
        light += chance.uniform(20, 110) * np.exp(-((xs - x) ** 2 + (ys - y) ** 2) / (2 * reach * reach))
    return np.asarray((pixels + light[..., None]).clip(0, 255).astype(np.uint8)), landmarks


def _covered(
    pixels: Pixels, landmarks: Points, stranger: Pixels, scale: float, chance: np.random.Generator
) -> tuple[Pixels, Points]:
    """Something in front: hair, a hand, a hat, somebody else. Its edge is as sharp as things are."""
    height, width = pixels.shape[:2]
    over: Any = cv2.resize(stranger, (width, height), interpolation=cv2.INTER_AREA)
    if chance.random() < 0.5:
        over = cv2.flip(over, int(chance.integers(-1, 2)))
    over = degrading.lit(np.asarray(over), chance)
    if chance.random() < 0.3:  # cloth and the like: of one colour, nearly
        over = (over * 0.2 + chance.uniform(0, 200, 3)).clip(0, 255)
    part = _part(pixels, landmarks, scale, chance, chance.uniform(0.8, 1.6))  # the middle of a face is seldom hidden
    return _mixed(pixels, over, _edge(part, scale * chance.uniform(0.005, 0.03))), landmarks


def _shaken(
    pixels: Pixels, landmarks: Points, stranger: Pixels, scale: float, chance: np.random.Generator
) -> tuple[Pixels, Points]:
    """Moved while it was taken."""
    length = max(2.0, scale * chance.uniform(0.03, 0.16))
    side = int(length) // 2 * 2 + 3
    kernel = np.zeros((side, side), np.float32)
    turn, middle = chance.uniform(0, np.pi), (side - 1) / 2
    for step in np.linspace(-0.5, 0.5, 4 * side):
        kernel[round(middle + step * length * np.sin(turn)), round(middle + step * length * np.cos(turn))] += 1
    return np.asarray(cv2.filter2D(pixels, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT)), landmarks


def _out_of_focus(
    pixels: Pixels, landmarks: Points, stranger: Pixels, scale: float, chance: np.random.Generator
) -> tuple[Pixels, Points]:
    sigma = chance.uniform(0.4, 2.2) * max(0.5, scale / 60)
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma)), landmarks


def _taken_in_the_dark(
    pixels: Pixels, landmarks: Points, stranger: Pixels, scale: float, chance: np.random.Generator
) -> tuple[Pixels, Points]:
    """Noise, or the smoothing that cameras do against it."""
    if chance.random() < 0.3:
        return np.asarray(cv2.bilateralFilter(pixels, 5, float(chance.uniform(10, 35)), 3)), landmarks
    return degrading.noisy(pixels, chance), landmarks


def _handed_on(
    pixels: Pixels, landmarks: Points, stranger: Pixels, scale: float, chance: np.random.Generator
) -> tuple[Pixels, Points]:
    return degrading.handed_on(pixels, chance), landmarks


Hardship = Callable[[Pixels, Points, Pixels, float, np.random.Generator], tuple[Pixels, Points]]
KINDS: tuple[Hardship, ...] = (
    _covered,
    _shaded,
    _lit_up,
    _turned,
    _out_of_focus,
    _shaken,
    _taken_in_the_dark,
    _handed_on,
)


def _part(pixels: Pixels, landmarks: Points, scale: float, chance: np.random.Generator, off: float) -> Any:
    """A side of the picture beyond a line, or a patch: `off` eye distances from the middle of the face."""
    height, width = pixels.shape[:2]
    turn = chance.uniform(0, 2 * np.pi)
    x, y = landmarks.mean(0) + off * scale * np.array([np.cos(turn), np.sin(turn)])
    if chance.random() < 0.5:
        ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
        beyond = (xs - x) * np.cos(turn) + (ys - y) * np.sin(turn)
        across = (ys - y) * np.cos(turn) - (xs - x) * np.sin(turn)
        bow = chance.normal(0, 0.3) / scale
        return (beyond + bow * across * across > 0).astype(np.float32)
    spots = np.array([x, y]) + chance.normal(0, chance.uniform(0.15, 0.5), (7, 2)) * scale
    part = np.zeros((height, width), np.float32)
    cv2.fillPoly(part, [cv2.convexHull(spots.astype(np.int32))], 1.0)
    return part


def _edge(part: Any, sigma: float) -> Any:
    return cv2.GaussianBlur(part, (0, 0), max(0.35, sigma))


def _mixed(pixels: Pixels, over: Any, share: Any) -> Pixels:
    share = share[..., None]
    return np.asarray((pixels * (1 - share) + over * share).round().clip(0, 255).astype(np.uint8))
