"""What the networks are taught with: every kind leaves its trace and nothing else that gives it away."""

import io
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.core.management import CommandError, call_command

from detection import splits
from detection.metrics import auc, auc_interval
from detection.training import (
    datasets,
    face_masks,
    image,
    pseudofakes,
    samples,
)
from detection.training.face_dataset import FaceCrop, read_faces
from detection.training.faces import Face
from detection.training.pseudofakes import KINDS, REDRAWN, SWAPPED
from detection.training.samples import REAL, FacePool, Recipe

PREPARED = (*REDRAWN, *SWAPPED)  # of what another command has made
BY_DEFAULT = [kind for kind, _ in Recipe().weights]


def face_of(person: FaceCrop) -> Face:
    pixels = person.pixels()
    square = np.asarray(cv2.resize(pixels, (64, 64)))
    return Face(pixels, person.landmarks, redrawn=np.asarray(cv2.medianBlur(pixels, 5)), swapped=(square,) * 3)


@pytest.mark.parametrize("kind", KINDS)
def test_a_fake_is_another_picture_of_the_same_size_and_made_by_its_seed(kind: str, people: list[FaceCrop]) -> None:
    face, other = face_of(people[0]), face_of(people[1])
    before = face.pixels.copy()
    made = [pseudofakes.make(kind, face, other, np.random.default_rng(seed)).pixels for seed in (3, 3, 4)]
    assert made[0].shape == before.shape
    assert made[0].dtype == np.uint8
    assert (made[0] == made[1]).all(), "the same seed, the same fake"
    assert any((fake != before).any() for fake in made)
    if kind != "reconstructed":  # a stored picture as it is: nothing in it is left to chance
        assert (made[0] != made[2]).any()
    assert (face.pixels == before).all(), "the real one is left alone"


IN_PLACE = [
    kind for kind in KINDS if kind not in ("whole_rebuilt", "decoded", "self_blend")
]  # those may change the ground


@pytest.mark.parametrize("kind", IN_PLACE)
def test_a_fake_keeps_what_is_far_from_the_face(kind: str, people: list[FaceCrop]) -> None:
    face, other = face_of(people[2]), face_of(people[3])
    changed = np.zeros(face.pixels.shape[:2], bool)
    for seed in range(4):
        made = pseudofakes.make(kind, face, other, np.random.default_rng(seed)).pixels.astype(int)
        changed |= np.abs(made - face.pixels).max(-1) > 12
    assert changed.any()
    assert changed[:8].mean() < 0.05
    assert changed[-8:].mean() < 0.1


@pytest.mark.parametrize("kind", IN_PLACE)
def test_a_fake_may_be_cleaner_than_its_place_but_the_place_keeps_its_history(
    kind: str, people: list[FaceCrop]
) -> None:
    face, other = face_of(people[2]), face_of(people[3])
    aged = samples.with_history(face, Recipe(recompression=(0.0, 0.0, 1.0)), np.random.default_rng(1))
    assert (aged.clean == face.pixels).all()
    assert (aged.pixels != face.pixels).mean() > 0.5
    for seed in range(4):
        made = pseudofakes.make(kind, aged, other, np.random.default_rng(seed)).pixels.astype(int)
        assert (np.abs(made - aged.pixels)[:8].max(-1) > 12).mean() < 0.05


@pytest.mark.parametrize("shape", face_masks.SHAPES)
def test_every_part_of_a_face_has_a_mask_around_its_landmarks(shape: str, people: list[FaceCrop]) -> None:
    face = face_of(people[0])
    mask = face_masks.draw(shape, face.landmarks, face.pixels.shape[:2], np.random.default_rng(0))
    ys, xs = np.nonzero(mask)
    assert 0.01 < mask.mean() < 0.7
    left, right = face.landmarks[:, 0].min(), face.landmarks[:, 0].max()
    assert left - 2 * face.scale < xs.mean() < right + 2 * face.scale
    assert face.landmarks[:, 1].min() - face.scale < ys.mean() < face.landmarks[:, 1].max() + face.scale
    soft = face_masks.softened(mask, np.random.default_rng(1), face.scale)
    assert soft.min() >= 0
    assert soft.max() <= 1


def cues(pixels: np.ndarray) -> tuple[float, float, float]:
    """What a fake must not be known by: brightness, sharpness, and how well it compresses."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    _, encoded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
    return float(grey.mean()), float(cv2.Laplacian(grey, cv2.CV_32F).var()), float(len(encoded))


HARD = Recipe(size=96, eyes=(24, 80), recompression=(0.2, 0.3, 0.3, 0.2), augmentation_share=0.4)


@pytest.mark.parametrize("recipe", [Recipe(size=96), HARD, replace(HARD, paired=True)])
def test_nothing_trivial_tells_fakes_from_real_ones(recipe: Recipe, people: list[FaceCrop]) -> None:
    pixels, kinds, _ = samples.batch_of(FacePool.from_faces(people, recipe), recipe, 1200, np.random.default_rng(0))
    fake = np.array(kinds) != REAL
    said = np.array([cues(one) for one in pixels])
    for number, name in enumerate(("brightness", "sharpness", "size of the JPEG")):
        assert 0.45 <= auc(said[:, number], fake) <= 0.55, (name, auc(said[:, number], fake))


def test_a_sample_is_the_same_for_the_same_seed(people: list[FaceCrop]) -> None:
    one, other = (
        samples.draw(FacePool.from_faces(people, Recipe()), Recipe(size=64), np.random.default_rng(7)) for _ in range(2)
    )
    assert one.kind == other.kind
    assert (one.pixels == other.pixels).all()


def test_a_pair_differs_where_it_says_and_nowhere_else(people: list[FaceCrop]) -> None:
    recipe = Recipe(
        size=96,
        augmentation_share=1.0,
        blur_share=0.0,
        weights=tuple((kind, 1.0) for kind in IN_PLACE if kind not in PREPARED),
    )
    cast, chance = FacePool.from_faces(people, recipe), np.random.default_rng(2)
    ratios = []
    for _ in range(40):
        real, fake = samples.pair(cast, recipe, chance)
        assert (real.kind, fake.fake, real.where.max()) == (REAL, True, 0)
        assert real.pixels.shape[:2] == fake.where.shape
        apart = np.abs(real.pixels.astype(int) - fake.pixels).mean(-1)
        inside, outside = fake.where > 60, cv2.dilate(fake.where, np.ones((9, 9))) == 0
        if inside.sum() > 30 and outside.sum() > 30:
            ratios.append((apart[inside].mean() + 0.1) / (apart[outside].mean() + 0.1))
    assert len(ratios) > 20
    assert np.median(ratios) > 3
    assert np.mean(np.array(ratios) > 1) > 0.9


def test_what_others_made_is_never_the_real_one_of_a_pair(people: list[FaceCrop]) -> None:
    _, black = cv2.imencode(".jpg", np.zeros((300, 300, 3), np.uint8))
    theirs = [replace(one, encoded=black.tobytes(), manipulation="theirs") for one in people[:4]]
    recipe = Recipe(size=48, paired=True, weights=(("given", 1.0),))
    pixels, kinds, where = samples.batch_of(
        FacePool.from_faces([*people[4:], *theirs], recipe), recipe, 15, np.random.default_rng(0)
    )
    assert kinds == ["real", "given"] * 7 + ["real"]
    assert pixels[::2].mean() > 2 * pixels[1::2].mean()
    assert (where[::2].max(), where[1::2].min()) == (0, 255)


def test_every_generator_is_drawn_as_often_however_many_pictures_it_has(people: list[FaceCrop]) -> None:
    given = [replace(face, manipulation="rare" if at == 0 else "common") for at, face in enumerate(people[:6])]
    recipe = Recipe(size=48, weights=(("given", 1.0),))
    pool, chance = FacePool.from_faces([*people[6:], *given], recipe), np.random.default_rng(0)
    rare = np.mean([pool.pick("given", chance).manipulation == "rare" for _ in range(400)])
    assert 0.4 < rare < 0.6


def test_a_varied_look_spreads_sharpness_and_light_of_real_and_fake_alike(people: list[FaceCrop]) -> None:
    given = [replace(face, manipulation="theirs") for face in people]
    plain = Recipe(size=64, blur_share=0.0, weights=(("given", 1.0),))
    spreads = {}
    for name, recipe in (("plain", plain), ("varied", replace(plain, varied=1.0))):
        pool, chance = FacePool.from_faces([*people, *given], recipe), np.random.default_rng(1)
        for kind in ("real", "given"):
            seen = [cues(samples.draw(pool, recipe, chance, kind).pixels)[:2] for _ in range(150)]
            spreads[name, kind] = np.log(seen).std(0)
    for kind in ("real", "given"):
        assert (spreads["varied", kind] > 1.1 * spreads["plain", kind]).all(), (kind, spreads)


@pytest.mark.parametrize(("kind", "share"), [("whole_rebuilt", 1.0), ("mouth_redone", 0.2), (REAL, 0.0)])
def test_a_sample_tells_how_much_of_it_is_fake(kind: str, share: float, people: list[FaceCrop]) -> None:
    recipe = Recipe(size=96)
    chance, cast = np.random.default_rng(4), FacePool.from_faces(people, recipe)
    marked = np.mean([samples.draw(cast, recipe, chance, kind).where.mean() / 255 for _ in range(6)])
    assert marked == share if share in (0.0, 1.0) else 0.02 < marked < share


def test_a_checking_set_has_all_kinds_and_as_many_real_ones(people: list[FaceCrop]) -> None:
    made = samples.fixed(people, Recipe(size=48), each=2, seed=1)
    kinds = [sample.kind for sample in made]
    assert set(kinds) - {REAL} == set(KINDS) - set(PREPARED), "all that need nothing else"
    assert kinds.count(REAL) == 2 * len(BY_DEFAULT)
    assert all(kinds.count(kind) == 2 for kind in BY_DEFAULT)


def test_pixels_are_cut_as_they_are_for_the_residual_network(people: list[FaceCrop]) -> None:
    sample = samples.draw(FacePool(people), Recipe(size=96, fit="native"), np.random.default_rng(0), REAL)
    assert sample.pixels.shape == (96, 96, 3)


KNOWN_PARTS = {"person-0": "train", "person-1": "validation", "person-16": "calibration"}


def test_a_person_is_in_one_part_only(people: list[FaceCrop]) -> None:
    parts = {part: {p.group for p in people if p.part == part} for part in ("train", "validation", "calibration")}
    assert sum(map(len, parts.values())) == len({p.group for p in people})
    assert len(parts["train"]) > len(parts["validation"]) > 0
    assert {name: splits.part_of(name) for name in KNOWN_PARTS} == KNOWN_PARTS, "a part never changes"


def test_a_sheet_of_fakes_can_be_looked_at(folder: Path, tmp_path: Path) -> None:
    call_command("preview_fakes", tmp_path / "sheet.png", faces=folder, columns=2, size=48, stdout=io.StringIO())
    assert cv2.imread(str(tmp_path / "sheet.png")).shape == ((len(BY_DEFAULT) + 1) * 48, 96, 3)
    plan = image.Plan(
        recipe=Recipe(weights=(("self_blend", 1.0),), recompression=(0.0, 1.0), eyes=(20, 30), augmentation_share=1.0)
    )
    plan.write(tmp_path / "plan.json")
    where = {"faces": folder, "columns": 2, "size": 48, "plan": tmp_path / "plan.json"}
    call_command("preview_fakes", tmp_path / "planned.png", **where, stdout=io.StringIO())
    assert cv2.imread(str(tmp_path / "planned.png")).shape == (2 * 48, 96, 3)


def test_whole_photographs_are_drawn_for_the_pipeline_to_judge(folder: Path, tmp_path: Path) -> None:
    plan = image.Plan(
        "blends",
        recipe=Recipe(weights=(("self_blend", 1.0), ("decoded", 1.0), ("plastic", 0.0)), augmentation_share=1.0),
    )
    plan.write(tmp_path / "plan.json")
    where = {"faces": [folder], "each": 2, "plan": [tmp_path / "plan.json"], "stdout": io.StringIO()}
    for name in ("one", "again", "other"):
        call_command("generate_fakes", tmp_path / name, seed=int(name == "other"), **where)
    with datasets.items(tmp_path / "one" / "files.csv") as found:
        assert Counter((item.fake, item.manipulation) for item in found) == {
            (False, ""): 4, (True, "self_blend"): 2, (True, "decoded"): 2,
        }  # fmt: skip
        people, sides = {face.group for face in read_faces(folder, "validation")}, []
        assert {item.group for item in found} <= people
        for item in found:
            pixels = cv2.imread(str(item.path))
            sides.append(min(pixels.shape[:2]))
            assert (cv2.imread(str(tmp_path / "again" / item.name)) == pixels).all()
        others = [cv2.imread(str(tmp_path / "other" / item.name)) for item in found]
    assert np.median(sides) > 100 and len(set(sides)) > 1, "photographs of any size, not crops of one"
    assert any(one.shape != pixels.shape or (one != pixels).any() for one in others)
    with pytest.raises(CommandError, match="File exists"):
        call_command("generate_fakes", tmp_path / "one", **where)
    with pytest.raises(CommandError, match="Two plans have the same name"):
        call_command("generate_fakes", tmp_path / "two", **where | {"plan": where["plan"] * 2})


def test_auc_is_the_chance_that_a_fake_scores_higher() -> None:
    assert auc([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1]) == 1.0
    assert auc([0.9, 0.8, 0.2, 0.1], [0, 0, 1, 1]) == 0.0
    assert auc([0.5, 0.5, 0.5, 0.5], [0, 1, 0, 1]) == 0.5
    assert np.isnan(auc([0.5, 0.6], [1, 1]))
    chance = np.random.default_rng(0)
    fake = np.arange(400) % 2
    low, high = auc_interval(chance.normal(fake, 1.0), fake)
    assert low < 0.76 < high
    assert high - low < 0.12
