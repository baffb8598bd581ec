"""Augmentations that imitate ordinary photographs. Real and fake pictures get the same ones."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from ..images import Pixels
from . import compression, face_masks
from .faces import Face


def apply(face: Face, stranger: Pixels, chance: np.random.Generator) -> Face:
    """Apply one to three augmentations, in the order of `KINDS`."""
    kinds = sorted(chance.choice(len(KINDS), int(chance.choice([1, 1, 2, 3])), replace=False))
    for kind in kinds:
        face = KINDS[kind](face, stranger, chance)
    return face


def _rotated(face: Face, stranger: Pixels, chance: np.random.Generator) -> Face:
    """A rotated head, sometimes with another aspect ratio."""
    x, y = (float(v) for v in face.landmarks.mean(0))
    matrix: Any = cv2.getRotationMatrix2D((x, y), float(chance.normal(0, 16)), 1.0)
    if chance.random() < 0.3:
        matrix[0] *= chance.uniform(0.85, 1.15)
    size = face.pixels.shape[1::-1]
    turned = cv2.warpAffine(face.pixels, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    landmarks = (face.landmarks @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    return replace(face, pixels=np.asarray(turned), landmarks=landmarks)


def _shaded(face: Face, stranger: Pixels, chance: np.random.Generator) -> Face:
    """A coloured shadow with a soft or hard edge, sometimes a bright patch instead."""
    share = _random_region(face, chance, chance.uniform(0, 0.9))
    share = _edge(share, face.scale * float(chance.choice([0.01, 0.03, 0.1, 0.3])))
    left = chance.uniform(0.3, 0.85) * chance.normal(1, 0.06, 3)
    if chance.random() < 0.25:
        left = 1 / left.clip(0.5, 1)
    return replace(face, pixels=_mixed(face.pixels, face.pixels * left, share))


def _flash_lit(face: Face, stranger: Pixels, chance: np.random.Generator) -> Face:
    """Flash: highlights on the skin, often with overexposure."""
    height, width = face.pixels.shape[:2]
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    light = np.full((height, width), chance.uniform(0, 30), np.float32)
    for _ in range(int(chance.integers(1, 5))):
        x, y = face.landmarks[int(chance.integers(5))] + chance.normal(0, 0.4, 2) * face.scale
        reach = face.scale * chance.uniform(0.06, 0.5)
        light += chance.uniform(20, 110) * np.exp(-((xs - x) ** 2 + (ys - y) ** 2) / (2 * reach * reach))
    return replace(face, pixels=np.asarray((face.pixels + light[..., None]).clip(0, 255).astype(np.uint8)))


def _covered(face: Face, stranger: Pixels, chance: np.random.Generator) -> Face:
    """An occlusion with a sharp edge, such as hair, a hand or a hat."""
    height, width = face.pixels.shape[:2]
    over: Any = cv2.resize(stranger, (width, height), interpolation=cv2.INTER_AREA)
    if chance.random() < 0.5:
        over = cv2.flip(over, int(chance.integers(-1, 2)))
    over = compression.relit(np.asarray(over), chance)
    if chance.random() < 0.3:  # nearly one colour, like cloth
        over = (over * 0.2 + chance.uniform(0, 200, 3)).clip(0, 255)
    part = _random_region(face, chance, chance.uniform(0.8, 1.6))  # the centre of a face is rarely hidden
    return replace(face, pixels=_mixed(face.pixels, over, _edge(part, face.scale * chance.uniform(0.005, 0.03))))


def _motion_blurred(face: Face, stranger: Pixels, chance: np.random.Generator) -> Face:
    """Motion blur."""
    length = max(2.0, face.scale * chance.uniform(0.03, 0.16))
    side = int(length) // 2 * 2 + 3
    kernel = np.zeros((side, side), np.float32)
    turn, middle = chance.uniform(0, np.pi), (side - 1) / 2
    for step in np.linspace(-0.5, 0.5, 4 * side):
        kernel[round(middle + step * length * np.sin(turn)), round(middle + step * length * np.cos(turn))] += 1
    return replace(
        face, pixels=np.asarray(cv2.filter2D(face.pixels, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT))
    )


def _out_of_focus(face: Face, stranger: Pixels, chance: np.random.Generator) -> Face:
    sigma = chance.uniform(0.4, 2.2) * max(0.5, face.scale / 60)
    return replace(face, pixels=np.asarray(cv2.GaussianBlur(face.pixels, (0, 0), sigma)))


def _low_light(face: Face, stranger: Pixels, chance: np.random.Generator) -> Face:
    """Noise, or the smoothing by which cameras reduce it."""
    if chance.random() < 0.3:
        return replace(face, pixels=np.asarray(cv2.bilateralFilter(face.pixels, 5, float(chance.uniform(10, 35)), 3)))
    return replace(face, pixels=compression.noisy(face.pixels, chance))


def _sharpened(face: Face, stranger: Pixels, chance: np.random.Generator) -> Face:
    """Smoothing, then sharpening with halos, as in webcams and phones."""
    pixels: Any = face.pixels
    how = chance.random()
    if how < 0.4:
        pixels = cv2.edgePreservingFilter(
            pixels, flags=1, sigma_s=float(chance.uniform(4, 16)), sigma_r=float(chance.uniform(0.06, 0.25))
        )
    elif how < 0.8:
        pixels = cv2.bilateralFilter(pixels, 7, float(chance.uniform(10, 45)), float(chance.uniform(1.5, 5)))
    soft = cv2.GaussianBlur(pixels, (0, 0), chance.uniform(0.8, 2.6) * max(0.5, face.scale / 60))
    much = chance.uniform(0.2, 2.0)
    return replace(face, pixels=np.asarray(cv2.addWeighted(pixels, 1 + much, soft, -much, 0)))


def _beautified(face: Face, stranger: Pixels, chance: np.random.Generator) -> Face:
    """Skin smoothed and a little brighter, as telephones and apps do it: in the whole picture, or around the face."""
    pixels, size = face.pixels, face.pixels.shape[:2]
    reach, depth = float(chance.uniform(8, 35)), float(face.scale * chance.uniform(0.03, 0.1))
    smooth: Any = cv2.bilateralFilter(pixels, 7, reach, max(1.5, min(5.0, depth)))
    smooth = (smooth * chance.uniform(1.0, 1.08)).clip(0, 255)
    share = np.full(size, chance.uniform(0.5, 1.0), np.float32)
    if chance.random() < 0.5:  # skin by its colour: neck and hands too, and neither eyes nor hair
        skin = _skin(face)
        share *= _edge(skin, face.scale * 0.05)
    return replace(face, pixels=_mixed(pixels, smooth, share))


def _skin(face: Face) -> Any:
    """How alike each pixel is to the cheeks."""
    lab: Any = cv2.cvtColor(face.pixels, cv2.COLOR_RGB2LAB).astype(np.float32)
    left, right = ((face.landmarks[eye] + face.landmarks[mouth]) / 2 for eye, mouth in ((0, 3), (1, 4)))
    ends = np.array(face.pixels.shape[1::-1]) - 1
    spots = [spot.round().astype(int).clip(0, ends) for spot in (left, right)]
    colour = np.median([cv2.GaussianBlur(lab, (0, 0), 2)[y, x] for x, y in spots], axis=0)
    far = np.abs(lab - colour) / np.array([70, 14, 14], np.float32)
    return np.exp(-(far**2).sum(-1)).astype(np.float32)


def _portrait_blurred(face: Face, stranger: Pixels, chance: np.random.Generator) -> Face:
    """The background out of focus, by a lens or by a telephone that cuts the head out, not always well."""
    height = face.pixels.shape[0]
    x, y = (float(v) for v in face.landmarks.mean(0))
    head = np.zeros(face.pixels.shape[:2], np.float32)
    wide, high = face.scale * chance.uniform(1.25, 1.7), face.scale * chance.uniform(1.8, 2.3)
    cv2.ellipse(head, ((x, y - 0.25 * face.scale), (2 * wide, 2 * high), 0.0), 1.0, -1)
    low, across = round(y + 1.7 * face.scale), face.scale * chance.uniform(1.8, 3.0)
    cv2.rectangle(head, (round(x - across), low), (round(x + across), height + 1), 1.0, -1)
    head = face_masks.elastic(head, chance, face.scale * chance.uniform(0, 0.12), face.scale * 0.4)
    share = 1 - _edge(head, face.scale * float(chance.choice([0.03, 0.1, 0.3])))
    blurred = cv2.GaussianBlur(face.pixels, (0, 0), face.scale * chance.uniform(0.03, 0.15))
    return replace(face, pixels=_mixed(face.pixels, blurred, share))


def _reposted(face: Face, stranger: Pixels, chance: np.random.Generator) -> Face:
    return replace(face, pixels=compression.reposted(face.pixels, chance))


Augmentation = Callable[[Face, Pixels, np.random.Generator], Face]
KINDS: tuple[Augmentation, ...] = (
    _covered,
    _shaded,
    _flash_lit,
    _rotated,
    _out_of_focus,
    _motion_blurred,
    _low_light,
    _sharpened,
    _beautified,
    _portrait_blurred,
    _reposted,
)


def _random_region(face: Face, chance: np.random.Generator, off: float) -> Any:
    """A mask of one side of the picture, or of a patch, `off` eye distances from the centre of the face."""
    height, width = face.pixels.shape[:2]
    turn = chance.uniform(0, 2 * np.pi)
    x, y = face.landmarks.mean(0) + off * face.scale * np.array([np.cos(turn), np.sin(turn)])
    if chance.random() < 0.5:
        ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
        beyond = (xs - x) * np.cos(turn) + (ys - y) * np.sin(turn)
        across = (ys - y) * np.cos(turn) - (xs - x) * np.sin(turn)
        bow = chance.normal(0, 0.3) / face.scale
        return (beyond + bow * across * across > 0).astype(np.float32)
    spots = np.array([x, y]) + chance.normal(0, chance.uniform(0.15, 0.5), (7, 2)) * face.scale
    part = np.zeros((height, width), np.float32)
    cv2.fillPoly(part, [cv2.convexHull(spots.astype(np.int32))], 1.0)
    return part


def _edge(part: Any, sigma: float) -> Any:
    return cv2.GaussianBlur(part, (0, 0), max(0.35, sigma))


def _mixed(pixels: Pixels, over: Any, share: Any) -> Pixels:
    share = share[..., None]
    return np.asarray((pixels * (1 - share) + over * share).round().clip(0, 255).astype(np.uint8))
