"""Faces that a generator drew again: made once, the same every time, and taught as fakes of their own kinds."""

import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.core.management import CommandError, call_command

from detection import bundle as bundles
from detection.training import image, samples
from detection.training.face_dataset import read_faces
from detection.training.samples import Recipe

KINDS = (("redrawn", 0.5), ("redrawn_swap", 0.5))


def generator(folder: Path, times: int = 4) -> Path:
    """The smallest one there is: it enlarges, and has learnt nothing."""
    param = folder / f"times{times}.param"
    param.write_text(f"7767517\n2 2\nInput in 0 1 data\nInterp up 1 1 data output 0=2 1={times}.0 2={times}.0\n")
    param.with_suffix(".bin").write_bytes(b"")
    return param


@pytest.fixture(scope="module")
def redrawn(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("redrawn")
    out = io.StringIO()
    call_command("redraw_faces", root / "out", faces=folder, generator=generator(root), count=40, stdout=out)
    assert "times4 has redrawn 40 faces" in out.getvalue()
    return root / "out"


def test_every_face_is_drawn_from_fewer_pixels_and_stays_where_it_was(folder: Path, redrawn: Path) -> None:
    drawn = [face for face in read_faces(folder, redrawn=redrawn) if face.redrawn_at]
    assert len(drawn) == 40
    for face in drawn[:5]:
        before, after = face.pixels(), face.redrawn()
        assert after is not None
        assert after.shape == before.shape
        fine = [float(cv2.Laplacian(pixels, cv2.CV_32F).var()) for pixels in (before, after)]
        assert fine[1] < fine[0], "little detail is left of so few pixels when nothing is imagined"
        soft = [cv2.GaussianBlur(pixels, (0, 0), 12).astype(float) for pixels in (before, after)]
        assert np.abs(soft[0] - soft[1]).mean() < 6


def test_started_again_it_draws_only_what_is_missing(folder: Path, redrawn: Path) -> None:
    pictures = sorted(redrawn.glob("*.jpg"))
    kept, gone = pictures[0], pictures[1]
    before = gone.read_bytes()
    kept.write_bytes(kept.read_bytes() + b"seen")
    gone.unlink()
    call_command("redraw_faces", redrawn, faces=folder, generator=generator(redrawn.parent), count=40)
    assert kept.read_bytes().endswith(b"seen")
    assert gone.read_bytes() == before, "the same picture as the first time"
    assert sorted(redrawn.glob("*.jpg")) == pictures, "the same faces as the first time"


def test_a_folder_holds_what_one_generator_drew(folder: Path, redrawn: Path, tmp_path: Path) -> None:
    other = generator(tmp_path)
    other.with_suffix(".bin").write_bytes(b"other weights")
    about = (redrawn / "redrawn.json").read_bytes()
    with pytest.raises(CommandError, match="another generator"):
        call_command("redraw_faces", redrawn, faces=folder, generator=other)
    assert (redrawn / "redrawn.json").read_bytes() == about


def test_what_is_no_such_generator_is_told(folder: Path, tmp_path: Path) -> None:
    twice = generator(tmp_path, times=2)
    with pytest.raises(CommandError, match="does not enlarge pictures 4 times"):
        call_command("redraw_faces", tmp_path / "out", faces=folder, generator=twice)
    with pytest.raises(CommandError):
        call_command("redraw_faces", tmp_path / "out", faces=folder, generator=tmp_path / "missing.param")
    (tmp_path / "odd.param").write_text("not a network")
    (tmp_path / "odd.bin").write_bytes(b"")
    with pytest.raises(CommandError, match="ncnn can't read"):
        call_command("redraw_faces", tmp_path / "out", faces=folder, generator=tmp_path / "odd.param")


def test_fakes_are_made_of_what_was_drawn_and_real_ones_are_not(folder: Path, redrawn: Path) -> None:
    recipe = Recipe(size=64, weights=KINDS, recompression=(0.5, 0.5), eyes=(30, 60))
    people = read_faces(folder, "train", redrawn)
    cast = samples.FacePool.of(people, recipe)
    assert {face.name for face in cast.redrawn} == {face.name for face in people if face.redrawn_at}
    for kind, _ in KINDS:
        one, other = (samples.draw(cast, recipe, np.random.default_rng(5), kind) for _ in range(2))
        assert one.kind == kind
        assert (one.pixels == other.pixels).all(), "the same seed, the same fake"
    read = [samples.read(cast.redrawn[0], np.random.default_rng(seed), again=True) for seed in range(6)]
    for face in read:
        assert face.redrawn is not None
        apart = [np.abs(face.pixels.astype(int) - drawn).mean() for drawn in (face.redrawn, face.redrawn[:, ::-1])]
        assert apart[0] < apart[1], "mirrored together or not at all"


def test_a_training_with_them_says_by_which_generator(folder: Path, redrawn: Path, tmp_path: Path) -> None:
    plan = image.Plan("tiny", "tiny", recipe=Recipe(size=48, weights=KINDS), batch=4, steps=2, check_every=2, each=1,
                      workers=0, warm=1, norms="learnt")  # fmt: skip
    plan.write(tmp_path / "plan.json")
    call = {"faces": folder, "plan": tmp_path / "plan.json"}
    with pytest.raises(CommandError, match="redraw_faces"):
        call_command("train_image", tmp_path / "without", **call)
    with pytest.raises(CommandError, match="redraw_faces"):
        call_command("preview_fakes", tmp_path / "sheet.png", **call)
    call_command("train_image", tmp_path / "run", **call, redrawn=redrawn)
    call_command(
        "export_bundle", tmp_path / "run", faces=[folder], redrawn=redrawn, bundles=tmp_path / "bundles", each=3,
        stdout=io.StringIO(),
    )  # fmt: skip
    card = json.loads((tmp_path / "bundles" / "tiny" / bundles.CARD).read_text())
    about = json.loads((redrawn / "redrawn.json").read_text())
    count = sum(1 for face in read_faces(folder, "train", redrawn) if face.redrawn_at)
    assert card["training"]["faces drawn again"] == f"{count}, by times4 (weights sha256 {about['sha256']})"
    assert {row["data"] for row in card["figures"]} >= {f"own fakes, new people: {kind}" for kind, _ in KINDS}
    assert image.Plan.read(tmp_path / "run" / "plan.json").recipe.weights == KINDS
