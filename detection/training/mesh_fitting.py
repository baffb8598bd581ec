"""Where the 468 points of a face lie in its picture, told by MediaPipe's network: once, and kept as numbers."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..images import Pixels
from ..runtime import OnnxNet
from . import mesh
from .face_dataset import MESHES, FaceCrop, Points, TrainingError
from .faces import Face
from .mesh import Mesh

SIDE = 192  # of the square that the network looks at
AROUND = 1.5  # how much larger that square is than the face, as MediaPipe has it
SURE, APART = 0.9, 0.2  # it says that there is a face, which lies where the landmarks say, in distances of the eyes


class Landmarker:
    """`face_landmark.tflite` out of `modules/face_landmark` of a wheel of mediapipe 0.10.14, or the same as ONNX."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise TrainingError(f"There is no {path}: take face_landmark.tflite out of a wheel of mediapipe 0.10.14.")
        self.digest = hashlib.sha256(path.read_bytes()).hexdigest()
        try:
            self._net = OnnxNet(_as_onnx(path) if path.suffix == ".tflite" else path, threads=1)
            outputs = self._net(np.zeros((1, SIDE, SIDE, 3), np.float32))
            sizes = [outputs[name].size for name in self._net.outputs[:2]]
        except Exception as error:  # whatever a converter or a runtime makes of a file that is something else
            raise TrainingError(f"{path.name} is no network: {error}") from error
        if sizes != [mesh.MEAN.size, 1]:
            raise TrainingError(f"{path.name} is not the network of MediaPipe's face mesh: it finds no 468 points.")

    def fit(self, pixels: Pixels, landmarks: Points) -> Mesh | None:
        """Nothing where the network sees no face, or one that lies elsewhere."""
        scale = Face(pixels, landmarks).scale
        points = landmarks.astype(np.float64)
        points_found, _ = self._look(
            pixels, points.mean(0) - (0, 0.1 * scale), 4.3 * scale, _slant(points[0], points[1])
        )
        turn = _slant(points_found[33], points_found[263])
        upright = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        low, high = (edge(points_found[:, :2] @ upright.T, 0) for edge in (np.min, np.max))
        points_found, sure = self._look(
            pixels, upright.T @ ((low + high) / 2), AROUND * float((high - low).max()), turn
        )
        off = np.linalg.norm(mesh.five(points_found) - landmarks, axis=1).max() / scale
        return points_found if sure > SURE and off < APART else None

    def _look(self, pixels: Pixels, middle: Any, side: float, turn: float) -> tuple[Mesh, float]:
        share = SIDE / side
        cosine, sine = np.cos(turn) * share, np.sin(turn) * share
        place = np.array([[cosine, sine, 0], [-sine, cosine, 0]])
        place[:, 2] = SIDE / 2 - place[:, :2] @ middle
        square = cv2.warpAffine(pixels, place, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        outputs = self._net((square[None] / np.float32(255)).astype(np.float32))
        there, sure = (outputs[name] for name in self._net.outputs[:2])
        points = mesh.moved(there.reshape(-1, 3).astype(np.float32), cv2.invertAffineTransform(place))
        return points, 1 / (1 + float(np.exp(-sure.ravel()[0])))


def _as_onnx(path: Path) -> bytes:
    from tf2onnx import convert

    model, _ = convert.from_tflite(str(path), opset=13)
    return bytes(model.SerializeToString())


def _slant(left: Any, right: Any) -> float:
    return float(np.arctan2(right[1] - left[1], right[0] - left[0]))


def fit_all(faces: Sequence[FaceCrop], landmarker: Landmarker, out: Path, progress: Callable[[int], None]) -> int:
    """How many faces have a mesh now; they are written in one file, last of all."""
    names, meshes = [], []
    for number, face in enumerate(faces, 1):
        fitted = landmarker.fit(face.pixels(), face.landmarks)
        if fitted is not None:
            names.append(face.name)
            meshes.append(fitted.astype(np.float16))
        progress(number)
    if not meshes:
        raise TrainingError("No face among them has a mesh.")
    out.mkdir(parents=True, exist_ok=True)
    part = out / f"part-{MESHES}"
    np.savez_compressed(part, names=np.array(names), meshes=np.stack(meshes), sha256=np.array(landmarker.digest))
    part.replace(out / MESHES)
    return len(meshes)
