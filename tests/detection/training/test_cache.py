"""Samples are drawn once, by a recipe that a cache keeps to; a training from it goes on at the step where it ended."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from detection.training import cache, loader, provenance_log, trained
from detection.training.cache import Cache, CachePlan
from detection.training.face_dataset import FaceCrop, TrainingError
from detection.training.image import Plan
from detection.training.loader import Position
from detection.training.samples import REAL, Recipe

RECIPE = Recipe(size=48, paired=True)


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "PAIRS", 8)


def drawn(folder: Path, people: list[FaceCrop], shards: int = 2, part: str = "train", recipe: Recipe = RECIPE) -> Path:
    faces = [face for face in people if face.part == part]
    cache.draw(folder, CachePlan.for_faces(recipe, faces, part), faces, shards)
    return folder


def test_every_fake_lies_behind_a_real_one_and_crops_leave_room(people: list[FaceCrop], tmp_path: Path) -> None:
    made = Cache(drawn(tmp_path / "cache", people))
    assert len(made) == 16
    kinds = made.all("kinds")
    assert set(kinds[::2]) == {REAL}
    assert REAL not in kinds[1::2]
    pixels, _, labels = made.pair(0)
    assert pixels.shape == (2, 52, 52, 3)
    assert labels[0] == 0
    assert labels[1] >= 0.5


def test_a_cache_grows_without_changing_what_is_there(people: list[FaceCrop], tmp_path: Path) -> None:
    folder = drawn(tmp_path / "cache", people, shards=1)
    before = Cache(folder).pair(3)[0].copy()
    drawn(folder, people, shards=2)
    assert (Cache(folder).pair(3)[0] == before).all()
    assert Cache(folder).shards == 2
    again = Cache(drawn(tmp_path / "again", people, shards=2))
    assert (again.pair(12)[0] == Cache(folder).pair(12)[0]).all()


def test_samples_of_another_recipe_are_not_mixed_in(people: list[FaceCrop], tmp_path: Path) -> None:
    folder = drawn(tmp_path / "cache", people, shards=1)
    with pytest.raises(TrainingError, match="another recipe"):
        drawn(folder, people, recipe=replace(RECIPE, margin=0.3))


def test_a_loader_that_goes_on_gives_what_it_would_have_given(people: list[FaceCrop], tmp_path: Path) -> None:
    folder = drawn(tmp_path / "cache", people)

    def read(position: Position, count: int) -> list[loader.Batch]:
        reading = loader.batches([folder], batch=6, seed=4, position=position)
        return [next(reading) for _ in range(count)]

    whole = read(Position(), 9)  # into the second epoch
    later = read(whole[3].after, 5)
    for one, other in zip(whole[4:], later, strict=True):
        assert one.after == other.after
        assert (one.pixels == other.pixels).all()
    assert whole[-1].after.epoch == 1


def test_both_of_a_pair_are_augmented_alike() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (52, 52, 3)).astype(np.uint8)
    for seed in range(20):
        one, other = loader.augmented(np.stack([pixels, pixels]), 48, np.random.default_rng(seed))
        assert (one == other).all()


def test_a_training_ends_and_goes_on_as_if_it_had_not_ended(people: list[FaceCrop], tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="the training from a cache is done by PyTorch")
    from detection.training import cached

    torch.set_num_threads(1)
    train = drawn(tmp_path / "train", people, shards=2)
    checks = drawn(tmp_path / "checks", people, shards=1, part="validation")
    plan = replace(Plan.demo(), recipe=RECIPE, steps=8, check_every=8, batch=4)

    class Ended(Exception):
        pass

    def end(step: int, figures: dict[str, float]) -> None:
        raise Ended

    cached.train(plan, [train], [checks], tmp_path / "whole")
    cut = replace(plan, check_every=5)
    cached.train(cut, [train], [checks], tmp_path / "cut", until=0)  # before its first step
    assert (tmp_path / "cut/step.txt").read_text() == "0"
    with pytest.raises(Ended):
        cached.train(cut, [train], [checks], tmp_path / "cut", progress=end)
    cached.train(plan, [train], [checks], tmp_path / "cut")
    states = [torch.load(tmp_path / run / "state.pt", weights_only=True) for run in ("whole", "cut")]
    assert [state["step"] for state in states] == [8, 8]
    for name, values in states[0]["mean"].items():
        assert torch.equal(values, states[1]["mean"][name]), name
    assert (tmp_path / "cut" / provenance_log.EMA_WEIGHTS).is_file()


def test_a_training_is_not_checked_on_what_it_learns_from(people: list[FaceCrop], tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the training from a cache is done by PyTorch")
    from detection.training import cached

    train = drawn(tmp_path / "train", people, shards=1)
    with pytest.raises(TrainingError, match="for checking"):
        cached.train(replace(Plan.demo(), recipe=RECIPE), [train], [train], tmp_path / "run")


def test_the_network_of_every_check_can_still_be_exported(people: list[FaceCrop], tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the training from a cache is done by PyTorch")
    from detection.training import cached

    train = drawn(tmp_path / "train", people, shards=2)
    plan = replace(Plan.demo(), recipe=RECIPE, steps=10, check_every=5, batch=4)
    cached.train(plan, [train], [], tmp_path / "run")
    kept = [trained.trained(tmp_path / "run/checkpoints" / step) for step in ("000005", "000010")]
    assert [one.seen for one in kept] == [20, 40]
    faces = people[:2]
    early, late = (one.predict(faces, each=1, seed=1).scores for one in kept)
    last = trained.trained(tmp_path / "run").predict(faces, each=1, seed=1).scores
    assert late.tolist() == last.tolist()
    assert early.tolist() != last.tolist()
