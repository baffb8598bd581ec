"""Blend one picture into another: mask, colours, and kind of edge."""

from typing import Any

import cv2
import numpy as np

from ..images import Pixels
from . import compression, face_masks, upsampling
from .face_masks import Mask
from .faces import Face, Fake

SHAPES = (*["face"] * 5, *["inner"] * 3, "head", "head", "lower", "upper", "mouth", "eyes", "left", "right")


def blend_mask(face: Face, chance: np.random.Generator, shapes: tuple[str, ...] = SHAPES) -> Mask:
    mask = face_masks.draw(str(chance.choice(shapes)), face.landmarks, face.pixels.shape[:2], chance)
    return face_masks.softened(mask, chance, face.scale)


def blend(target: Pixels, source: Pixels, mask: Mask, chance: np.random.Generator) -> Fake:
    return Fake(_laid_in(target, source, mask, chance.random()), mask)


def _laid_in(target: Pixels, source: Pixels, mask: Mask, how: float) -> Pixels:
    if how < 0.12 and mask.max() > 0.9:
        done = _poisson(target, source, mask)
        if done is not None:
            return done
    return joined(target, source, mask, "multiband" if how < 0.24 else "feathered")


def joined(target: Pixels, source: Pixels, mask: Mask, seam: str) -> Pixels:
    """The seam is feathered, poisson or multiband; a mask too small for Poisson's equation is feathered."""
    if seam == "poisson":
        done = _poisson(target, source, mask)
        if done is not None:
            return done
    if seam == "multiband":
        return _multiband(target, source, mask)
    share = mask[..., None]
    return (target * (1 - share) + source * share).round().clip(0, 255).astype(np.uint8)


def _poisson(target: Pixels, source: Pixels, mask: Mask) -> Pixels | None:
    hard = (mask > 0.5).astype(np.uint8) * 255
    hard[:2], hard[-2:], hard[:, :2], hard[:, -2:] = 0, 0, 0, 0
    x, y, width, height = cv2.boundingRect(hard)
    if width < 8 or height < 8:
        return None
    centre = (x + width // 2, y + height // 2)
    cloned = cv2.seamlessClone(source, target, hard.copy(), centre, cv2.NORMAL_CLONE)
    # What it solves for is off by some levels in the whole rectangle around the mask.
    return np.asarray(np.where(hard[..., None] > 0, cloned, target))


def _multiband(target: Pixels, source: Pixels, mask: Mask, levels: int = 4) -> Pixels:
    """Multi-band blending: lower frequencies get wider edges."""
    out = np.zeros(target.shape, np.float32)
    base: Any = target.astype(np.float32)
    overlay: Any = source.astype(np.float32)
    soft = mask
    for level in range(levels):
        last = level == levels - 1
        low_base, low_overlay = (x if last else cv2.GaussianBlur(x, (0, 0), 2.0**level) for x in (base, overlay))
        band_base, band_overlay = (base, overlay) if last else (base - low_base, overlay - low_overlay)
        out += band_base * (1 - soft[..., None]) + band_overlay * soft[..., None]
        base, overlay, soft = low_base, low_overlay, np.asarray(cv2.GaussianBlur(soft, (0, 0), 2.0**level))
    return out.round().clip(0, 255).astype(np.uint8)


def altered(pixels: Pixels, chance: np.random.Generator, scale: float) -> Pixels:
    """Change colours, sharpness and compression, as if from another camera."""
    how = chance.random()
    if how > 0.6 or chance.random() < 0.6:  # at least one change
        shift = chance.normal(0, 9, 3)
        pixels = (pixels + shift).clip(0, 255).astype(np.uint8)
    if chance.random() < 0.6:
        pixels = compression.relit(pixels, chance, 0.7)
    if how < 0.3:
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), chance.uniform(0.5, 1.6) * max(0.6, scale / 60)))
    elif how < 0.5:
        soft = cv2.GaussianBlur(pixels, (0, 0), 1.5)
        pixels = np.asarray(cv2.addWeighted(pixels, 1.7, soft, -0.7, 0))
    elif how < 0.75:
        pixels = upsampling.through(pixels, chance.uniform(0.35, 0.8), chance)
    elif how < 0.95:
        pixels = compression.recompressed(pixels, chance)
    return pixels


def jittered(pixels: Pixels, face: Face, chance: np.random.Generator, much: float = 1.0) -> Pixels:
    """Shift, scale and bend slightly."""
    x, y = (float(v) for v in face.landmarks.mean(0))
    turn = chance.normal(0, 1.5) * much
    matrix: Any = cv2.getRotationMatrix2D((x, y), turn, 1 + chance.uniform(-0.05, 0.05) * much)
    matrix[:, 2] += chance.normal(0, 0.035, 2) * face.scale * much
    out = cv2.warpAffine(pixels, matrix, pixels.shape[1::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    if chance.random() < 0.5:
        out = face_masks.elastic(out, chance, face.scale * chance.uniform(0.01, 0.04), face.scale * 0.5)
    return np.asarray(out)


def align(other: Face, face: Face) -> Pixels:
    matrix, _ = cv2.estimateAffinePartial2D(other.landmarks, face.landmarks, method=cv2.LMEDS)
    if matrix is None:
        matrix = np.array([[1, 0, 0], [0, 1, 0]], np.float64)
    size = face.pixels.shape[1::-1]
    return np.asarray(cv2.warpAffine(other.pixels, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT))


def match_colours(source: Pixels, target: Pixels, mask: Mask | None, chance: np.random.Generator) -> Pixels:
    """Match mean and spread of each Lab channel, as face-swapping tools do, in varying strength."""
    where = np.ones(target.shape[:2], bool) if mask is None or mask.max() < 0.3 else mask > 0.3
    source_lab, target_lab = (cv2.cvtColor(x, cv2.COLOR_RGB2LAB).astype(np.float32) for x in (source, target))
    mean, spread = source_lab[where].mean(0), source_lab[where].std(0) + 1
    target_mean, width = target_lab[where].mean(0), target_lab[where].std(0) + 1
    share = float(chance.choice([1.0, 1.0, 0.8, 0.6]))
    matched = (source_lab - mean) * (width / spread).clip(0.5, 2) + target_mean
    mixed = (source_lab * (1 - share) + matched * share).clip(0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(mixed, cv2.COLOR_LAB2RGB))
