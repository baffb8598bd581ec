"""The mean of trainings: a network between them, told of in the card, and a start for the next one."""

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from detection import bundle as bundles
from detection.training import image, weight_averaging
from detection.training.face_dataset import read_faces

from .test_training_image import TINY

SHORT = replace(TINY, steps=2, check_every=2)


@pytest.fixture(scope="module")
def trained(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("means")
    faces = {part: read_faces(folder, part) for part in ("train", "validation")}
    image.train(SHORT, faces, root / "one")
    image.train(replace(SHORT, seed=9), faces, root / "two", init=root / "one" / "last.keras")
    call_command("average_weights", root / "mean", f"{root}/one=1", f"{root}/two=3", stdout=io.StringIO())
    return root


def weights(run: Path) -> list[np.ndarray]:
    net = image.build(SHORT)
    net.load_weights(run / "ema.weights.h5")
    return list(net.get_weights())


def test_every_weight_lies_between(trained: Path) -> None:
    for mean, one, two in zip(*(weights(trained / run) for run in ("mean", "one", "two")), strict=True):
        np.testing.assert_allclose(mean, 0.25 * one + 0.75 * two, atol=1e-6)
    both = zip(weights(trained / "one"), weights(trained / "two"), strict=True)
    assert any(np.abs(one - two).max() > 1e-3 for one, two in both), "otherwise nothing was asked"


def test_a_bundle_of_it_tells_how_it_came_about(trained: Path, folder: Path) -> None:
    call_command(
        "export_bundle", trained / "mean", faces=[folder], bundles=trained / "bundles", each=2,
        before=[trained / "one", trained / "two"], stdout=io.StringIO(),
    )  # fmt: skip
    training = json.loads((trained / "bundles" / "tiny" / bundles.CARD).read_text())["training"]
    assert training["made of"] == "the mean of the weights after plan-before-1.json (0.25), plan-before-2.json (0.75)"
    assert "samples" not in training, "it was not trained itself"


def test_trainings_of_one_name_in_two_places_are_two(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained / "two", tmp_path / "one")
    call_command("average_weights", tmp_path / "mean", f"{trained}/one=1", f"{tmp_path}/one=3", stdout=io.StringIO())
    assert list(weight_averaging.parts_of(tmp_path / "mean").values()) == [0.25, 0.75]


def test_another_training_goes_on_from_it(trained: Path, folder: Path) -> None:
    faces = {part: read_faces(folder, part) for part in ("train", "validation")}
    start = image.build(SHORT, trained / "mean" / "mean.keras")
    for mine, mean in zip(start.get_weights(), weights(trained / "mean"), strict=True):
        np.testing.assert_array_equal(mine, mean)
    image.train(SHORT, faces, trained / "next", init=trained / "mean" / "mean.keras")
    before = [trained / run for run in ("one", "two", "mean")]
    call_command(
        "export_bundle", trained / "next", faces=[folder], bundles=trained / "more", each=2, before=before,
        stdout=io.StringIO(),
    )  # fmt: skip
    training = json.loads((trained / "more" / "tiny" / bundles.CARD).read_text())["training"]
    seen = f"{SHORT.steps * SHORT.batch} samples by plan-before"
    mean = "the mean of the weights after plan-before-1.json (0.25), plan-before-2.json (0.75)"
    assert training["started from"] == f"a network after {seen}-1.json, then {seen}-2.json, then {mean}"
    assert training["samples"] == SHORT.steps * SHORT.batch


def test_what_cannot_be_averaged_is_refused(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="already exists"):
        call_command("average_weights", trained / "mean", f"{trained}/one")
    with pytest.raises(CommandError, match="share"):
        call_command("average_weights", tmp_path / "mean", f"{trained}/one=much")
    with pytest.raises(CommandError, match="Not a training"):
        call_command("average_weights", tmp_path / "mean", str(tmp_path))
    with pytest.raises(CommandError, match="above 0"):
        call_command("average_weights", tmp_path / "mean", f"{trained}/one=1", f"{trained}/two=-1")
    other = tmp_path / "other"
    shutil.copytree(trained / "one", other)
    replace(SHORT, network="residual").write(other / "plan.json")
    with pytest.raises(CommandError, match="different networks"):
        call_command("average_weights", tmp_path / "mean", f"{trained}/one", str(other))
    assert not (tmp_path / "mean").exists()
