"""Pseudo-films become embeddings once, and a head over them; what comes out is a bundle that inspection can use."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

import detection
from detection import bundle as bundles
from detection.training import clips, image, video
from detection.training.clips import FRAMES, HOLDS
from detection.training.face_dataset import FaceCrop, TrainingError, read_faces
from detection.training.samples import REAL, FacePool, Recipe
from detection.training.video import Plan

from ..judging import films
from .test_training_image import TINY as TINY_IMAGE

TINY = replace(Plan.demo(), name="tiny-video")
RECIPE = TINY.recipe


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("net") / "model.keras"
    image.build(TINY_IMAGE).save(path)
    return path


@pytest.fixture(scope="module")
def run(folder: Path, network: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("video") / "run"
    TINY.write(run.parent / "plan.json")
    call_command(
        "train_video", run, faces=folder, plan=run.parent / "plan.json", image=network, stdout=io.StringIO()
    )  # fmt: skip
    return run


def test_a_clip_is_one_face_over_time(people: list[FaceCrop]) -> None:
    made = [clips.draw(FacePool(people), RECIPE, np.random.default_rng(seed)) for seed in range(12)]
    assert {clip.kind for clip in made} == {REAL, "self_blend", "mouth_redone"}
    for clip in made:
        assert clip.pixels.shape == (FRAMES, 48, 48, 3)
        apart = np.abs(np.diff(clip.pixels.astype(int), axis=0)).mean((1, 2, 3))
        assert (apart > 0).all(), "it moves"
        assert apart.max() < 60, "and stays the same face"
    for seed, clip in enumerate(made):
        again = clips.draw(FacePool(people), RECIPE, np.random.default_rng(seed))
        assert (again.pixels == clip.pixels).all(), "the same seed, the same film"


@pytest.mark.parametrize("hold", HOLDS)
def test_fakes_hold_over_time_in_each_way(hold: str, people: list[FaceCrop], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "HOLDS", (hold,))
    recipe = Recipe(size=48, weights=(("cross_identity", 1.0),))
    kinds = [clips.draw(FacePool(people), recipe, np.random.default_rng(seed)).kind for seed in range(6)]
    assert "cross_identity" in kinds


def test_real_films_are_material_too(people: list[FaceCrop], tmp_path: Path) -> None:
    films.film(tmp_path / "clip.mp4", films.portrait(1))
    (tmp_path / "broken.mp4").write_bytes(b"no film")
    (found,) = clips.read_stretches(tmp_path)
    assert all(len(run) == clips.RUN for run in found.runs)
    sizes = {face.pixels.shape for run in found.runs for face in run}
    assert len(sizes) == 1
    clip = clips.draw(FacePool(people), RECIPE, np.random.default_rng(1), [found])
    assert clip.pixels.shape == (FRAMES, 48, 48, 3)


def test_interrupted_it_goes_on_with_the_films(run: Path, folder: Path, network: Path) -> None:
    kept = sorted((run / "films").iterdir())
    assert [path.name for path in kept] == ["train-0000.npz", "train-0001.npz", "validation-0000.npz"]
    before = {path: path.stat().st_mtime_ns for path in kept}
    kept[0].unlink()
    faces = {part: read_faces(folder, part) for part in ("train", "validation")}
    video.train(TINY, faces, run, network)
    assert {path for path in kept if path.stat().st_mtime_ns != before[path]} == {kept[0]}
    assert (run / "log.csv").read_text().startswith("epoch,loss,auc\n1,")


def test_a_demo_needs_nothing(tmp_path: Path) -> None:
    call_command("train_video", tmp_path / "run", demo=True, stdout=io.StringIO())
    assert Plan.read(tmp_path / "run" / "plan.json") == Plan.demo()
    with pytest.raises(CommandError, match="has a face that stays in place"):
        call_command("train_video", tmp_path / "run", demo=True, clips=tmp_path / "nowhere")


def test_the_image_network_has_to_look_as_the_plan_cuts(folder: Path, network: Path, tmp_path: Path) -> None:
    replace(TINY, recipe=replace(RECIPE, size=64)).write(tmp_path / "plan.json")
    with pytest.raises(CommandError, match="takes 48 pixels; the plan says 64"):
        call_command("train_video", tmp_path / "run", faces=[folder], plan=tmp_path / "plan.json", image=network)
    assert not (tmp_path / "run" / video.EMBED).exists(), "the next one can begin there"


def test_no_film_is_made_of_what_a_generator_drew(folder: Path, network: Path, tmp_path: Path) -> None:
    TINY.write(tmp_path / "plan.json")
    plan = json.loads((tmp_path / "plan.json").read_text())
    plan["recipe"]["weights"] = [["reconstructed", 1.0]]
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    with pytest.raises(CommandError, match="can't be made of redrawn faces"):
        call_command("train_video", tmp_path / "run", faces=[folder], plan=tmp_path / "plan.json", image=network)


def test_films_that_are_kept_are_those_of_the_plan(run: Path, folder: Path, network: Path) -> None:
    faces = {part: read_faces(folder, part) for part in ("train", "validation")}
    with pytest.raises(TrainingError, match="with other seed, films"):
        video.train(replace(TINY, seed=5), faces, run, network, stretches=(clips.Stretch("one", ()),))
    video.train(replace(TINY, units=3), faces, run, network)  # the head begins anew each time


def test_it_becomes_a_bundle_that_judges_films(run: Path, folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "bundles"
    said = {"faces": [folder], "bundles": root, "each": 6, "failure": ["hardly trained"]}
    call_command("export_bundle", run, stdout=io.StringIO(), **said)
    bundle = bundles.read_bundle(root / "tiny-video")
    assert (bundle.kind, bundle.frames, bundle.size) == ("video", FRAMES, 48)
    assert bundle.files.keys() == {"model.keras", "model.onnx", "embed.onnx"}
    assert bundle.calibration.fitted
    assert (
        "own fake films, new people (its best epoch was chosen on them): all" in (bundle.folder / "CARD.md").read_text()
    )
    path = films.film(tmp_path / "clip.mp4", films.portrait(1))
    finding = detection.inspect(path, bundles=detection.read_panel(root))
    assert [one.status for one in finding.bundles] == ["ran"]
    assert finding.score is not None
