"""Somebody else's face drawn onto this one's mesh, as FaceSwap and its like do it: no network, but graphics."""

from typing import Any

import cv2
import numpy as np

from ..images import Pixels
from . import blending, compression, mesh
from .face_masks import Mask
from .faces import Face, Fake
from .mesh import Mesh

PARTS = ("face", "face", "oval", "inner")


def mesh_swap(face: Face, other: Face, chance: np.random.Generator) -> Fake:
    """The other's skin, triangle by triangle, in these colours, with a feathered seam or Poisson's."""
    own, size = wobbled(mesh.mesh_of(face), face.scale, chance), face.pixels.shape[:2]
    skin = other.pixels if chance.random() < 0.75 else compression.recompressed(other.pixels, chance)
    part, colours = str(chance.choice(PARTS)), chance.random()
    seam = "poisson" if chance.random() < 0.3 else "feathered"
    drawn = mesh.draw(skin, mesh.mesh_of(other), own, size)
    mask = feathered(mesh.outline(own, part, size) * drawn.inside, face.scale, chance)
    source = filled(drawn.pixels, drawn.inside)
    if colours < 0.5:
        source = blending.match_colours(source, face.pixels, mask, chance)
    elif colours < 0.85 and seam != "poisson":
        source = lit_like(source, face.pixels, mask, face.scale * chance.uniform(0.3, 0.9))
    return Fake(blending.joined(face.pixels, source, mask, seam), mask)


def wobbled(own: Mesh, scale: float, chance: np.random.Generator, much: float = 1.0) -> Mesh:
    """As unsteady as landmarks are when somebody finds them: all a little off together, and each by itself."""
    off = chance.normal(0, 0.012 * much, 2) * scale
    bent = chance.normal(0, 0.008 * much, (len(own), 2)) * scale
    wrong = own.copy()
    wrong[:, :2] += (off + bent).astype(np.float32) * np.float32(0.7)
    return wrong


def feathered(hard: Mask, scale: float, chance: np.random.Generator) -> Mask:
    """Shrunk, then softened inwards: what lies outside the outline stays as it is."""
    edge = scale * float(chance.choice([0.02, 0.05, 0.1, 0.16, 0.25]))
    inwards = cv2.distanceTransform((hard > 0.5).astype(np.uint8), cv2.DIST_L2, 3) - scale * chance.uniform(0, 0.06)
    soft = cv2.GaussianBlur((inwards / max(edge, 0.7)).clip(0, 1), (0, 0), max(0.4, edge / 4))
    return np.asarray((soft * (inwards > -0.5)).clip(0, 1), np.float32)


def filled(drawn: Pixels, inside: Mask) -> Pixels:
    """Around the drawn part its mean colour, so that no black gets into blurs and seams."""
    where = inside > 0
    if not where.any():
        return drawn
    out = drawn.copy()
    out[~where] = drawn[where].mean(0).astype(np.uint8)
    return out


def lit_like(source: Pixels, target: Pixels, mask: Mask, sigma: float) -> Pixels:
    """The broad light and colour of the target, by the ratio of both blurred: as scripts around landmarks do it."""
    share: Any = (mask > 0.02).astype(np.float32)[..., None]
    weight = cv2.GaussianBlur(share, (0, 0), sigma)[..., None] + 1e-3
    broad = [cv2.GaussianBlur(picture * share, (0, 0), sigma) / weight + 4 for picture in (source, target)]
    return np.asarray((source * (broad[1] / broad[0]).clip(0.3, 3)).clip(0, 255).astype(np.uint8))
