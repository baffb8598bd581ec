"""Pseudo-fakes of the one public face, and a tiny network that learns in seconds to tell them apart."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import skimage.data

from detection import bundle as bundles
from detection import crops, faces

SIZE = 64
ASTRONAUT = skimage.data.astronaut()


def photo(chance: np.random.Generator, *, manipulated: bool, side: int = 400) -> np.ndarray:
    """The portrait, framed and lit a little differently each time; and, if asked for, with a patch pasted over it."""
    scale = chance.uniform(0.95, 1.25)
    left, top = chance.integers(20, 60), chance.integers(0, 12)
    part = ASTRONAUT[top : top + 400, left : left + 400]
    picture = cv2.resize(part, None, fx=scale, fy=scale)
    if chance.random() < 0.5:
        picture = picture[:, ::-1]
    picture = cv2.convertScaleAbs(picture, alpha=chance.uniform(0.8, 1.15), beta=chance.uniform(-10, 10))
    if manipulated:
        picture = paste(picture, chance)
    _, encoded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(chance.integers(70, 98))])
    return cv2.imdecode(encoded, cv2.IMREAD_COLOR)[..., ::-1]


def paste(picture: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """Chequered traces in the lower half of the face, as a bad decoder leaves them."""
    left, top, right, bottom = faces.detect(np.ascontiguousarray(picture))[0].box
    mask = np.zeros(picture.shape[:2], np.float32)
    centre = (round((left + right) / 2), round(top + (bottom - top) * 0.7))
    axes = (round((right - left) * 0.38), round((bottom - top) * 0.26))
    cv2.ellipse(mask, centre, axes, 0, 0, 360, 1.0, -1)
    ys, xs = np.indices(mask.shape)
    waves = 28 * np.sign(np.sin(xs / 3.2 + chance.uniform(0, 6)) * np.sin(ys / 3.2 + chance.uniform(0, 6)))
    return (picture + (mask * waves)[..., None]).clip(0, 255).astype(np.uint8)


def crop(picture: np.ndarray, size: int = SIZE, margin: float = 0.2) -> np.ndarray:
    picture = np.ascontiguousarray(picture)
    return crops.square(picture, faces.detect(picture)[0].box, margin, size)


@cache
def samples(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    pictures = [crop(photo(chance, manipulated=bool(label))) for label in labels]
    return np.stack(pictures), labels.astype(np.float32)[:, None]


def trained(epochs: int = 8, count: int = 160) -> Any:
    import keras  # here: it takes seconds to load, and films need none

    from detection import networks

    keras.utils.set_random_seed(3)
    pictures, labels = samples(count, seed=1)
    model = networks.image_network(SIZE, "tiny", dropout=0.0)
    model.compile(keras.optimizers.Adam(4e-3), "binary_crossentropy")
    model.fit(crops.normalise(pictures, "-1..1", "rgb"), labels, batch_size=16, epochs=epochs, verbose=0)
    return model


def card(folder: Path, name: str, **changes: Any) -> Path:
    """Write the card for the weights that lie in the folder."""
    import hashlib

    said: dict[str, Any] = {
        "format": 1,
        "name": name,
        "version": "1",
        "kind": "image",
        "input": {"looks_at": "face", "size": SIZE, "scaling": "-1..1", "margin": 0.2, "frames": 1},
        "output": {"is": "probability", "fake_is": 1},
        "calibration": {"a": 1.0, "b": 0.0},
        "cuts": {"little_below": 0.35, "manipulated_above": 0.8},
        "weights": {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.iterdir()
            if path.suffix in (".onnx", ".keras", ".npz")
        },
    }
    for key, value in changes.items():
        said[key] = {**said.get(key, {}), **value} if isinstance(value, dict) else value
    (folder / bundles.CARD).write_text(json.dumps(said))
    return folder
