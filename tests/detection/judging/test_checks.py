"""`manage.py check` tells an operator what is wrong with the installed bundles."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detection import bundle as bundles
from detection import checks, networks


def said(check: Callable[..., Any], root: Path, settings: Any) -> set[str]:
    settings.BUNDLES_DIR = root
    return {message.id for message in check(None)}


def test_no_bundle_is_a_warning(tmp_path: Path, settings: Any) -> None:
    assert said(checks.bundles_are_whole, tmp_path, settings) == {"detection.W001"}


def test_a_whole_one_is_nothing_to_talk_about(install: Callable[..., Path], settings: Any) -> None:
    assert said(checks.bundles_are_whole, install(), settings) == set()


def test_other_weights_than_the_cards_are_an_error(install: Callable[..., Path], settings: Any) -> None:
    root = install()
    (root / "tiny-image" / "model.onnx").write_bytes(b"other")
    assert said(checks.bundles_are_whole, root, settings) == {"detection.E001"}


def test_both_runtimes_are_compared_before_deployment(install: Callable[..., Path], settings: Any) -> None:
    root = install(files=("model.onnx", "model.keras"))
    assert said(checks.bundles_agree, root, settings) == set()


@pytest.fixture
def apart(install: Callable[..., Path], model: Any) -> Path:
    import keras

    root = install(files=("model.onnx", "model.keras"))
    other = keras.models.clone_model(model)
    other.set_weights([w * np.float32(1.3) for w in model.get_weights()])
    other.save(root / "tiny-image" / "model.keras")
    import hashlib

    card = json.loads((root / "tiny-image" / bundles.CARD).read_text())
    digest = hashlib.sha256((root / "tiny-image" / "model.keras").read_bytes()).hexdigest()
    card["weights"]["model.keras"] = digest
    (root / "tiny-image" / bundles.CARD).write_text(json.dumps(card))
    return root


def test_runtimes_that_do_not_agree_are_an_error(apart: Path, settings: Any) -> None:
    assert said(checks.bundles_agree, apart, settings) == {"detection.E003"}


@pytest.mark.parametrize("backbone", networks.BACKBONES)
def test_every_network_can_be_exported_and_agrees(backbone: str, tmp_path: Path) -> None:
    """Untrained, so only shapes and a loose agreement are asked of them here."""
    import onnxruntime

    net = networks.image_network(64, backbone, kinds=3)
    names = networks.export(net, tmp_path / "net.onnx")
    assert names[:2] == ("score", "kinds")
    assert set(names[2:]) == {"cam", "embedding"}
    pictures = np.random.default_rng(0).uniform(-1, 1, (2, 64, 64, 3)).astype(np.float32)
    session = onnxruntime.InferenceSession(str(tmp_path / "net.onnx"))
    given = session.run(None, {"input": pictures})
    for mine, other in zip(given[:2], net(pictures), strict=True):
        np.testing.assert_allclose(mine, np.asarray(other), atol=1e-4)


def test_the_residual_network_is_blind_to_even_surfaces() -> None:
    net = networks.residual_network(32)
    flat = np.stack([np.full((32, 32, 3), value, np.float32) for value in (-0.9, 0.0, 0.7)])
    sieve = networks.keras.Model(net.inputs[0], net.get_layer("high_pass").output)
    assert np.abs(np.asarray(sieve(flat))[:, 4:-4, 4:-4]).max() < 1e-4
