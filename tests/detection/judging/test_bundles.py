"""The card is believed only where it was checked, and both runtimes say the same."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detection import bundle as bundles
from detection import crops
from detection.errors import BadBundle
from detection.runtime import Runner, runner

from . import faking


def pictures() -> np.ndarray:
    return faking.samples(8, seed=12)[0]


def test_keras_and_onnx_agree_on_real_crops(install: Callable[..., Path]) -> None:
    bundle = bundles.read_bundle(install(files=("model.onnx", "model.keras")) / "tiny-image")
    onnx, keras = (Runner(bundle, runtime=name).raw(pictures()) for name in ("onnx", "keras"))
    assert onnx.keys() == keras.keys() == {"score", "cam", "embedding"}
    assert np.ptp(onnx["score"]) > 0.5, "or they would agree about anything"
    for name in onnx:
        np.testing.assert_allclose(onnx[name], keras[name], atol=1e-4, err_msg=name)


def test_a_bundle_with_keras_weights_alone_is_served(install: Callable[..., Path]) -> None:
    bundle = bundles.read_bundle(install(files=("model.keras",)) / "tiny-image")
    assert bundle.runtime == "keras"
    assert np.ptp(runner(bundle).raw(pictures())["score"]) > 0.5


def test_the_class_map_adds_up_to_the_score(install: Callable[..., Path]) -> None:
    given = Runner(bundles.read_bundle(install() / "tiny-image")).raw(pictures())
    odds = np.log(given["score"] / (1 - given["score"]))
    apart = odds - given["cam"].mean((1, 2, 3))
    assert np.ptp(apart) < 1e-3, "all that differs is the dense unit's bias"


@pytest.mark.parametrize("fake_is", [0, 1])
def test_whatever_the_polarity_a_score_is_of_being_manipulated(fake_is: int, install: Callable[..., Path]) -> None:
    plain = Runner(bundles.read_bundle(install("plain") / "plain")).raw(pictures())["score"]
    turned = bundles.read_bundle(install("turned", output={"fake_is": fake_is}) / "turned")
    expected = plain if fake_is == 1 else 1 - plain
    np.testing.assert_allclose(Runner(turned).raw(pictures())["score"], expected, atol=1e-6)


def test_a_mirror_gives_the_middle_of_both_views(install: Callable[..., Path]) -> None:
    plain = Runner(bundles.read_bundle(install("plain") / "plain"))
    both = Runner(bundles.read_bundle(install("both", input={"mirror": True}) / "both")).raw(pictures())["score"]
    one, other = plain.raw(pictures())["score"], plain.raw(pictures()[:, :, ::-1])["score"]
    assert ((both >= np.minimum(one, other) - 1e-5) & (both <= np.maximum(one, other) + 1e-5)).all()


def test_open_networks_are_kept_and_replaced_ones_are_read_anew(install: Callable[..., Path]) -> None:
    folder = install() / "tiny-image"
    first = runner(bundles.read_bundle(folder))
    assert runner(bundles.read_bundle(folder)) is first
    (folder / "model.onnx").write_bytes(b"replaced")
    with pytest.raises(BadBundle, match="is not the one its card was written for"):
        runner(bundles.read_bundle(folder))


def broken(card: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    *parents, last = path.split(".")
    inner = card
    for key in parents:
        inner = inner[key]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return card


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("format", 2),
        ("name", "../../etc"),
        ("name", None),
        ("version", "1/2"),
        ("kind", "audio"),
        ("input.size", 100000),
        ("input.size", "64"),
        ("input.scaling", "0..2"),
        ("input.looks_at", "ears"),
        ("input.margin", -1),
        ("output.fake_is", 2),
        ("output", None),
        ("cuts.little_below", 0.9),
        ("cuts.manipulated_above", float("nan")),
        ("weights", {}),
        ("weights", {"../model.onnx": "0"}),
        ("weights", {"model.pickle": "0"}),
        ("calibration", {"a": 1e9}),
    ],
)
def test_a_card_that_makes_no_sense_is_refused(path: str, value: object, install: Callable[..., Path]) -> None:
    file = install() / "tiny-image" / bundles.CARD
    file.write_text(json.dumps(broken(json.loads(file.read_text()), path, value)))
    with pytest.raises(BadBundle, match="tiny-image"):
        bundles.read_bundle(file.parent)


def test_a_window_is_cut_without_resizing() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (200, 300, 3), dtype=np.uint8)
    part = crops.window(pixels, (100, 50, 180, 130), 64)
    np.testing.assert_array_equal(part, pixels[58:122, 108:172])
    assert crops.window(pixels, (0, 0, 20, 20), 64).shape == (64, 64, 3)
    assert crops.window(pixels[:30, :20], (0, 0, 20, 20), 64).shape == (64, 64, 3)


@pytest.mark.parametrize("box", [(-50, -50, 30, 30), (280, 180, 400, 300), (0, 0, 300, 200), (10, 10, 10.4, 10.4)])
def test_a_square_is_cut_wherever_a_face_lies(box: tuple[float, float, float, float]) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (200, 300, 3), dtype=np.uint8)
    assert crops.square(pixels, box, 0.3, 96).shape == (96, 96, 3)


def test_scalings_are_what_they_are_called() -> None:
    ends = np.array([[[[0, 0, 0], [255, 255, 255]]]], np.uint8)
    assert crops.normalise(ends, "-1..1", "rgb").min() == -1
    assert crops.normalise(ends, "-1..1", "rgb").max() == pytest.approx(1)
    assert crops.normalise(ends, "0..1", "rgb").max() == pytest.approx(1)
    assert crops.normalise(ends, "0..255", "rgb").max() == 255
    colours = np.array([[[[10, 20, 30]]]], np.uint8)
    assert crops.normalise(colours, "0..255", "bgr").ravel().tolist() == [30, 20, 10]
