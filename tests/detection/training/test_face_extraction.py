"""Licensed sets in their own layouts become crops that the training reads; a run that is cut off goes on."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from detection.training import datasets
from detection.training.face_dataset import read_faces
from detection.training.samples import GIVEN, REAL, Recipe, fixed

from ..judging import films


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return films.film(tmp_path_factory.mktemp("clip") / "clip.mp4", films.portrait(1))


@pytest.fixture
def lay(clip: Path, tmp_path: Path) -> Callable[..., Path]:
    def copies(*names: str) -> Path:
        for name in names:
            (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(clip, tmp_path / "set" / name)
        return tmp_path / "set"

    return copies


def found(root: Path) -> dict[str, tuple[bool, str, str, str]]:
    with datasets.items(root) as items:
        return {one.path.stem: (one.fake, one.manipulation, one.group, one.part) for one in items}


def test_faceforensics(lay: Callable[..., Path]) -> None:
    root = lay(
        "original_sequences/youtube/c23/videos/012.mp4",
        "original_sequences/youtube/c23/videos/026.mp4",
        "manipulated_sequences/Deepfakes/c23/videos/012_026.mp4",
        "manipulated_sequences/NeuralTextures/c23/videos/026_012.mp4",
    )
    (root / "splits").mkdir()
    (root / "splits" / "val.json").write_text('[["012", "026"]]')
    assert found(root) == {
        "012": (False, "", "012_026", "validation"),
        "026": (False, "", "012_026", "validation"),
        "012_026": (True, "Deepfakes", "012_026", "validation"),
        "026_012": (True, "NeuralTextures", "012_026", "validation"),
    }


def test_faceforensics_without_its_splits_with_its_masks_and_actors(lay: Callable[..., Path]) -> None:
    root = lay(
        "original_sequences/youtube/c23/videos/026.mp4",
        "original_sequences/actors/c23/videos/01__walking.mp4",
        "original_sequences/actors/c23/videos/01__exit_phone_room.mp4",
        "manipulated_sequences/Deepfakes/c23/videos/012_026.mp4",
        "manipulated_sequences/Deepfakes/masks/videos/012_026.mp4",
        "manipulated_sequences/DeepFakeDetection/c23/videos/01_02__walking__XYZ.mp4",
    )
    assert found(root) == {
        "026": (False, "", "012_026", ""),
        "01__walking": (False, "", "01", ""),
        "01__exit_phone_room": (False, "", "01", ""),
        "012_026": (True, "Deepfakes", "012_026", ""),
        "01_02__walking__XYZ": (True, "DeepFakeDetection", "01", ""),
    }
    with datasets.items(root) as items:
        assert not [one.name for one in items if "masks" in one.name]


def test_celeb_df(lay: Callable[..., Path]) -> None:
    root = lay("Celeb-real/id0_0001.mp4", "YouTube-real/00007.mp4", "Celeb-synthesis/id0_id1_0001.mp4")
    (root / "List_of_testing_videos.txt").write_text("1 YouTube-real/00007.mp4\n")
    assert found(root) == {
        "id0_0001": (False, "", "id0", ""),
        "00007": (False, "", "00007", "test"),
        "id0_id1_0001": (True, "face_swap", "id0", ""),
    }


def test_dfdc(lay: Callable[..., Path]) -> None:
    root = lay("dfdc_train_part_0/a.mp4", "dfdc_train_part_0/b.mp4")
    said = {
        "a.mp4": {"label": "FAKE", "split": "train", "original": "b.mp4"},
        "b.mp4": {"label": "REAL", "split": "train"},
        "absent.mp4": {"label": "REAL", "split": "train"},
    }
    (root / "dfdc_train_part_0" / "metadata.json").write_text(json.dumps(said))
    metadata = root / "dfdc_train_part_0" / "metadata.json"
    assert found(root) == {
        "a": (True, "dfdc", "b.mp4", ""),
        "b": (False, "", "b.mp4", ""),
        "absent": (False, "", "absent.mp4", ""),
    }, "no parts are told, and nothing is dropped"
    said = {"a.mp4": {"is_fake": 1}, "b.mp4": {"is_fake": 0}}
    metadata.write_text(json.dumps(said))
    assert found(root) == {"a": (True, "dfdc", "a.mp4", ""), "b": (False, "", "b.mp4", "")}
    said = {"a.mp4": {"label": "FAKE", "split": "train"}, "b.mp4": {"label": "REAL", "split": "test"}}
    metadata.write_text(json.dumps(said))
    assert found(root) == {"a": (True, "dfdc", "a.mp4", "train"), "b": (False, "", "b.mp4", "test")}


def test_folders_and_lists(lay: Callable[..., Path], tmp_path: Path) -> None:
    root = lay("real/a.mp4", "fake/swap/b.mp4")
    (root / "real" / "metadata.json").write_text("{}")
    assert found(root) == {
        "a": (False, "", "real/a.mp4", ""),
        "metadata": (False, "", "real/metadata.json", ""),
        "b": (True, "swap", "fake/swap/b.mp4", ""),
    }
    listed = tmp_path / "list.csv"
    listed.write_text("file,label,manipulation,group\nset/real/a.mp4,real,,g\nset/fake/swap/b.mp4,1,x,g\n")
    assert found(listed) == {"a": (False, "", "g", ""), "b": (True, "x", "g", "")}
    for wrong, said in (
        ("file,label\na,faked", "line 2 the label is “faked”"),
        ("file\na", "lacks the column label"),
        ("file,label\na,real\na,fake", "names a twice"),
        ("file,label,part\na,real,trian", "the part is “trian”"),
    ):
        listed.write_text(wrong)
        with pytest.raises(CommandError, match=said):
            call_command("prepare_faces", listed, tmp_path / "out")
    with pytest.raises(CommandError, match="No such file"):
        call_command("prepare_faces", tmp_path / "gone.csv", tmp_path / "out")


def test_crops_are_made_once_and_a_cut_off_run_goes_on(lay: Callable[..., Path], tmp_path: Path) -> None:
    root, out = lay("real/a.mp4", "fake/swap/b.mp4"), tmp_path / "out"
    (root / "real" / "broken.mp4").write_bytes(b"no film")
    call_command("prepare_faces", root, out, frames=2, licence="research only")
    first = read_faces(out)
    assert {face.manipulation for face in first} == {"", "swap"}
    assert {face.licence for face in first} == {"research only"}
    assert all(max(face.pixels().shape) <= 336 for face in first)
    for face in first:
        height, width = face.pixels().shape[:2]
        assert ((face.landmarks > 0) & (face.landmarks < (width, height))).all()
    manifest = (out / "manifest.jsonl").read_text().splitlines()
    assert len(manifest) == 3
    assert any('"unknown_format"' in line for line in manifest)
    lay("real/c.mp4")
    call_command("prepare_faces", root, out, frames=2)
    assert len((out / "manifest.jsonl").read_text().splitlines()) == 4
    assert len(read_faces(out)) > len(first)
    shutil.copy(root / "real" / "broken.mp4", root / "real" / "a.mp4")
    with pytest.raises(CommandError, match=r"has the faces of another real/a.mp4"):
        call_command("prepare_faces", root, out, frames=2)


def test_a_killed_run_loses_and_doubles_nothing(lay: Callable[..., Path], tmp_path: Path) -> None:
    root, out = lay("real/a.mp4", "real/b.mp4", "real/c.mp4"), tmp_path / "out"
    (root / "list.csv").write_text("file,label,group\n" + "".join(f"real/{name}.mp4,real,g\n" for name in "abc"))
    call_command("prepare_faces", root / "list.csv", out, frames=2)
    whole = read_faces(out)
    faces, manifest = (out / "faces.csv").read_text(), (out / "manifest.jsonl").read_text()
    for rows in (faces, faces[: faces.rindex(",")]):  # as a kill leaves them: of the last file, all rows or half of one
        (out / "faces.csv").write_text(rows)
        (out / "manifest.jsonl").write_text(manifest[:-9])
        call_command("prepare_faces", root / "list.csv", out, frames=2)
        assert sorted(face.name for face in read_faces(out)) == sorted(face.name for face in whole)
        assert (out / "manifest.jsonl").read_text() == manifest
    assert not list(out.glob("*.part"))


def test_given_fakes_are_trained_on_beside_those_made_here(lay: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    call_command("prepare_faces", lay("real/a.mp4", "fake/swap/b.mp4"), out, frames=2)
    made = fixed(read_faces(out), Recipe(size=48, weights=((GIVEN, 1.0),)), each=3, seed=1)
    assert [sample.kind for sample in made] == [GIVEN] * 3 + [REAL] * 3
    assert [sample.fake for sample in made] == [True] * 3 + [False] * 3


def test_a_folder_of_nothing_known_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no files in a known layout"):
        call_command("prepare_faces", tmp_path, tmp_path / "out")
