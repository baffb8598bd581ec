"""FLUX.2's tiny auto-encoder (taef2) as ONNX graphs, read from its safetensors files.

Any real photo that goes through it is the same picture with the traces of a diffusion model's decoder.
"""

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..images import Pixels
from ..runtime import onnx_session
from .face_dataset import TrainingError

STEP = 8  # sides are multiples of it: three times halved, three times doubled
Latents = NDArray[np.float32]

# What each numbered layer is; the others have no weights.
_BLOCK, _POOLED, _CONV, _STRIDED = "block", "pooled block", "conv", "strided conv"
ENCODER = [_CONV, _BLOCK, _STRIDED, *[_BLOCK] * 3, _STRIDED, *[_BLOCK] * 3, _STRIDED, *[_POOLED] * 3, _CONV]
DECODER = [
    "clamp", _CONV, "relu", *[_POOLED] * 3, "double", _CONV, *[_BLOCK] * 3, "double", _CONV, *[_BLOCK] * 3,
    "double", _CONV, _BLOCK, _CONV,
]  # fmt: skip


class TinyAutoencoder:
    """Encoder and decoder in ONNX Runtime."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        files = [folder / f"taef2_{half}.safetensors" for half in ("encoder", "decoder")]
        if missing := [file.name for file in files if not file.is_file()]:
            raise TrainingError(f"{folder} lacks {' and '.join(missing)}.")
        self.name = "taef2"
        self.digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
        graphs = [graph(read_weights(file), plan) for file, plan in zip(files, (ENCODER, DECODER), strict=True)]
        self._encoder, self._decoder = (onnx_session(content, threads=threads) for content in graphs)

    def encode(self, pixels: Pixels) -> Latents:
        height, width = pixels.shape[:2]
        padded = cv2.copyMakeBorder(pixels, 0, -height % STEP, 0, -width % STEP, cv2.BORDER_REFLECT_101)
        batch = np.ascontiguousarray(padded.transpose(2, 0, 1)[None], np.float32) / 255
        return np.asarray(self._encoder.run(None, {"input": batch})[0][0])

    def decode(self, latents: Latents, size: tuple[int, int]) -> Pixels:
        """`size`: height and width of the picture before it was padded."""
        drawn: Any = self._decoder.run(None, {"input": latents[None]})[0][0]
        pixels = (drawn * 255).round().clip(0, 255).astype(np.uint8).transpose(1, 2, 0)
        return np.ascontiguousarray(pixels[: size[0], : size[1]])


def read_weights(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a safetensors file in half or single precision, as single precision."""
    stored = path.read_bytes()
    length = struct.unpack("<Q", stored[:8])[0]
    header = json.loads(stored[8 : 8 + length])
    types = {"F16": np.float16, "F32": np.float32}
    weights = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        values = np.frombuffer(stored[start:end], types[entry["dtype"]])
        weights[name] = values.reshape(entry["shape"]).astype(np.float32)
    return weights


def graph(weights: dict[str, NDArray[Any]], plan: list[str]) -> bytes:
    """The ONNX graph of one half, for pictures of any size."""
    return _Graph(weights).build(plan)


class _Graph:
    def __init__(self, weights: dict[str, NDArray[Any]]) -> None:
        import onnx

        self.onnx = onnx
        self.weights = weights
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def build(self, plan: list[str]) -> bytes:
        x = "input"
        for number, layer in enumerate(plan):
            x = self._layer(layer, str(number), x)
        self.node("Identity", [x], name="output")
        make = self.onnx.helper
        value = [make.make_tensor_value_info(n, 1, ["n", "c", "h", "w"]) for n in ("input", "output")]
        model_graph = make.make_graph(self.nodes, "taef2", value[:1], value[1:], list(self.constants.values()))
        return bytes(
            make.make_model(model_graph, opset_imports=[make.make_opsetid("", 17)], ir_version=9).SerializeToString()
        )

    def _layer(self, layer: str, number: str, x: str) -> str:
        if layer == "relu":
            return self.node("Relu", [x])
        if layer == "clamp":
            three = self.constant("three", np.float32(3))
            return self.node("Mul", [self.node("Tanh", [self.node("Div", [x, three])]), three])
        if layer == "double":
            scales = self.constant("scales", np.array([1, 1, 2, 2], np.float32))
            return self.node("Resize", [x, "", scales], mode="nearest", coordinate_transformation_mode="asymmetric",
                             nearest_mode="floor")  # fmt: skip
        if layer in (_CONV, _STRIDED):
            return self.conv(x, number, stride=2 if layer == _STRIDED else 1)
        if layer == _POOLED:
            x = self.node("Add", [x, self._pooled(x, f"{number}.pool")])
        y = self.node("Relu", [self.conv(x, f"{number}.conv.0")])
        y = self.node("Relu", [self.conv(y, f"{number}.conv.2")])
        return self.node("Relu", [self.node("Add", [self.conv(y, f"{number}.conv.4"), x])])

    def _pooled(self, x: str, name: str) -> str:
        """1×1 convolution, group norm of four groups, ReLU, 1×1 convolution."""  # noqa: RUF002
        wide = self.conv(x, f"{name}.0")
        grouped = self.node("Reshape", [wide, self.constant("four", np.array([0, 4, -1], np.int64))])
        ones, zeros = (self.constant(f"four_{v}", np.full(4, v, np.float32)) for v in (1, 0))
        normed = self.node("InstanceNormalization", [grouped, ones, zeros], epsilon=1e-5)
        back = self.node("Reshape", [normed, self.node("Shape", [wide])])
        scale, shift = (
            self.constant(f"{name}.1.{part}", self.weights[f"{name}.1.{part}"][:, None, None])
            for part in ("weight", "bias")
        )
        return self.conv(self.node("Relu", [self.node("Add", [self.node("Mul", [back, scale]), shift])]), f"{name}.3")

    def conv(self, x: str, name: str, stride: int = 1) -> str:
        weight = self.weights[f"{name}.weight"]
        names = [x, self.constant(f"{name}.weight", weight)]
        if f"{name}.bias" in self.weights:
            names.append(self.constant(f"{name}.bias", self.weights[f"{name}.bias"]))
        return self.node("Conv", names, strides=[stride] * 2, pads=[weight.shape[-1] // 2] * 4)

    def node(self, kind: str, inputs: list[str], *, name: str = "", **attributes: Any) -> str:
        name = name or f"x{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(self, name: str, values: Any) -> str:
        self.constants[name] = self.onnx.numpy_helper.from_array(np.asarray(values), name)
        return name
