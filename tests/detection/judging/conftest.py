import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from detection import networks

from ... import prepared
from . import faking


@pytest.fixture(scope="session")
def weights() -> Path:
    """A tiny network that has learnt to see chequered patches on one face, as Keras and as ONNX file."""

    def learn(folder: Path) -> None:
        folder.mkdir()
        model = faking.trained(epochs=12)
        model.save(folder / "model.keras")
        networks.export(model, folder / "model.onnx")

    sources = ("detection/*.py", "detection/weights/*", "tests/detection/judging/faking.py")
    return prepared.prepare(prepared.place("weights", *sources), learn)


@pytest.fixture(scope="session")
def model(weights: Path) -> Any:
    import keras

    return keras.models.load_model(weights / "model.keras")


@pytest.fixture
def install(weights: Path, tmp_path: Path) -> Callable[..., Path]:
    """Put a bundle with those weights into a folder of bundles; what its card says can be changed."""

    def put(name: str = "tiny-image", *, files: tuple[str, ...] = ("model.onnx",), **changes: Any) -> Path:
        folder = tmp_path / "bundles" / name
        folder.mkdir(parents=True)
        for file in files:
            shutil.copyfile(weights / file, folder / file)
        faking.card(folder, name, **changes)
        return folder.parent

    return put


@pytest.fixture
def policy(tmp_path: Path) -> Callable[..., None]:
    def put(**said: Any) -> None:
        (tmp_path / "bundles" / "panel.json").write_text(json.dumps(said))

    return put


def save(path: Path, picture: np.ndarray) -> Path:
    assert cv2.imwrite(str(path), picture[..., ::-1])
    return path


@pytest.fixture
def real(tmp_path: Path) -> Path:
    return save(tmp_path / "real.jpg", faking.photo(np.random.default_rng(77), manipulated=False))


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    return save(tmp_path / "fake.jpg", faking.photo(np.random.default_rng(78), manipulated=True))


@pytest.fixture
def nobody(tmp_path: Path) -> Path:
    """A picture without a face."""
    ramp = np.linspace(0, 255, 400, dtype=np.uint8)
    return save(tmp_path / "nobody.png", np.stack([np.tile(ramp, (300, 1))] * 3, -1))
