"""This face with another expression, as Face2Face does it: its own skin bent, the mouth's inside drawn anew."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..images import Pixels
from . import blending, mesh, upsampling
from .faces import Face, Fake
from .mesh import MEAN, Mesh
from .mesh_swap import feathered, filled, wobbled

OPEN = 0.14  # a mouth that is opened so far shows what is inside
PARTS = ("oval", "oval", "face", "lower")


def reenactment(face: Face, other: Face, chance: np.random.Generator) -> Fake:
    """The other's expression in this face, drawn over it up to the face's border."""
    own, theirs, size = mesh.mesh_of(face), mesh.mesh_of(other), face.pixels.shape[:2]
    target = acted(own, theirs, chance, face.acting)
    source = face.source(chance)
    drawn = mesh.draw(source, own, target, size)
    pixels = filled(drawn.pixels, drawn.inside)
    if mesh.openness(target) > OPEN:
        pixels = mouth_drawn(pixels, face, other, target, chance)
    how = chance.random()
    if how < 0.35:
        pixels = upsampling.rebuilt(pixels, chance, face.scale)
    elif how < 0.7:  # a texture that was rendered once
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), chance.uniform(0.3, 0.9) * max(0.6, face.scale / 60)))
    if chance.random() < 0.4:
        pixels = np.asarray((pixels + chance.normal(0, 5, 3)).clip(0, 255).astype(np.uint8))
    part = str(chance.choice(PARTS))
    mask = feathered(mesh.outline(target, part, size) * drawn.inside, face.scale, chance)
    seam = "poisson" if chance.random() < 0.15 else "feathered"
    return Fake(blending.joined(face.pixels, pixels, mask, seam), mask)


def acted(own: Mesh, theirs: Mesh, chance: np.random.Generator, acting: float = 1.0) -> Mesh:
    """The mesh with the other's expression, or with one that is made up, a little unsteadily."""
    scale = float(np.linalg.norm(own[263] - own[33])) / 1.42
    # The border moves less than the features: what is beside it does not move at all.
    much = FEATURES * chance.uniform(0.8, 1.3) + (1 - FEATURES) * chance.uniform(0.1, 0.5)
    change = mesh.turned_like(theirs, own) - own
    for points, near in _PLACED:  # eyes and mouth change their shape, and stay where they are
        change = change - near[:, None] * change[list(points)].mean(0)
    if chance.random() < 0.6:
        change = change * 0.6 + invented(own, chance)
    limit = 0.35 * scale  # no face can do more
    length = np.linalg.norm(change, axis=1, keepdims=True)
    change = change * np.minimum(1, limit / np.maximum(length, 1e-3))
    target = own + (change * much[:, None] * acting).astype(np.float32)
    return wobbled(target, scale, chance, 0.5)


def _near(points: tuple[int, ...], reach: float) -> NDArray[np.float64]:
    """Of each point of the average face, how near it is to some of them: one there, nothing far away."""
    apart = np.linalg.norm(MEAN[:, None, :2] - MEAN[list(points)][None, :, :2], axis=-1).min(1)
    return np.asarray(np.exp(-((apart / reach) ** 2)))


_EYES, LIPS, _BROWS = (
    _near((*mesh.EYES[0], *mesh.EYES[1]), 0.12),
    _near((*mesh.LIPS, *mesh.OPENING), 0.3),
    _near(mesh.BROWS, 0.2),
)
_PLACED = ((mesh.LIPS, LIPS), *((eye, _near(eye, 0.25)) for eye in mesh.EYES))
FEATURES = np.maximum.reduce([_EYES, LIPS, _BROWS])
_LOWER_LIP = (14, 87, 178, 88, 317, 402, 318, 15, 16, 17, 84, 181, 91, 314, 405, 321)
_CHIN = (152, 148, 176, 377, 400, 199, 175, 200)
_LIDS = ((159, 160, 158, 161, 157), (386, 387, 385, 388, 384))


def invented(own: Mesh, chance: np.random.Generator) -> NDArray[np.float64]:
    """A jaw that drops, corners of the mouth that rise or part, brows that go up, lids that close."""
    x, y = own[263, :2] - own[33, :2], own[152, :2] - own[10, :2]
    right, down = x / 1.42, y / 2.61  # one unit of the average face along both
    change = np.zeros((len(own), 3))

    def push(where: NDArray[np.float64], across: float, along: float) -> None:
        change[:, :2] += where[:, None] * (across * right + along * down)

    drop = float(np.clip(chance.normal(0.08, 0.1), 0, 0.24))
    push(np.maximum(_near(_LOWER_LIP, 0.14), 0.8 * _near(_CHIN, 0.35)), 0, drop)
    rise, part = chance.normal(0, 0.05), chance.normal(0, 0.05)
    push(_near((61,), 0.25), -part, -rise)
    push(_near((291,), 0.25), part, -rise)
    push(_BROWS, 0, chance.normal(0, 0.05))
    shut = max(0.0, chance.normal(0, 0.06))
    for lid in _LIDS:
        push(_near(lid, 0.07), 0, shut)
    return change


def mouth_drawn(pixels: Pixels, face: Face, other: Face, target: Mesh, chance: np.random.Generator) -> Pixels:
    """The inside of a mouth that was shut: the other's where that is open, else dark, with or without teeth."""
    size = pixels.shape[:2]
    opening = mesh.outline(target, "opening", size)
    theirs = mesh.mesh_of(other)
    if mesh.openness(mesh.mesh_of(face)) > OPEN:  # its own is bent along
        return pixels
    if mesh.openness(theirs) > OPEN:
        inside = mesh.draw(other.pixels, theirs, target, size).pixels
        inside = _as_bright(inside, other, face)
    else:
        inside = _invented_mouth(target, size, pixels, opening, chance)
    share: Any = cv2.GaussianBlur(opening, (0, 0), max(0.5, face.scale * 0.015))[..., None]
    return np.asarray((pixels * (1 - share) + inside * share).round().clip(0, 255).astype(np.uint8))


def _as_bright(inside: Pixels, other: Face, face: Face) -> Pixels:
    """By how bright both faces are between the eyes and the mouth."""
    light = []
    for person in (other, face):
        mask = mesh.outline(mesh.mesh_of(person), "inner", person.pixels.shape[:2]) > 0
        light.append(person.pixels[mask].mean(0) + 8 if mask.any() else np.full(3, 128.0))
    return np.asarray((inside * (light[1] / light[0]).clip(0.4, 2.5)).clip(0, 255).astype(np.uint8))


def _invented_mouth(
    target: Mesh, size: tuple[int, int], pixels: Pixels, opening: Any, chance: np.random.Generator
) -> Pixels:
    """Dark red that gets darker inwards, and a row of teeth below the upper lip."""
    lip_pixels = pixels[mesh.outline(target, "lips", size) > 0]
    lips = lip_pixels.mean(0) if len(lip_pixels) else np.array([120.0, 70.0, 70.0])
    deep: Any = cv2.distanceTransform((opening > 0).astype(np.uint8), cv2.DIST_L2, 3)
    deep = (deep / max(1.0, float(deep.max())))[..., None]
    out = lips * np.array([0.55, 0.4, 0.4]) * (1 - 0.75 * deep)
    if chance.random() < 0.6:
        upper, lower = target[[82, 13, 312], :2].mean(0), target[[87, 14, 317], :2].mean(0)
        width = float(np.linalg.norm(target[308, :2] - target[78, :2]))
        teeth = np.zeros(size, np.float32)
        middle = upper + (lower - upper) * 0.2
        turn = float(np.degrees(np.arctan2(*(target[308, :2] - target[78, :2])[::-1])))
        high = max(1.0, float(np.linalg.norm(lower - upper)) * chance.uniform(0.2, 0.4))
        spot = (float(middle[0]), float(middle[1]))
        cv2.ellipse(teeth, (spot, (width * chance.uniform(0.55, 0.8), high), turn), 1.0, -1)
        teeth = cv2.GaussianBlur(teeth, (0, 0), max(0.6, width * 0.03))[..., None]  # type: ignore[assignment]
        bright = lips.mean() * chance.uniform(1.1, 1.7) * np.array([1.0, 0.96, 0.88])
        out = out * (1 - teeth) + bright * teeth
    return np.asarray(out.clip(0, 255).astype(np.uint8))
