"""A training that is cut off goes on where it was; what comes out is a network that inspection can use."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from detection import networks
from detection.training import data_loader, demo, image, samples
from detection.training.face_dataset import TrainingError, read_faces
from detection.training.image import Plan
from detection.training.samples import Recipe

TINY = replace(Plan.demo(), name="tiny")


def log(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open() as file:
        return list(csv.DictReader(file))


POINTING = replace(TINY, recipe=replace(TINY.recipe, paired=True), where_weight=1.0)


@pytest.mark.parametrize("plan", [TINY, POINTING])
def test_it_is_interrupted_and_goes_on(plan: Plan, folder: Path, tmp_path: Path) -> None:
    faces = {part: read_faces(folder, part) for part in ("train", "validation")}
    steps: list[int] = []

    class Interrupted(Exception):
        pass

    def stop(step: int, figures: dict[str, float]) -> None:
        steps.append(step)
        raise Interrupted

    with pytest.raises(Interrupted):
        image.train(plan, faces, tmp_path / "run", progress=stop)
    assert steps == [6]
    net = image.train(plan, faces, tmp_path / "run", progress=lambda step, figures: steps.append(step))
    assert steps == [6, 12]
    rows = log(tmp_path / "run")
    assert [row["step"] for row in rows] == ["6", "12"]
    assert {"loss", "auc", "false_alarms", "self_blend"} <= rows[0].keys()
    said, kinds = image.scores(net, np.zeros((3, 48, 48, 3), np.uint8))
    assert said.shape == (3,)
    assert kinds.sum(1) == pytest.approx([1, 1, 1], abs=1e-5)


def test_a_network_that_is_asked_where_learns_it_and_answers_the_rest_as_before() -> None:
    plain = image.build(TINY)
    asked = networks.with_localisation_head(plain)
    pictures = np.random.default_rng(0).uniform(-1, 1, (8, 48, 48, 3)).astype(np.float32)
    before = [np.asarray(out) for out in plain(pictures, training=False)]
    after = [np.asarray(out) for out in asked(pictures, training=False)]
    for mine, other in zip(after[:2], before, strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-6)
    assert after[2].shape == (8, 12, 12, 1)
    left = np.zeros((8, 48, 48), np.uint8)
    left[:, :, :24] = 255
    image._compile(asked, replace(POINTING, steps=60, rate=3e-2, warm=1, kinds_weight=0.0))
    for _ in range(60):
        image._step(asked, ((pictures + 1) * 127).astype(np.uint8), ["self_blend"] * 8, left)
    said = np.asarray(asked(pictures, training=False)[2])
    assert said[:, :, :6].mean() > said[:, :, 6:].mean() + 0.1


def test_the_command_does_it_from_a_plan(folder: Path, tmp_path: Path) -> None:
    plan = replace(TINY, steps=6, check_every=3)
    plan.write(tmp_path / "plan.json")
    assert Plan.read(tmp_path / "plan.json") == plan
    call_command("train_image", tmp_path / "run", faces=folder, plan=tmp_path / "plan.json", stdout=io.StringIO())
    assert len(log(tmp_path / "run")) == 2
    assert Plan.read(tmp_path / "run" / "plan.json") == plan
    assert "self_blend" in (tmp_path / "run" / "log.svg").read_text()


def test_a_plan_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    plan = replace(TINY, recipe=Recipe(blur_share=0.2, recompression=(0.5, 0.5), augmentation_share=0.4))
    plan.write(tmp_path / "plan.json")
    recipe = json.loads((tmp_path / "plan.json").read_text())["recipe"]
    earlier = {"blur_share": "soft", "recompression": "aged", "augmentation_share": "hard"}
    old = {earlier.get(name, name): value for name, value in recipe.items()}
    content = {**json.loads((tmp_path / "plan.json").read_text()), "recipe": old}
    (tmp_path / "earlier.json").write_text(json.dumps(content))
    assert Plan.read(tmp_path / "earlier.json") == plan
    (tmp_path / "both.json").write_text(json.dumps({**content, "recipe": {**old, "blur_share": 0.3}}))
    with pytest.raises(TrainingError, match="both soft and its present name blur_share"):
        Plan.read(tmp_path / "both.json")


def test_a_demo_needs_nothing(tmp_path: Path) -> None:
    call_command("train_image", tmp_path / "run", demo=True, stdout=io.StringIO())
    assert Plan.read(tmp_path / "run" / "plan.json") == Plan.demo()
    with pytest.raises(CommandError, match="--faces"):
        call_command("train_image", tmp_path / "other")
    with pytest.raises(CommandError, match="no weights in"):
        call_command("train_image", tmp_path / "other", demo=True, init=tmp_path, stdout=io.StringIO())


def test_a_default_training_has_to_begin_with_something(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="keeps the norms that come with --init"):
        call_command("train_image", tmp_path / "run", faces=[folder], stdout=io.StringIO())
    with pytest.raises(CommandError, match="not of the build that the plan wants"):
        image.build(TINY).save(tmp_path / "other.keras")
        call_command(
            "train_image", tmp_path / "run", faces=[folder], init=tmp_path / "other.keras", stdout=io.StringIO()
        )
    assert not (tmp_path / "run" / "plan.json").exists(), "a folder without a training keeps no plan"


def test_a_training_goes_on_only_as_it_was_begun(folder: Path, tmp_path: Path) -> None:
    run, plan, out = tmp_path / "run", tmp_path / "plan.json", io.StringIO()
    TINY.write(plan)
    call_command("train_image", run, faces=[folder], plan=plan, stdout=out)
    replace(TINY, steps=24, rate=0.5, workers=1).write(plan)
    with pytest.raises(CommandError, match="with other steps, rate"):
        call_command("train_image", run, faces=[folder], plan=plan, stdout=out)
    with pytest.raises(CommandError, match="with other faces, first weights"):
        call_command("train_image", run, faces=[demo.make(tmp_path / "others", 30)], init=run, stdout=out)
    assert Plan.read(run / "plan.json") == TINY
    call_command("train_image", run, faces=[folder], stdout=out)


def test_a_training_of_an_earlier_version_keeps_its_averaged_weights(folder: Path, tmp_path: Path) -> None:
    faces = {part: read_faces(folder, part) for part in ("train", "validation")}
    plan = replace(TINY, steps=2, check_every=2)
    averaged = image.train(plan, faces, tmp_path / "run").get_weights()
    (tmp_path / "run" / "ema.weights.h5").rename(tmp_path / "run" / "steady.weights.h5")
    continued = image.train(plan, faces, tmp_path / "run").get_weights()
    for before, after in zip(averaged, continued, strict=True):
        np.testing.assert_array_equal(before, after)


def test_what_is_not_there_is_said(folder: Path, tmp_path: Path) -> None:
    plan, few, out = tmp_path / "plan.json", demo.make(tmp_path / "few", people=1), io.StringIO()
    replace(TINY, recipe=replace(TINY.recipe, weights=(("given", 1.0),))).write(plan)
    for faces, said in (
        (tmp_path, "no faces.csv in"),
        (few, "no real face for"),
        (folder, "given needs fakes made by others"),
    ):
        with pytest.raises(CommandError, match=said):
            call_command("train_image", tmp_path / "run", faces=[faces], plan=plan, stdout=out)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"stepps": 4}, "unexpected keyword argument 'stepps'"),
        ({"steps": 0}, "steps is 0, and has to be a whole number of 1 or more"),
        ({"network": "mobilnet"}, "network is 'mobilnet', and has to be one of .*mobilenetv2.*residual"),
        ({"norms": "learned"}, "has to be one of fixed, learnt"),
        ({"recipe": {"weights": [["self_blen", 1.0]]}}, "There is no kind self_blen"),
        ({"recipe": {"weights": [["self_blend", -1.0]]}}, "have to be shares"),
        ({"recipe": {"weights": {"self_blend": 1.0}}}, "is not a valid plan"),
        ({"recipe": {"fit": "resise"}}, "has to be one of resize, native"),
    ],
)
def test_a_plan_with_a_mistake_is_refused(folder: Path, tmp_path: Path, change: dict[str, Any], said: str) -> None:
    TINY.write(tmp_path / "plan.json")
    (tmp_path / "plan.json").write_text(json.dumps(json.loads((tmp_path / "plan.json").read_text()) | change))
    with pytest.raises(CommandError, match=said):
        call_command("train_image", tmp_path / "run", faces=[folder], plan=tmp_path / "plan.json")


def test_it_can_start_from_an_earlier_network(folder: Path, tmp_path: Path) -> None:
    earlier = image.build(TINY)
    earlier.save(tmp_path / "earlier.keras")
    begun = image.build(TINY, tmp_path / "earlier.keras")
    for mine, other in zip(begun.get_weights(), earlier.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_the_residual_network_is_trained_the_same_way(folder: Path, tmp_path: Path) -> None:
    faces = {part: read_faces(folder, part) for part in ("train", "validation")}
    plan = Plan(
        network="residual",
        recipe=Recipe(size=48, fit="native"),
        batch=4,
        steps=2,
        check_every=2,
        each=1,
        workers=1,
        norms="learnt",
    )
    net = image.train(plan, faces, tmp_path / "run")
    assert net.name == "residual"


def test_nobody_waits_for_a_maker_of_samples_that_died(folder: Path) -> None:
    batches = data_loader.stream(
        read_faces(folder), Recipe(recompression=(2.0,)), batch=2, seed=1, workers=1, make=samples.batch_of
    )
    with pytest.raises(RuntimeError, match="ended by itself, with exit code 1"):
        next(batches)
