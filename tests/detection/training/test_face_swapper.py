"""The face swapper: trained once, its squares kept, pasted back onto the faces they were made of."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.core.management import CommandError, call_command

from detection.training import autoencoder_swap, clips, pseudofakes, samples
from detection.training.face_dataset import FaceCrop, TrainingError, read_faces
from detection.training.faces import Face
from detection.training.samples import FacePool, Recipe

SWAPS = Recipe(size=64, weights=(("autoencoder_swap", 1.0),))


@pytest.fixture(scope="module")
def prepared(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("prepared")
    call_command("swap_faces", out, faces=[folder], steps=2, people=6, steps_each=1, stdout=io.StringIO())
    return out


def test_every_face_gets_squares_of_somebody_else_of_its_part(folder: Path, prepared: Path) -> None:
    people = read_faces(folder, redrawn=prepared)
    assert all(face.swapped_at for face in people)
    squares = people[0].swapped()
    assert [square.shape for square in squares] == [(64, 64, 3)] * 3
    assert (squares[0] != squares[1]).any(), "a film's frames differ"


def test_started_again_it_makes_only_what_is_missing(folder: Path, prepared: Path) -> None:
    files = sorted((prepared / "swapped").glob("*.png"))
    weights = (prepared / "encoder.weights.h5").read_bytes()
    kept, gone = files[0].stat().st_mtime_ns, files[1].read_bytes()
    files[1].unlink()
    call_command("swap_faces", prepared, faces=[folder], people=6, steps_each=1, stdout=io.StringIO())
    assert (prepared / "encoder.weights.h5").read_bytes() == weights, "the encoder is not trained again"
    assert files[0].stat().st_mtime_ns == kept
    assert len(files[1].read_bytes()) > len(gone) / 2


def test_a_square_is_pasted_where_the_landmarks_are(people: list[FaceCrop]) -> None:
    face = Face(people[0].pixels(), people[0].landmarks)
    square = np.full((64, 64, 3), 128, np.uint8)
    for x, y in autoencoder_swap.PLACES.round().astype(int):
        cv2.circle(square, (int(x), int(y)), 2, (255, 255, 255), -1)
    for seed in range(6):
        drawn, inside = autoencoder_swap.pasted(
            square, face.landmarks, face.pixels.shape[:2], np.random.default_rng(seed)
        )
        assert 0.02 < inside.mean() < 0.5
        for x, y in face.landmarks[:2].round().astype(int):
            assert drawn[y - 6 : y + 7, x - 6 : x + 7].max() > 190


def test_a_swap_stays_inside_its_mask_and_follows_its_seed(folder: Path, prepared: Path) -> None:
    person = read_faces(folder, redrawn=prepared)[3]
    face = samples.read(person, np.random.default_rng(0))
    for seed in range(8):
        one, other = (pseudofakes.make("autoencoder_swap", face, face, np.random.default_rng(seed)) for _ in range(2))
        changed = (one.pixels != face.pixels).any(-1)
        assert changed.any()
        assert not changed[cv2.dilate(one.where, np.ones((3, 3))) == 0].any()
        assert (one.pixels == other.pixels).all()


def test_swaps_without_a_swapper_are_refused_with_a_sentence(people: list[FaceCrop]) -> None:
    with pytest.raises(TrainingError, match="swap_faces has written: give --redrawn"):
        FacePool.from_faces(people, SWAPS)


def test_too_few_people_to_swap_are_refused_with_a_sentence(folder: Path, tmp_path: Path) -> None:
    person = (folder / "faces.csv").read_text().splitlines()[:2]
    lonely = tmp_path / "lonely"
    lonely.mkdir()
    (lonely / "faces.csv").write_text("\n".join(person) + "\n")
    for file in folder.glob("*.zip"):
        (lonely / file.name).symlink_to(file)
    with pytest.raises(CommandError, match="no real face for"):
        call_command("swap_faces", tmp_path / "out", faces=[lonely], steps=1, stdout=io.StringIO())


@pytest.mark.parametrize("kind", ["autoencoder_swap", "mesh_swap", "reenactment", "smoother"])
@pytest.mark.parametrize("hold", ["trembling", "flickering"])
def test_a_film_of_fakes_flickers_inside_the_face_alone(kind: str, hold: str, folder: Path, prepared: Path) -> None:
    people = read_faces(folder, redrawn=prepared)
    cast = FacePool.from_faces(people, Recipe(weights=((kind, 1.0),)))
    still = samples.read(people[5], np.random.default_rng(1))
    made = clips.faked([still] * 8, kind, cast, np.random.default_rng(4), hold)
    frames = np.stack([frame.pixels for frame in made]).astype(int)
    moves = (frames.max(0) - frames.min(0)).max(-1)
    assert moves.max() > 5, "the same still in every frame, and the fake differs"
    height, width = moves.shape
    ys, xs = np.mgrid[0:height, 0:width]
    x, y = still.landmarks.mean(0)
    far = np.hypot(xs - x, ys - y) > 3.2 * still.scale
    assert far.any()
    assert moves[far].max() == 0
    again = clips.faked([still] * 8, kind, cast, np.random.default_rng(4), hold)
    assert all((one.pixels == other.pixels).all() for one, other in zip(made, again, strict=True))


def test_what_is_seen_of_a_re_enactment_changes_from_frame_to_frame(people: list[FaceCrop]) -> None:
    still = samples.read(people[0], np.random.default_rng(0))
    cast = FacePool.from_faces(people, Recipe(weights=(("reenactment", 1.0),)))
    made = clips.faked([still] * 8, "reenactment", cast, np.random.default_rng(1), "steady")
    assert len({frame.pixels.tobytes() for frame in made}) == 8


def test_stills_talk_in_films_whether_they_are_real_or_fake(people: list[FaceCrop]) -> None:
    recipe = Recipe(size=64, weights=(("reenactment", 1.0),))
    cast = FacePool.from_faces(people, recipe)
    for kind in (samples.REAL, "reenactment"):
        one, other = (clips.draw(cast, recipe, np.random.default_rng(3), (), kind) for _ in range(2))
        assert (one.pixels == other.pixels).all()
        assert one.pixels.shape == (clips.FRAMES, 64, 64, 3)


def test_people_whose_faces_no_swapper_has_drawn_are_measured_on_the_other_kinds(people: list[FaceCrop]) -> None:
    both = Recipe(size=64, weights=(("autoencoder_swap", 0.5), ("smoother", 0.5)))
    assert {sample.kind for sample in samples.fixed(people, both, each=2, seed=1)} == {"smoother", samples.REAL}
    with pytest.raises(TrainingError, match="swap_faces"):
        samples.fixed(people, SWAPS, each=2, seed=1)
