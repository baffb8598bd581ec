"""Fakes made of real faces, each kind by its name. What they teach is the trace, not the face."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..images import Pixels
from . import decoders, degrading, outlines
from .corpora import Points
from .eigenfaces import Eigenfaces
from .outlines import Mask

SWAP, EXPRESSION, SYNTHESISED, RETOUCH = GROUPS = ("swap", "expression", "synthesised", "retouch")
SHAPES = (*["face"] * 5, *["inner"] * 3, "head", "head", "lower", "upper", "mouth", "eyes", "left", "right")


@dataclass(frozen=True, slots=True)
class Face:
    """Pixels with five landmarks in them."""

    pixels: Pixels
    landmarks: Points
    generator: Eigenfaces | None = None
    clean: Pixels | None = None  # as it was before it had a history

    @property
    def scale(self) -> float:
        """The distance of the eyes, but never less than the face's height would make one expect."""
        eyes = float(np.linalg.norm(self.landmarks[1] - self.landmarks[0]))
        down = float(np.linalg.norm(self.landmarks[3:].mean(0) - self.landmarks[:2].mean(0)))
        return max(eyes, down / 1.1, 4.0)

    def source(self, chance: np.random.Generator) -> Pixels:
        """What a fake is made of: what is there, or, as often, the same without what its picture went through."""
        return self.pixels if self.clean is None or chance.random() < 0.5 else self.clean


def self_blend(face: Face, other: Face, chance: np.random.Generator) -> Pixels:
    """A slightly altered copy of the face, blended into itself (Shiohara and Yamasaki's idea)."""
    source, target = face.source(chance), face.pixels
    if chance.random() < 0.5:
        source = _altered(source, chance, face.scale)
    else:
        target = _altered(target, chance, face.scale)
    source = _moved(source, face, chance)
    return _blended(target, source, _mask(face, chance), chance)


def cross_identity(face: Face, other: Face, chance: np.random.Generator) -> Pixels:
    """Somebody else's face, laid on these landmarks, in these colours."""
    source = _laid_over(other, face)
    if chance.random() < 0.2:
        source = degrading.aged(source, chance)
    mask = _mask(face, chance)
    if chance.random() < 0.85:
        source = _coloured_like(source, face.pixels, mask, chance)
    if chance.random() < 0.35:
        source = _rebuilt(source, chance, face.scale)
    return _blended(face.pixels, source, mask, chance)


def rebuilt_swap(face: Face, other: Face, chance: np.random.Generator) -> Pixels:
    """The face as a small auto-encoder would give it back: few pixels, enlarged, and blended in again."""
    source = _own_or(other, face, chance, 0.6)
    source = _rebuilt(source, chance, face.scale)
    if chance.random() < 0.5:
        source = degrading.lit(source, chance, 0.6)
    source = _moved(source, face, chance, 0.5)
    return _blended(face.pixels, source, _mask(face, chance, ("face", "face", "head", "inner")), chance)


def mouth_redone(face: Face, other: Face, chance: np.random.Generator) -> Pixels:
    """Another mouth: bent from this one or taken from somebody else, and blended in."""
    if chance.random() < 0.5:
        source = _bent(face, chance, mouth=True)
    else:
        source = _coloured_like(_laid_over(other, face), face.pixels, None, chance)
    if chance.random() < 0.6:
        source = _rebuilt(source, chance, face.scale)
    return _blended(face.pixels, source, _mask(face, chance, ("mouth", "mouth", "lower")), chance)


def expression_bent(face: Face, other: Face, chance: np.random.Generator) -> Pixels:
    """Re-enactment: the features pushed about, drawn anew, with or without a seam."""
    source = _bent(face, chance, mouth=False)
    if chance.random() < 0.6:
        source = _rebuilt(source, chance, face.scale)
    if chance.random() < 0.25:
        source = _altered(source, chance, face.scale)
    return _blended(face.pixels, source, _mask(face, chance, ("face", "inner", "head", "lower")), chance)


def whole_rebuilt(face: Face, other: Face, chance: np.random.Generator) -> Pixels:
    """The whole picture through an encoder's bottleneck and back: only up-sampling leaves a trace."""
    pixels = _through(face.source(chance), chance.uniform(0.6, 0.95), chance, LEARNED)
    soft = cv2.GaussianBlur(pixels, (0, 0), 1.2)
    share = chance.uniform(0.4, 1.6)  # decoders are taught to be as sharp as a camera
    return np.asarray(cv2.addWeighted(pixels, 1 + share, soft, -share, 0))


def decoded(face: Face, other: Face, chance: np.random.Generator) -> Pixels:
    """The whole picture drawn by a trained decoder, at its size or, as generators' pictures are, at another one."""
    pixels = face.source(chance)
    if chance.random() < 0.6:
        pixels = degrading.resized(pixels, chance.uniform(0.6, 1.6), chance)
    pixels = _drawn(pixels, chance)
    if pixels.shape != face.pixels.shape:
        pixels = cv2.resize(pixels, face.pixels.shape[1::-1], interpolation=int(chance.choice(degrading.LARGER)))  # type: ignore[assignment]
    return np.asarray(pixels)


def decoded_swap(face: Face, other: Face, chance: np.random.Generator) -> Pixels:
    """A face drawn by a trained decoder, this one's or somebody else's, blended in."""
    source = _own_or(other, face, chance, 0.5)
    side = float(chance.choice([96, 128, 192, 256]))
    share = min(1.0, side / (face.scale * 3.0))
    small = degrading.resized(source, share, chance) if share < 0.9 else source
    drawn = _drawn(small, chance)
    back: Any = cv2.resize(drawn, source.shape[1::-1], interpolation=int(chance.choice(degrading.LARGER)))
    return _blended(face.pixels, back, _mask(face, chance, ("face", "face", "head", "inner")), chance)


def _drawn(pixels: Pixels, chance: np.random.Generator) -> Pixels:
    """By one of the trained decoders, seldom by two; in its old colours, and about as sharp as it was."""
    drawn = pixels
    for _ in range(1 if chance.random() < 0.85 else 2):
        drawn = decoders.through(drawn, str(chance.choice(decoders.WAYS)))
    broad = cv2.GaussianBlur(pixels, (0, 0), 8).astype(np.float32) - cv2.GaussianBlur(drawn, (0, 0), 8)
    fine = drawn.astype(np.float32) - cv2.GaussianBlur(drawn, (0, 0), 1.1)
    return np.asarray((drawn + broad + chance.uniform(0.2, 2.6) * fine).round().clip(0, 255).astype(np.uint8))


def smoothed(face: Face, other: Face, chance: np.random.Generator) -> Pixels:
    """Retouched skin: edge-keeping smoothing within a part of the face."""
    source = cv2.bilateralFilter(
        face.pixels, -1, float(chance.uniform(15, 50)), float(face.scale * chance.uniform(0.04, 0.12))
    )
    return _blended(face.pixels, np.asarray(source), _mask(face, chance, ("face", "head", "upper", "lower")), chance)


def painted_over(face: Face, other: Face, chance: np.random.Generator) -> Pixels:
    """A part taken out and filled in from its surroundings."""
    mask = outlines.draw(str(chance.choice(["eyes", "mouth", "nose"])), face.landmarks, face.pixels.shape[:2], chance)
    how = int(chance.choice([cv2.INPAINT_TELEA, cv2.INPAINT_NS]))
    source = cv2.inpaint(face.pixels, (mask > 0).astype(np.uint8), 3, how)
    return _blended(face.pixels, np.asarray(source), outlines.softened(mask, chance, face.scale), chance)


def plastic(face: Face, other: Face, chance: np.random.Generator) -> Pixels:
    """A face without pores and noise but with sharp features, in a light of its own: as generators draw them."""
    source = _without_texture(face.source(chance), chance)
    if chance.random() < 0.5:
        source = _lit_from_aside(source, face, chance)
    if chance.random() < 0.5:
        source = degrading.lit(source, chance, 0.6)
    source = _sharpened(source, chance)
    source = _moved(source, face, chance, 0.4)
    return _blended(face.pixels, source, _mask(face, chance, ("face", "face", "head", "inner")), chance)


def generated(face: Face, other: Face, chance: np.random.Generator) -> Pixels:
    """A face out of a small generator, with features as sharp as the picture's, blended in."""
    if face.generator is None:
        return plastic(face, other, chance)
    source = _own_or(other, face, chance, 0.6)
    drawn = face.generator.redrawn(source, face.landmarks, chance)
    fine = _without_texture(source, chance)
    sigma = face.scale * chance.uniform(0.03, 0.07)
    edges = fine.astype(np.float32) - cv2.GaussianBlur(fine, (0, 0), sigma)
    drawn = np.asarray((drawn + chance.uniform(0.3, 1.0) * edges).clip(0, 255).astype(np.uint8))
    if chance.random() < 0.4:
        drawn = _lit_from_aside(drawn, face, chance)
    drawn = _coloured_like(drawn, face.pixels, None, chance)
    return _blended(face.pixels, drawn, _mask(face, chance, ("face", "face", "inner")), chance)


def _without_texture(pixels: Pixels, chance: np.random.Generator) -> Pixels:
    reach, depth = float(chance.uniform(6, 20)), float(chance.uniform(0.08, 0.3))
    return np.asarray(cv2.edgePreservingFilter(pixels, flags=1, sigma_s=reach, sigma_r=depth))


def _sharpened(pixels: Pixels, chance: np.random.Generator) -> Pixels:
    share = chance.uniform(0.2, 1.2)
    return np.asarray(cv2.addWeighted(pixels, 1 + share, cv2.GaussianBlur(pixels, (0, 0), 1.3), -share, 0))


def _lit_from_aside(pixels: Pixels, face: Face, chance: np.random.Generator) -> Pixels:
    """Brighter on one side of the face, darker on the other."""
    height, width = pixels.shape[:2]
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = (float(v) for v in face.landmarks.mean(0))
    turn = chance.uniform(0, 2 * np.pi)
    across = ((xs - x) * np.cos(turn) + (ys - y) * np.sin(turn)) / (face.scale * 1.6)
    light = 1 + chance.uniform(0.08, 0.35) * np.tanh(across)
    return np.asarray((pixels * light[..., None]).clip(0, 255).astype(np.uint8))


Maker = Callable[[Face, Face, np.random.Generator], Pixels]
KINDS: dict[str, tuple[Maker, str, float]] = {
    "self_blend": (self_blend, SWAP, 0.34),
    "cross_identity": (cross_identity, SWAP, 0.2),
    "rebuilt_swap": (rebuilt_swap, SWAP, 0.14),
    "mouth_redone": (mouth_redone, EXPRESSION, 0.08),
    "expression_bent": (expression_bent, EXPRESSION, 0.1),
    "whole_rebuilt": (whole_rebuilt, SYNTHESISED, 0.05),
    "smoothed": (smoothed, RETOUCH, 0.04),
    "painted_over": (painted_over, RETOUCH, 0.05),
    "plastic": (plastic, SYNTHESISED, 0.1),
    "generated": (generated, SYNTHESISED, 0.1),
    "decoded": (decoded, SYNTHESISED, 0.05),
    "decoded_swap": (decoded_swap, SWAP, 0.05),
}


def make(kind: str, face: Face, other: Face, chance: np.random.Generator) -> Pixels:
    return KINDS[kind][0](face, other, chance)


def _mask(face: Face, chance: np.random.Generator, shapes: tuple[str, ...] = SHAPES) -> Mask:
    mask = outlines.draw(str(chance.choice(shapes)), face.landmarks, face.pixels.shape[:2], chance)
    return outlines.softened(mask, chance, face.scale)


def _blended(target: Pixels, source: Pixels, mask: Mask, chance: np.random.Generator) -> Pixels:
    how = chance.random()
    if how < 0.12 and mask.max() > 0.9:
        done = _poisson(target, source, mask)
        if done is not None:
            return done
    if how < 0.24:
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
    return np.asarray(cv2.seamlessClone(source, target, hard, centre, cv2.NORMAL_CLONE))


def _multiband(target: Pixels, source: Pixels, mask: Mask, levels: int = 4) -> Pixels:
    """Each band of frequencies blended with an edge of its own width."""
    out = np.zeros(target.shape, np.float32)
    one: Any = target.astype(np.float32)
    other: Any = source.astype(np.float32)
    soft = mask
    for level in range(levels):
        last = level == levels - 1
        low_one, low_other = (x if last else cv2.GaussianBlur(x, (0, 0), 2.0**level) for x in (one, other))
        band_one, band_other = (one, other) if last else (one - low_one, other - low_other)
        out += band_one * (1 - soft[..., None]) + band_other * soft[..., None]
        one, other, soft = low_one, low_other, np.asarray(cv2.GaussianBlur(soft, (0, 0), 2.0**level))
    return out.round().clip(0, 255).astype(np.uint8)


def _altered(pixels: Pixels, chance: np.random.Generator, scale: float) -> Pixels:
    """Other colours, another sharpness, another history of compression: as from another camera."""
    how = chance.random()
    if how > 0.6 or chance.random() < 0.6:  # never nothing at all
        shift = chance.normal(0, 9, 3)
        pixels = (pixels + shift).clip(0, 255).astype(np.uint8)
    if chance.random() < 0.6:
        pixels = degrading.lit(pixels, chance, 0.7)
    if how < 0.3:
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), chance.uniform(0.5, 1.6) * max(0.6, scale / 60)))
    elif how < 0.5:
        soft = cv2.GaussianBlur(pixels, (0, 0), 1.5)
        pixels = np.asarray(cv2.addWeighted(pixels, 1.7, soft, -0.7, 0))
    elif how < 0.75:
        pixels = _through(pixels, chance.uniform(0.35, 0.8), chance)
    elif how < 0.95:
        pixels = degrading.aged(pixels, chance)
    return pixels


def _moved(pixels: Pixels, face: Face, chance: np.random.Generator, much: float = 1.0) -> Pixels:
    """Shifted, scaled and bent by little."""
    x, y = (float(v) for v in face.landmarks.mean(0))
    turn = chance.normal(0, 1.5) * much
    matrix: Any = cv2.getRotationMatrix2D((x, y), turn, 1 + chance.uniform(-0.05, 0.05) * much)
    matrix[:, 2] += chance.normal(0, 0.035, 2) * face.scale * much
    out = cv2.warpAffine(pixels, matrix, pixels.shape[1::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    if chance.random() < 0.5:
        out = outlines.elastic(out, chance, face.scale * chance.uniform(0.01, 0.04), face.scale * 0.5)
    return np.asarray(out)


def _own_or(other: Face, face: Face, chance: np.random.Generator, own: float) -> Pixels:
    if chance.random() < own:
        return face.source(chance)
    return _coloured_like(_laid_over(other, face), face.pixels, None, chance)


def _laid_over(other: Face, face: Face) -> Pixels:
    matrix, _ = cv2.estimateAffinePartial2D(other.landmarks, face.landmarks, method=cv2.LMEDS)
    if matrix is None:
        matrix = np.array([[1, 0, 0], [0, 1, 0]], np.float64)
    size = face.pixels.shape[1::-1]
    return np.asarray(cv2.warpAffine(other.pixels, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT))


def _coloured_like(source: Pixels, target: Pixels, mask: Mask | None, chance: np.random.Generator) -> Pixels:
    """Mean and spread of each channel in Lab, as face-swapping tools do it; not always all the way."""
    where = np.ones(target.shape[:2], bool) if mask is None or mask.max() < 0.3 else mask > 0.3
    one, other = (cv2.cvtColor(x, cv2.COLOR_RGB2LAB).astype(np.float32) for x in (source, target))
    mean, spread = one[where].mean(0), one[where].std(0) + 1
    wanted, width = other[where].mean(0), other[where].std(0) + 1
    share = float(chance.choice([1.0, 1.0, 0.8, 0.6]))
    matched = (one - mean) * (width / spread).clip(0.5, 2) + wanted
    mixed = (one * (1 - share) + matched * share).clip(0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(mixed, cv2.COLOR_LAB2RGB))


def _rebuilt(pixels: Pixels, chance: np.random.Generator, scale: float) -> Pixels:
    """Through a square of 64 to 160 pixels, however large the face is, with the softness of a decoder."""
    side = float(chance.choice([64, 96, 128, 128, 160]))
    share = min(0.95, side / (scale * 3.0))
    out = _through(pixels, share, chance)
    if chance.random() < 0.4:
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), chance.uniform(0.4, 1.0)))
    if chance.random() < 0.3:
        out = np.asarray(cv2.bilateralFilter(out, -1, 20, 3))
    return out


LEARNED = ("nearest", "zeros", "shuffle")  # a plain resize is nobody's fake: real pictures are resized too


def _through(
    pixels: Pixels, share: float, chance: np.random.Generator, hows: tuple[str, ...] = (*LEARNED, "plain")
) -> Pixels:
    """Smaller and back, by one of the ways in which decoders enlarge."""
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
    return np.asarray(cv2.resize(small, (width, height), interpolation=int(chance.choice(degrading.LARGER))))


def _learned_like(small: Pixels, how: str, chance: np.random.Generator) -> Pixels:
    """Twice as large by a transposed convolution, or by four filters whose answers are interleaved: slightly uneven."""
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
    """Nearly an interpolation: what a trained layer ends up with."""
    if phase is None:
        kernel = np.outer([0.25, 0.5, 0.25], [0.25, 0.5, 0.25])
    else:
        rows, columns = ([0.25, 0.75, 0.0] if side == 0 else [0.0, 0.75, 0.25] for side in phase)
        kernel = np.outer(rows, columns)
    kernel = kernel + chance.normal(0, 0.015, (3, 3))
    return np.asarray(kernel / kernel.sum(), np.float32)


def _bent(face: Face, chance: np.random.Generator, *, mouth: bool) -> Pixels:
    """The features pushed about, each dragging its surroundings with it."""
    height, width = face.pixels.shape[:2]
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    right, down = np.zeros_like(xs), np.zeros_like(ys)
    for x, y in face.landmarks[3:] if mouth else face.landmarks:
        x, y = x + chance.normal(0, 0.15) * face.scale, y + chance.normal(0, 0.15) * face.scale
        reach = face.scale * chance.uniform(0.2, 0.5)
        pull = np.exp(-((xs - x) ** 2 + (ys - y) ** 2) / (2 * reach * reach))
        push = chance.normal(0, 0.11, 2) * face.scale
        right, down = right + pull * np.float32(push[0]), down + pull * np.float32(push[1])
    return np.asarray(
        cv2.remap(face.source(chance), xs + right, ys + down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    )
