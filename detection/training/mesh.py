"""A face as a net of 468 points and 898 triangles between them, and pictures drawn onto it triangle by triangle.

The net is that of MediaPipe's face mesh (Apache-2.0); the average face is a mean of faces under open licences.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..images import Pixels
from .face_dataset import Points
from .face_masks import Mask
from .faces import Face

Mesh = NDArray[np.float32]  # 468 points in pixels: to the right, down, and away from the camera

_STORED = np.load(Path(__file__).with_name("mesh.npz"))
# Its eyes are one unit apart and half-way between them is the origin, as in face_masks.
MEAN: Mesh = _STORED["mean"]
TRIANGLES: NDArray[np.int16] = _STORED["triangles"]
MIRROR: NDArray[np.int16] = _STORED["mirror"]  # of each point, the one on the other side of the face

OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
JAW = OVAL[7:30]
BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)
LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
OPENING = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
EYES = (
    (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
    (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466),
)


def _both_sides(half: tuple[int, ...]) -> tuple[int, ...]:
    """From the middle down one side and up the other."""
    return (*half, *(int(MIRROR[point]) for point in half[-2:0:-1]))


PARTS: dict[str, tuple[int, ...]] = {
    "oval": OVAL,
    "face": (*BROWS, *JAW),  # what 68 landmarks span, and older tools swap
    "inner": (*BROWS, *_both_sides((9, 345, 352, 411, 434, 430, 431, 262, 428, 199))),
    "mouth": _both_sides((2, 327, 426, 436, 432, 424, 418, 421, 200)),
    "lower": _both_sides((2, 327, 425, 352, 361, 288, 397, 365, 379, 378, 400, 377, 152)),
    "lips": LIPS,
    "opening": OPENING,
}
HULLS = ("oval", "face", "inner")


def template(landmarks: Points) -> Mesh:
    """The average face laid on five landmarks: all there is where nobody has fitted a mesh."""
    spots = five(MEAN)
    average = np.column_stack([spots, np.ones(5)])
    place, *_ = np.linalg.lstsq(average, landmarks.astype(np.float64), rcond=None)
    flat = np.column_stack([MEAN[:, :2], np.ones(len(MEAN))]) @ place
    size = float(np.sqrt(abs(np.linalg.det(place[:2]))))
    return np.column_stack([flat, MEAN[:, 2] * size]).astype(np.float32)


def mesh_of(face: Face) -> Mesh:
    return template(face.landmarks) if face.mesh is None else face.mesh


def five(mesh: Mesh) -> Points:
    """Where the five landmarks lie in a mesh."""
    eyes = [mesh[list(eye), :2].mean(0) for eye in EYES]
    return np.asarray([*eyes, mesh[1, :2], mesh[61, :2], mesh[291, :2]], np.float32)


def mirrored(mesh: Mesh, width: int) -> Mesh:
    flipped = mesh[MIRROR].copy()
    flipped[:, 0] = width - 1 - flipped[:, 0]
    return flipped


def moved(mesh: Mesh, matrix: Any) -> Mesh:
    """By a similarity (2 × 3) of the picture."""  # noqa: RUF002
    flat = mesh[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    size = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    return np.column_stack([flat, mesh[:, 2] * size]).astype(np.float32)


def turned_like(mesh: Mesh, other: Mesh) -> Mesh:
    """The same face, turned, sized and placed in space as the other: what is left apart is shape and expression."""
    middle, there = mesh.mean(0), other.mean(0)
    own, theirs = (mesh - middle).astype(np.float64), (other - there).astype(np.float64)
    left, sizes, right = np.linalg.svd(own.T @ theirs)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    turn = left @ np.diag(sign) @ right
    size = (sizes * sign).sum() / (own**2).sum()
    return np.asarray(own @ turn * size + there, np.float32)


def openness(mesh: Mesh) -> float:
    """Of the mouth: its height between the lips over its width."""
    gap, width = mesh[14] - mesh[13], mesh[308] - mesh[78]
    return float(np.linalg.norm(gap[:2]) / max(1e-3, float(np.linalg.norm(width[:2]))))


@dataclass(frozen=True, slots=True)
class Drawing:
    """What was drawn, in a picture as large as the one that it is for, and where."""

    pixels: Pixels
    inside: Mask


def draw(pixels: Pixels, at: Mesh, to: Mesh, size: tuple[int, int]) -> Drawing:
    """The skin of one mesh on another, each triangle by a map of its own; those in front hide those behind."""
    owner = _rasterised(to, size)
    inside = owner >= 0
    out = np.zeros((*size, 3), np.uint8)
    if not inside.any():
        return Drawing(out, inside.astype(np.float32))
    left, top, width, height = cv2.boundingRect(inside.astype(np.uint8))
    part = (slice(top, top + height), slice(left, left + width))
    maps = _maps(to, at).astype(np.float32)[owner[part]]
    ys, xs = np.mgrid[top : top + height, left : left + width].astype(np.float32)
    from_x = maps[..., 0] * xs + maps[..., 1] * ys + maps[..., 2]
    from_y = maps[..., 3] * xs + maps[..., 4] * ys + maps[..., 5]
    drawn = cv2.remap(pixels, from_x, from_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    out[part] = drawn * inside[part][..., None]
    return Drawing(out, inside.astype(np.float32))


def _rasterised(mesh: Mesh, size: tuple[int, int]) -> NDArray[np.int32]:
    """Of each pixel the triangle that is seen there, or -1."""
    owner = np.full(size, -1, np.int32)
    corners = mesh[TRIANGLES]
    flat = np.round(corners[..., :2] * 16).astype(np.int32)
    for number in np.argsort(-corners[..., 2].mean(1), kind="stable"):
        cv2.fillConvexPoly(owner, flat[number], int(number), lineType=cv2.LINE_8, shift=4)
    return owner


def _maps(here: Mesh, there: Mesh) -> NDArray[np.float64]:
    """Of each triangle the affine map that takes it from here to there, in six numbers."""
    source, target = (mesh[TRIANGLES][..., :2].astype(np.float64) for mesh in (here, there))
    corners = np.concatenate([source, np.ones((*source.shape[:2], 1))], -1)
    flat = np.abs(np.linalg.det(corners)) < 1e-3
    corners[flat] = np.eye(3)  # a triangle that is seen edge-on has no such map
    maps = np.linalg.solve(corners, target)
    maps[flat] = 0
    maps[flat, 2] = target[flat, 0]
    return np.asarray(maps.transpose(0, 2, 1).reshape(-1, 6))


def flow(at: Mesh, to: Mesh, size: tuple[int, int], reach: float) -> tuple[Any, Any]:
    """Maps for `cv2.remap` that bend a whole picture so that the mesh goes from `at` to `to`, its surroundings along.

    `reach`: pixels over which the bending fades away outside the face.
    """
    height, width = size
    step = max(1, round(reach / 8))
    shape = (-(-height // step) + 1, -(-width // step) + 1)
    total, weight = np.zeros((*shape, 2), np.float32), np.full(shape, 1e-3, np.float32)
    columns = (to[:, 0] / step).round().astype(int).clip(0, shape[1] - 1)
    rows = (to[:, 1] / step).round().astype(int).clip(0, shape[0] - 1)
    np.add.at(total, (rows, columns), at[:, :2] - to[:, :2])
    np.add.at(weight, (rows, columns), 1)
    near, far = reach / step / 3, reach / step * 1.5
    shift: Any = cv2.GaussianBlur(total, (0, 0), near) / cv2.GaussianBlur(weight, (0, 0), near)[..., None]
    hull = np.zeros(shape, np.float32)
    cv2.fillConvexPoly(hull, cv2.convexHull((to[:, :2] / step).round().astype(np.int32)), 1.0)
    shift = shift * cv2.GaussianBlur(hull, (0, 0), far / 2)[..., None]
    full = cv2.resize(shift, (shape[1] * step, shape[0] * step), interpolation=cv2.INTER_LINEAR)[:height, :width]
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    return xs + full[..., 0], ys + full[..., 1]


def outline(mesh: Mesh, part: str, size: tuple[int, int]) -> Mask:
    """A part of the face as a hard mask."""
    mask = np.zeros(size, np.float32)
    spots: Any = mesh[list(PARTS[part]), :2]
    if part in HULLS:
        spots = cv2.convexHull(spots.astype(np.float32))[:, 0]
    cv2.fillPoly(mask, [np.round(spots * 16).astype(np.int32)], 1.0, shift=4)
    return mask
