"""A small network that draws a mouth anew: told where the lips are to be, and shown the mouth with other lips.

Lip-sync and neural textures do so. What the network draws fits its surroundings, and is a little softer than they are.
"""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..images import Pixels
from ..runtime import onnx_session
from . import blending, compression, decoders, mesh, reenactment
from .eigenfaces import Floats
from .faces import Face, Fake
from .mesh import Mesh
from .mesh_swap import feathered, wobbled

PATH = decoders.FOLDER / "mouth.onnx"
SIDE, UNIT, TOP = (
    64,
    40.0,
    0.4,
)  # of the square: its side, the distance of the eyes in it, and where it begins below them
BATCH, POOL, EYES = 8, 1200, 56.0
PARTS = ("mouth", "mouth", "lower")


def mouth_rendered(face: Face, other: Face, chance: np.random.Generator) -> Fake:
    """The same mouth saying something else, as the network draws it."""
    own = mesh.mesh_of(face)
    spoken = 0.8 * (reenactment.acted(own, mesh.mesh_of(other), chance, face.acting) - own)
    target = wobbled(own + spoken * reenactment.LIPS[:, None].astype(np.float32), face.scale, chance, 0.3)
    part = str(chance.choice(PARTS))
    if PATH.is_file() and chance.random() < 0.6:
        drawn = rendered(face.source(chance), own, target, part)
    else:
        drawn = redecoded(face, other, own, target, chance)
    if chance.random() < 0.3:
        drawn = np.asarray((drawn + chance.normal(0, 3, 3)).clip(0, 255).astype(np.uint8))
    if chance.random() < 0.4:
        share = chance.uniform(0.2, 1.2)
        drawn = np.asarray(cv2.addWeighted(drawn, 1 + share, cv2.GaussianBlur(drawn, (0, 0), 1.2), -share, 0))
    size = face.pixels.shape[:2]
    both = np.maximum(mesh.outline(own, part, size), mesh.outline(target, part, size))
    mask = feathered(both, face.scale * 0.6, chance)
    return Fake(blending.joined(face.pixels, drawn, mask, "poisson" if chance.random() < 0.1 else "feathered"), mask)


def rendered(pixels: Pixels, own: Mesh, target: Mesh, part: str) -> Pixels:
    """The picture with the square around the mouth as the network draws it; what is outside stays."""
    matrix = _place(own)
    batch = _network_input(_square(pixels, matrix), _square(pixels, matrix), own, target, matrix, part)
    session = _session()
    drawn = session.run(None, {session.get_inputs()[0].name: batch[None]})[0][0]
    return _laid_back(((drawn + 1) * 127.5).round().clip(0, 255).astype(np.uint8), pixels, matrix)


def redecoded(face: Face, other: Face, own: Mesh, target: Mesh, chance: np.random.Generator) -> Pixels:
    """The lips are bent, and one of the trained decoders draws the square around them."""
    source, size = face.source(chance), face.pixels.shape[:2]
    bent = mesh.draw(source, own, target, size)
    pixels = np.where(bent.inside[..., None] > 0, bent.pixels, source)
    if mesh.openness(target) > reenactment.OPEN:
        pixels = reenactment.mouth_drawn(pixels, face, other, target, chance)
    matrix = _place(own)
    grown = float(chance.choice([0.75, 1.0, 1.5]))
    square = _square(pixels, matrix * grown, round(SIDE * grown))
    drawn = decoders.through(square, str(chance.choice(decoders.WAYS)))
    broad = cv2.GaussianBlur(square, (0, 0), 6).astype(np.float32) - cv2.GaussianBlur(drawn, (0, 0), 6)
    return _laid_back((drawn + broad).round().clip(0, 255).astype(np.uint8), pixels, matrix * grown)


def _laid_back(square: Pixels, pixels: Pixels, matrix: Any) -> Pixels:
    back, size = cv2.invertAffineTransform(matrix), pixels.shape[1::-1]
    laid = cv2.warpAffine(square, back, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(np.ones(square.shape[:2], np.uint8), back, size, flags=cv2.INTER_NEAREST)
    return np.where(inside[..., None] > 0, laid, pixels)


@cache
def _session() -> Any:
    return onnx_session(PATH, threads=1)


def _place(own: Mesh) -> Any:
    """The map (2 × 3) from the picture to an upright square around the mouth."""  # noqa: RUF002
    middle = np.array([SIDE / 2, -TOP * UNIT])
    there = (mesh.five(mesh.MEAN) * UNIT + middle).astype(np.float32)
    matrix, _ = cv2.estimateAffinePartial2D(mesh.five(own), there, method=cv2.LMEDS)
    return np.array([[1, 0, 0], [0, 1, 0]], np.float64) if matrix is None else matrix


def _square(pixels: Pixels, matrix: Any, side: int = SIDE) -> Pixels:
    shrunk = float(np.hypot(matrix[0, 0], matrix[0, 1]))
    soft = cv2.GaussianBlur(pixels, (0, 0), 0.5 / shrunk) if shrunk < 0.7 else pixels
    return np.asarray(cv2.warpAffine(soft, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT))


def _network_input(square: Pixels, example: Pixels, own: Mesh, target: Mesh, matrix: Any, part: str) -> Floats:
    """The square with a hole, where the hole is, lips and opening as they are to be, and the mouth that is shown."""
    here, there = (mesh.moved(points, matrix) for points in (own, target))
    size = (SIDE, SIDE)
    hole = np.maximum(mesh.outline(here, part, size), mesh.outline(there, part, size))[..., None]
    lips = [mesh.outline(there, name, size)[..., None] for name in ("lips", "opening")]
    seen = square.astype(np.float32) / 127.5 - 1
    return np.concatenate([seen * (1 - hole), hole, *lips, example.astype(np.float32) / 127.5 - 1], -1).astype(
        np.float32
    )


def lesson(face: Face, chance: np.random.Generator) -> tuple[Floats, Floats]:
    """What the network is given and has to draw: a real mouth, which it is shown with other lips and in other light."""
    own, size = mesh.mesh_of(face), face.pixels.shape[:2]
    matrix = _place(own)
    bent = own + reenactment.invented(own, chance) * reenactment.LIPS[:, None]
    from_x, from_y = mesh.flow(own, bent.astype(np.float32), size, face.scale * 0.4)
    example: Any = np.asarray(cv2.remap(face.pixels, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT))
    if chance.random() < 0.5:
        example = compression.relit(example, chance, 0.3)
    square = _square(face.pixels, matrix)
    part = str(chance.choice(PARTS))
    unsteady = wobbled(own, face.scale, chance, 0.3)
    inputs = _network_input(square, _square(example, matrix), own, unsteady, matrix, part)
    return inputs, square.astype(np.float32) / 127.5 - 1


def train(
    faces: Sequence[Callable[[], Face]],
    path: Path,
    *,
    steps: int = 1500,
    seed: int = 1,
    progress: Callable[[int, float], None] = lambda step, loss: None,
) -> None:
    """Teach the network on real mouths, and write it as ONNX."""
    import keras

    from .. import networks

    keras.utils.set_random_seed(seed)
    model = _network()
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps, alpha=0.02)
    model.compile(keras.optimizers.Adam(rate, clipnorm=1.0), loss=_difference)
    chance = np.random.default_rng(seed)
    pool: list[tuple[Floats, Floats]] = []
    for step in range(1, steps + 1):
        if len(pool) < POOL or step % 4 == 0:
            pool = [*pool[-POOL:], *(lesson(faces[int(i)](), chance) for i in chance.integers(len(faces), size=4))]
        chosen = [pool[int(i)] for i in chance.integers(len(pool), size=BATCH)]
        inputs, targets = (np.stack([sample[which] for sample in chosen]) for which in (0, 1))
        if chance.random() < 0.5:
            inputs, targets = inputs[:, :, ::-1], targets[:, :, ::-1]
        hole = inputs[..., 3:4]
        progress(step, float(model.train_on_batch(inputs, np.concatenate([targets, hole], -1))))
    networks.export_plain(model, path)


def _difference(target: Any, drawn: Any) -> Any:
    """Of pixels and of the steps between neighbours, inside the hole above all."""
    from keras import ops

    off = (target[..., :3] - drawn) * (0.15 + 0.85 * target[..., 3:])
    across, down = off[:, :, 1:] - off[:, :, :-1], off[:, 1:] - off[:, :-1]
    return ops.mean(ops.abs(off)) + ops.mean(ops.abs(across)) + ops.mean(ops.abs(down))


def _network() -> Any:
    """A U-Net that corrects the mouth it is shown."""
    import keras
    from keras import layers

    from ..networks import PixelShuffle

    def conv(x: Any, width: int, stride: int = 1) -> Any:
        return layers.LeakyReLU(0.1)(layers.Conv2D(width, 3, stride, padding="same")(x))

    inputs = keras.Input((SIDE, SIDE, 9), name="mouth")
    x, seen = conv(inputs, 16), list[Any]()
    for width in (32, 64, 96):
        seen.append(x)
        x = conv(x, width, 2)
    for width in (48, 24, 16):
        x = PixelShuffle()(conv(x, width * 4))
        x = conv(layers.Concatenate()([x, seen.pop()]), width)
    drawn = layers.Conv2D(3, 3, padding="same")(x)
    return keras.Model(inputs, layers.Add(name="drawn")([drawn, inputs[..., 6:]]), name="mouth")
