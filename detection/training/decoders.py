"""Small auto-encoders, trained on real faces. Their output is nearly the input, with traces of up-sampling.

Generators end in the same few ways of enlarging. What those leave in neighbouring pixels is the trace to be learnt.
"""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..images import Pixels
from ..runtime import onnx_session
from .face_dataset import FaceCrop

WAYS = ("nearest", "bilinear", "transposed", "shuffle")
FOLDER = Path(__file__).with_name("decoders")
STEP = 4  # sides are multiples of it, as they are halved and doubled twice
SIDE, BATCH = 96, 16


def through(pixels: Pixels, way: str) -> Pixels:
    """Pass a picture through one of the auto-encoders."""
    height, width = pixels.shape[:2]
    padded = cv2.copyMakeBorder(pixels, 0, -height % STEP, 0, -width % STEP, cv2.BORDER_REFLECT_101)
    session = _session(way)
    batch = padded[None].astype(np.float32) / 127.5 - 1
    drawn = session.run(None, {session.get_inputs()[0].name: batch})[0][0]
    return np.asarray(((drawn + 1) * 127.5).round().clip(0, 255).astype(np.uint8)[:height, :width])


@cache
def _session(way: str) -> Any:
    return onnx_session(FOLDER / f"{way}.onnx", threads=1)


def train(
    way: str,
    faces: Sequence[FaceCrop],
    path: Path,
    *,
    steps: int = 1500,
    seed: int = 1,
    progress: Callable[[int, float], None] = lambda step, loss: None,
) -> None:
    """Train one to reproduce crops, and write it as ONNX."""
    import keras

    from .. import networks

    keras.utils.set_random_seed(seed)
    model = networks.autoencoder(way)
    rate = keras.optimizers.schedules.CosineDecay(3e-3, steps, alpha=0.02)
    model.compile(keras.optimizers.Adam(rate, clipnorm=1.0), loss=_difference)
    chance = np.random.default_rng(seed)
    for step in range(1, steps + 1):
        batch = np.stack([_part(faces[int(i)], chance) for i in chance.integers(len(faces), size=BATCH)])
        progress(step, float(model.train_on_batch(batch, batch)))
    networks.export_plain(model, path)


def _difference(target: Any, drawn: Any) -> Any:
    """Loss on pixels and on differences of neighbours, without which fine detail is lost."""
    from keras import ops

    off = target - drawn
    across, down = off[:, :, 1:] - off[:, :, :-1], off[:, 1:] - off[:, :-1]
    return ops.mean(ops.abs(off)) + ops.mean(ops.abs(across)) + ops.mean(ops.abs(down))


def _part(face: FaceCrop, chance: np.random.Generator) -> NDArray[np.float32]:
    pixels = face.pixels()
    share = max(chance.uniform(0.5, 1.0), (SIDE + 1) / min(pixels.shape[:2]))
    pixels = np.asarray(cv2.resize(pixels, None, fx=share, fy=share, interpolation=cv2.INTER_AREA))
    top, left = (int(chance.integers(side - SIDE + 1)) for side in pixels.shape[:2])
    return pixels[top : top + SIDE, left : left + SIDE].astype(np.float32) / 127.5 - 1
