"""Fakes made of real faces, each kind by its name. What they teach is the trace, not the face."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from ..images import Pixels
from . import compression, decoders, face_masks, reconstructed_fakes
from .autoencoder_swap import autoencoder_swap
from .blending import align, altered, blend, blend_mask, jittered, match_colours
from .contrast import rougher, smoother
from .faces import Face, Fake
from .mesh_swap import mesh_swap
from .mouth import mouth_rendered
from .reenactment import reenactment
from .upsampling import LEARNED, rebuilt, through

SWAP, EXPRESSION, SYNTHESISED, RETOUCH = GROUPS = ("swap", "expression", "synthesised", "retouch")


def self_blend(face: Face, other: Face, chance: np.random.Generator) -> Fake:
    """A slightly altered copy of the face, blended into itself (Shiohara and Yamasaki's idea)."""
    source, target = face.source(chance), face.pixels
    if chance.random() < 0.5:
        source = altered(source, chance, face.scale)
    else:
        target = altered(target, chance, face.scale)
    source = jittered(source, face, chance)
    return blend(target, source, blend_mask(face, chance), chance)


def cross_identity(face: Face, other: Face, chance: np.random.Generator) -> Fake:
    """Somebody else's face, laid on these landmarks, in these colours."""
    source = align(other, face)
    if chance.random() < 0.2:
        source = compression.recompressed(source, chance)
    mask = blend_mask(face, chance)
    if chance.random() < 0.85:
        source = match_colours(source, face.pixels, mask, chance)
    if chance.random() < 0.35:
        source = rebuilt(source, chance, face.scale)
    return blend(face.pixels, source, mask, chance)


def rebuilt_swap(face: Face, other: Face, chance: np.random.Generator) -> Fake:
    """The face as a small auto-encoder would give it back: few pixels, enlarged, and blended in again."""
    source = _own_or(other, face, chance, 0.6)
    source = rebuilt(source, chance, face.scale)
    if chance.random() < 0.5:
        source = compression.relit(source, chance, 0.6)
    source = jittered(source, face, chance, 0.5)
    return blend(face.pixels, source, blend_mask(face, chance, ("face", "face", "head", "inner")), chance)


def mouth_redone(face: Face, other: Face, chance: np.random.Generator) -> Fake:
    """Another mouth: bent from this one or taken from somebody else, and blended in."""
    if chance.random() < 0.5:
        source = _bent(face, chance, mouth=True)
    else:
        source = match_colours(align(other, face), face.pixels, None, chance)
    if chance.random() < 0.6:
        source = rebuilt(source, chance, face.scale)
    return blend(face.pixels, source, blend_mask(face, chance, ("mouth", "mouth", "lower")), chance)


def expression_bent(face: Face, other: Face, chance: np.random.Generator) -> Fake:
    """Re-enactment: the features pushed about, drawn anew, with or without a seam."""
    source = _bent(face, chance, mouth=False)
    if chance.random() < 0.6:
        source = rebuilt(source, chance, face.scale)
    if chance.random() < 0.25:
        source = altered(source, chance, face.scale)
    return blend(face.pixels, source, blend_mask(face, chance, ("face", "inner", "head", "lower")), chance)


def whole_rebuilt(face: Face, other: Face, chance: np.random.Generator) -> Fake:
    """The whole picture through an encoder's bottleneck and back: only up-sampling leaves a trace."""
    pixels = through(face.source(chance), chance.uniform(0.6, 0.95), chance, LEARNED)
    soft = cv2.GaussianBlur(pixels, (0, 0), 1.2)
    share = chance.uniform(0.4, 1.6)  # decoders are taught to be as sharp as a camera
    return Fake.whole(np.asarray(cv2.addWeighted(pixels, 1 + share, soft, -share, 0)))


def decoded(face: Face, other: Face, chance: np.random.Generator) -> Fake:
    """The whole picture drawn by a trained decoder, at its size or, as generators' pictures are, at another one."""
    pixels = face.source(chance)
    if chance.random() < 0.6:
        pixels = compression.resized(pixels, chance.uniform(0.6, 1.6), chance)
    pixels = _drawn(pixels, chance)
    if pixels.shape != face.pixels.shape:
        pixels = cv2.resize(pixels, face.pixels.shape[1::-1], interpolation=int(chance.choice(compression.LARGER)))  # type: ignore[assignment]
    return Fake.whole(np.asarray(pixels))


def decoded_swap(face: Face, other: Face, chance: np.random.Generator) -> Fake:
    """A face drawn by a trained decoder, this one's or somebody else's, blended in."""
    source = _own_or(other, face, chance, 0.5)
    side = float(chance.choice([96, 128, 192, 256]))
    share = min(1.0, side / (face.scale * 3.0))
    small = compression.resized(source, share, chance) if share < 0.9 else source
    drawn = _drawn(small, chance)
    back: Any = cv2.resize(drawn, source.shape[1::-1], interpolation=int(chance.choice(compression.LARGER)))
    return blend(face.pixels, back, blend_mask(face, chance, ("face", "face", "head", "inner")), chance)


def _drawn(pixels: Pixels, chance: np.random.Generator) -> Pixels:
    """By one of the trained decoders, seldom by two; in its old colours, and about as sharp as it was."""
    drawn = pixels
    for _ in range(1 if chance.random() < 0.85 else 2):
        drawn = decoders.through(drawn, str(chance.choice(decoders.WAYS)))
    broad = cv2.GaussianBlur(pixels, (0, 0), 8).astype(np.float32) - cv2.GaussianBlur(drawn, (0, 0), 8)
    fine = drawn.astype(np.float32) - cv2.GaussianBlur(drawn, (0, 0), 1.1)
    return np.asarray((drawn + broad + chance.uniform(0.2, 2.6) * fine).round().clip(0, 255).astype(np.uint8))


def painted_over(face: Face, other: Face, chance: np.random.Generator) -> Fake:
    """A part taken out and filled in from its surroundings."""
    mask = face_masks.draw(str(chance.choice(["eyes", "mouth", "nose"])), face.landmarks, face.pixels.shape[:2], chance)
    how = int(chance.choice([cv2.INPAINT_TELEA, cv2.INPAINT_NS]))
    source = cv2.inpaint(face.pixels, (mask > 0).astype(np.uint8), 3, how)
    return blend(face.pixels, np.asarray(source), face_masks.softened(mask, chance, face.scale), chance)


def plastic(face: Face, other: Face, chance: np.random.Generator) -> Fake:
    """A face without pores and noise but with sharp features, in a light of its own: as generators draw them."""
    source = _without_texture(face.source(chance), chance)
    if chance.random() < 0.5:
        source = _lit_from_aside(source, face, chance)
    if chance.random() < 0.5:
        source = compression.relit(source, chance, 0.6)
    source = _sharpened(source, chance)
    source = jittered(source, face, chance, 0.4)
    return blend(face.pixels, source, blend_mask(face, chance, ("face", "face", "head", "inner")), chance)


def generated(face: Face, other: Face, chance: np.random.Generator) -> Fake:
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
    drawn = match_colours(drawn, face.pixels, None, chance)
    return blend(face.pixels, drawn, blend_mask(face, chance, ("face", "face", "inner")), chance)


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


Maker = Callable[[Face, Face, np.random.Generator], Fake]
KINDS: dict[str, tuple[Maker, str, float]] = {
    "self_blend": (self_blend, SWAP, 0.34),
    "cross_identity": (cross_identity, SWAP, 0.2),
    "rebuilt_swap": (rebuilt_swap, SWAP, 0.14),
    "mouth_redone": (mouth_redone, EXPRESSION, 0.08),
    "expression_bent": (expression_bent, EXPRESSION, 0.1),
    "whole_rebuilt": (whole_rebuilt, SYNTHESISED, 0.05),
    "painted_over": (painted_over, RETOUCH, 0.05),
    "plastic": (plastic, SYNTHESISED, 0.1),
    "generated": (generated, SYNTHESISED, 0.1),
    "decoded": (decoded, SYNTHESISED, 0.05),
    "decoded_swap": (decoded_swap, SWAP, 0.05),
    "mesh_swap": (mesh_swap, SWAP, 0.1),
    "reenactment": (reenactment, EXPRESSION, 0.1),
    "smoother": (smoother, RETOUCH, 0.05),
    "rougher": (rougher, RETOUCH, 0.05),
    "mouth_rendered": (mouth_rendered, EXPRESSION, 0.05),
    "autoencoder_swap": (autoencoder_swap, SWAP, 0.0),
    "reconstructed": (reconstructed_fakes.reconstructed, SYNTHESISED, 0.0),
    "face_reconstructed": (reconstructed_fakes.face_reconstructed, SYNTHESISED, 0.0),
    "mouth_reconstructed": (reconstructed_fakes.mouth_reconstructed, SYNTHESISED, 0.0),
}
# Of pictures that reconstruct_faces has made; none of them by default.
REDRAWN = ("reconstructed", "face_reconstructed", "mouth_reconstructed")
# They differ from their source by the traces of a decoder alone: both have the same history.
SHARED_HISTORY = ("decoded", "whole_rebuilt", *REDRAWN)

SWAPPED = ("autoencoder_swap",)  # of squares that swap_faces has made


def make(kind: str, face: Face, other: Face, chance: np.random.Generator) -> Fake:
    return KINDS[kind][0](face, other, chance)


def _own_or(other: Face, face: Face, chance: np.random.Generator, own: float) -> Pixels:
    if chance.random() < own:
        return face.source(chance)
    return match_colours(align(other, face), face.pixels, None, chance)


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
