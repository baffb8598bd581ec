"""Redraw faces with a pretrained super-resolution network.

The generator is any network in ncnn's format that enlarges by four, such as Real-ESRGAN. None comes with this project.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..images import Pixels
from .face_dataset import FaceCrop, redrawn_path

TIMES = 4
SIDES = (44.0, 92.0)  # range of the longer side of the input in pixels, log-uniform
LEAST = 8
ABOUT = "redrawn.json"
QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 97, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]


class Generator:
    """A network in ncnn's format: `.param` holds the graph, `.bin` the weights."""

    def __init__(self, param: Path) -> None:
        import ncnn  # an optional dependency

        self.name = param.stem
        self.digest = hashlib.sha256(param.with_suffix(".bin").read_bytes()).hexdigest()
        self._net = ncnn.Net()
        self._net.opt.use_vulkan_compute = False
        if self._net.load_param(str(param)) or self._net.load_model(str(param.with_suffix(".bin"))):
            raise ValueError(f"ncnn can't read {param.name} and its .bin.")

    def __call__(self, pixels: Pixels) -> Pixels:
        import ncnn

        height, width = pixels.shape[:2]
        given = np.ascontiguousarray(pixels.transpose(2, 0, 1), np.float32) / 255
        extractor = self._net.create_extractor()
        extractor.input("data", ncnn.Mat(given))
        failed, drawn = extractor.extract("output")
        made: Any = np.array(drawn)
        if failed or made.shape != (3, height * TIMES, width * TIMES):
            raise ValueError(f"{self.name} does not enlarge pictures {TIMES} times.")
        return np.asarray((made.transpose(1, 2, 0) * 255).round().clip(0, 255).astype(np.uint8))


def select_faces(faces: Sequence[FaceCrop], count: int | None) -> list[FaceCrop]:
    """Select the same faces every time, from all parts."""
    return sorted(faces, key=lambda face: hashlib.sha256(f"redrawn{face.name}".encode()).digest())[:count]


def redraw(faces: Sequence[FaceCrop], generator: Generator, out: Path, progress: Callable[[int], None]) -> None:
    """Write one picture per face. Existing ones are kept."""
    generator_record = {"generator": generator.name, "sha256": generator.digest}
    if read_generator(out) not in ({}, generator_record):
        raise ValueError(f"The pictures in {out.name} are by another generator. Choose another folder.")
    out.mkdir(parents=True, exist_ok=True)
    (out / ABOUT).write_text(json.dumps(generator_record) + "\n")
    for number, face in enumerate(faces, 1):
        path = redrawn_path(out, face.name)
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            _, encoded = cv2.imencode(".jpg", _redrawn(face, generator)[..., ::-1], QUALITY)
            path.with_suffix(".part").write_bytes(encoded.tobytes())
            path.with_suffix(".part").replace(path)
        progress(number)


def _redrawn(face: FaceCrop, generator: Generator) -> Pixels:
    chance = np.random.default_rng(int(hashlib.sha256(face.name.encode()).hexdigest()[:8], 16))
    pixels = face.pixels()
    height, width = pixels.shape[:2]
    share = min(1.0, float(np.exp(chance.uniform(*np.log(SIDES)))) / max(height, width))
    size = max(LEAST, round(width * share)), max(LEAST, round(height * share))
    drawn = generator(np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)))
    how = cv2.INTER_AREA if drawn.shape[0] > height else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(drawn, (width, height), interpolation=how))


def read_generator(folder: Path | None) -> dict[str, str]:
    """The generator of the pictures in a folder."""
    path = folder / ABOUT if folder else None
    return dict(json.loads(path.read_text())) if path and path.is_file() else {}
