"""Face detection: MTCNN's three networks in ONNX Runtime, on an image pyramid made by OpenCV."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .images import Pixels
from .runtime import onnx_session

FOLDER = Path(__file__).parent / "weights"
LONG_SIDE = 640  # of the first attempt; the cost grows with the area
CLOSER = 1280  # of the second attempt, if the first finds no face
SMALLEST = 20  # pixels, after resizing
SHRINK = 0.709
SURE = (0.6, 0.7, 0.8)  # thresholds of the three networks
MOST = 32  # faces of one picture, the most certain first
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Face:
    """A face in pixels of the original: box (left, top, right, bottom) and five landmarks."""

    box: tuple[float, float, float, float]
    landmarks: tuple[tuple[float, float], ...]  # left eye, right eye, nose, left and right corner of the mouth
    confidence: float

    @property
    def side(self) -> float:
        return min(self.box[2] - self.box[0], self.box[3] - self.box[1])

    def scaled(self, by: float) -> "Face":
        left, top, right, bottom = (v * by for v in self.box)
        points = tuple((x * by, y * by) for x, y in self.landmarks)
        return replace(self, box=(left, top, right, bottom), landmarks=points)


@cache
def _nets() -> tuple[Any, Any, Any]:
    return tuple(onnx_session(FOLDER / f"{name}.onnx") for name in ("pnet", "rnet", "onet"))


def detect(pixels: Pixels, *, least: float = 0.0) -> list[Face]:
    """All faces, largest first, in the coordinates of `pixels`.

    `least`: faces smaller than this are looked for only where there is no larger one; most of the time goes into them.
    """
    for side, least_size in ((LONG_SIDE, least), (LONG_SIDE, 0.0), (CLOSER, 0.0)):
        share = min(1.0, side / max(pixels.shape[:2]))
        smallest = max(SMALLEST, least_size * share)
        detected = _detect(_resized(pixels, share), smallest)
        if detected or (share == 1.0 and smallest == SMALLEST):
            break
    faces = [face.scaled(1 / share) for face in detected]
    return sorted(faces, key=lambda face: -face.side)[:MOST]


def follow(pixels: Pixels, faces: Sequence[Face]) -> list[Face | None]:
    """Find known faces in the next frame with the last network alone. None for a face that is lost."""
    if not faces:
        return []
    share = min(1.0, LONG_SIDE / max(pixels.shape[:2]))
    small = _resized(pixels, share)
    boxes = _square(np.array([face.scaled(share).box for face in faces], np.float32))
    rows = _refine_last(_normal(small), boxes)
    return [_face(row).scaled(1 / share) if row[4] > SURE[2] else None for row in rows]


def _resized(pixels: Pixels, share: float) -> Pixels:
    if share >= 1.0:
        return pixels
    height, width = pixels.shape[:2]
    size = (max(1, round(width * share)), max(1, round(height * share)))
    while (
        min(pixels.shape[0] // size[1], pixels.shape[1] // size[0]) >= 2
    ):  # halving is much cheaper than other factors
        half = (pixels.shape[1] // 2, pixels.shape[0] // 2)
        pixels = cv2.resize(pixels, half, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    small: Pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR)  # type: ignore[assignment]
    return small


def _normal(pixels: Pixels) -> Floats:
    return (pixels.astype(np.float32) - np.float32(127.5)) / np.float32(128)


def _detect(pixels: Pixels, smallest: float) -> list[Face]:
    if min(pixels.shape[:2]) < 12:
        return []
    boxes = _propose(pixels, smallest)
    image = _normal(pixels)
    if len(boxes):
        boxes = _refine_second(image, boxes)
    if not len(boxes):
        return []
    rows = _refine_last(image, boxes)
    rows = rows[rows[:, 4] > SURE[2]]
    rows = rows[_keep(rows, 0.7, smaller=True)]
    height, width = pixels.shape[:2]
    rows[:, [0, 2]] = rows[:, [0, 2]].clip(0, width - 1)
    rows[:, [1, 3]] = rows[:, [1, 3]].clip(0, height - 1)
    return [_face(row) for row in rows if row[2] - row[0] >= 2 and row[3] - row[1] >= 2]


def _face(row: Floats) -> Face:
    left, top, right, bottom, sure = (float(v) for v in row[:5])
    return Face((left, top, right, bottom), tuple((float(row[5 + i]), float(row[10 + i])) for i in range(5)), sure)


def _propose(pixels: Pixels, smallest: float) -> Floats:
    """Run the first network over every level of the pyramid."""
    height, width = pixels.shape[:2]
    share, proposals = 12 / smallest, []
    while min(height, width) * share >= 12:
        size = (max(12, int(width * share)), max(12, int(height * share)))
        # Each level is made from the one before, which takes a third of the time.
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        level = cv2.dnn.blobFromImage(pixels, 1 / 128, mean=(127.5, 127.5, 127.5))
        offsets, sure = _nets()[0].run(None, {"input": level})
        ys, xs = np.nonzero(sure[0, 1] > SURE[0])
        if len(ys):
            corners = np.stack([xs * 2, ys * 2, xs * 2 + 12, ys * 2 + 12], 1) + offsets[0][:, ys, xs].T * 12
            rows = np.column_stack([corners / share, sure[0, 1, ys, xs]]).astype(np.float32)
            proposals.append(rows[_keep(rows, 0.5)])
        share *= SHRINK
    if not proposals:
        return np.empty((0, 4), np.float32)
    rows = np.concatenate(proposals)
    return _square(rows[_keep(rows, 0.7)][:, :4])


def _refine_second(image: Floats, boxes: Floats) -> Floats:
    offsets, sure = _nets()[1].run(None, {"input": _patches(image, boxes, 24)})
    rows = np.column_stack([_moved(boxes, offsets), sure[:, 1]])
    rows = rows[rows[:, 4] > SURE[1]]
    return _square(rows[_keep(rows, 0.7)][:, :4])


def _refine_last(image: Floats, boxes: Floats) -> Floats:
    """Rows of box, confidence, five x, five y."""
    offsets, points, sure = _nets()[2].run(None, {"input": _patches(image, boxes, 48)})
    sides = boxes[:, 2:4] - boxes[:, :2] + 1
    xs = points[:, :5] * sides[:, :1] + boxes[:, :1] - 1
    ys = points[:, 5:] * sides[:, 1:] + boxes[:, 1:2] - 1
    return np.column_stack([_moved(boxes, offsets), sure[:, 1], xs, ys]).astype(np.float32)


def _moved(boxes: Floats, offsets: Floats) -> Floats:
    sides = boxes[:, 2:4] - boxes[:, :2] + 1
    return boxes + offsets * np.tile(sides, 2)


def _square(boxes: Floats) -> Floats:
    sides = boxes[:, 2:4] - boxes[:, :2]
    largest = sides.max(1, keepdims=True)
    corner = boxes[:, :2] + sides / 2 - largest / 2
    return np.column_stack([corner, corner + largest]).astype(np.float32)


def _patches(image: Floats, boxes: Floats, side: int) -> Floats:
    """Patches as TensorFlow's crop_and_resize makes them (corners aligned, black outside), one warp each."""
    height, width = image.shape[:2]
    patches = np.empty((len(boxes), side, side, 3), np.float32)
    for patch, (left, top, right, bottom) in zip(patches, boxes, strict=True):
        # tf.image.crop_and_resize measures boxes against the size, but places them on size - 1.
        x, y = left / width * (width - 1), top / height * (height - 1)
        across = (right - left) / width * (width - 1) / (side - 1)
        down = (bottom - top) / height * (height - 1) / (side - 1)
        matrix = np.array([[across, 0, x], [0, down, y]], np.float32)
        cv2.warpAffine(
            image, matrix, (side, side), dst=patch, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT, borderValue=(0, 0, 0),
        )  # fmt: skip
    return np.ascontiguousarray(patches.transpose(0, 3, 1, 2))


def _keep(rows: Floats, overlap: float, *, smaller: bool = False) -> NDArray[np.intp]:
    """Non-maximum suppression: the indices of the boxes to keep."""
    if not smaller:
        boxes: Any = np.column_stack([rows[:, :2], rows[:, 2:4] - rows[:, :2]]).astype(np.float64)
        sure: Any = rows[:, 4]
        return np.array(cv2.dnn.NMSBoxes(boxes, sure, 0.0, overlap), np.intp).reshape(-1)
    order = np.argsort(-rows[:, 4], kind="stable")
    left, top, right, bottom = rows[:, :4].T
    areas = (right - left) * (bottom - top)
    kept = []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(best)
        width = (np.minimum(right[best], right[order]) - np.maximum(left[best], left[order])).clip(0)
        height = (np.minimum(bottom[best], bottom[order]) - np.maximum(top[best], top[order])).clip(0)
        inner = np.maximum(np.minimum(areas[best], areas[order]), 1e-6)
        order = order[width * height <= overlap * inner]
    return np.array(kept, np.intp)


def overlap(first: Face, second: Face) -> float:
    width = min(first.box[2], second.box[2]) - max(first.box[0], second.box[0])
    height = min(first.box[3], second.box[3]) - max(first.box[1], second.box[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = sum((f.box[2] - f.box[0]) * (f.box[3] - f.box[1]) for f in (first, second))
    return width * height / (areas - width * height)
