"""The face finder finds what MTCNN's first home finds, and says so when there is nobody."""

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from django.conf import settings
from django.core.management import call_command

from detection import faces, mtcnn_export
from detection.faces import Face

from . import files

LARGER = Path(settings.BASE_DIR).parent / "shared" / "data" / "faces"


def street(seed: int) -> np.ndarray:
    """The astronaut, twice or three times, of several sizes, on a ground that is no face."""
    chance = np.random.default_rng(seed)
    ground = cv2.resize(chance.integers(60, 190, (6, 9, 3), dtype=np.uint8), (640, 430), interpolation=cv2.INTER_CUBIC)
    for number in range(int(chance.integers(2, 4))):
        side = int(chance.integers(110, 205))
        person = cv2.resize(files.ASTRONAUT[0:400, 60:400], (side, side), interpolation=cv2.INTER_AREA)
        if chance.random() < 0.5:
            person = person[:, ::-1]
        x, y = number * 212, int(chance.integers(0, 430 - side))
        ground[y : y + side, x : x + side] = person
    return np.ascontiguousarray(ground)


def pictures() -> list[np.ndarray]:
    found = [files.ASTRONAUT, *(street(seed) for seed in range(12))]
    if LARGER.is_dir():  # not in every clone; with it, forty real people more
        with (LARGER / "faces.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))[:: 4089 // 40]
        for row in rows:
            with zipfile.ZipFile(LARGER / row["zip"]) as archive:
                content = np.frombuffer(archive.read(row["name"]), np.uint8)
            found.append(np.ascontiguousarray(cv2.imdecode(content, cv2.IMREAD_COLOR)[..., ::-1]))
    return found


@pytest.fixture(scope="module")
def first_home() -> Any:
    from mtcnn import MTCNN

    return MTCNN()


def test_it_finds_the_same_faces_as_the_mtcnn_package(first_home: Any) -> None:
    same = missed = added = 0
    apart: list[float] = []
    for picture in pictures():
        theirs = [found for found in first_home.detect_faces(picture) if found["confidence"] > 0.9]
        ours = [face for face in faces.detect(picture) if face.confidence > 0.85]
        for found in theirs:
            x, y, width, height = found["box"]
            other = Face((x, y, x + width, y + height), (), found["confidence"])
            nearest = max(ours, key=lambda face: faces.overlap(face, other), default=None)
            if nearest is None or faces.overlap(nearest, other) < 0.7:
                missed += 1
                continue
            same += 1
            keys = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
            theirs_points = np.array([found["keypoints"][key] for key in keys], float)
            apart.append(float(np.abs(theirs_points - np.array(nearest.landmarks)).max() / nearest.side))
        added += max(0, len(ours) - len(theirs))
    assert same >= 20
    assert missed == 0
    assert np.median(apart) < 0.03, "of the face's width"
    assert max(apart) < 0.1
    assert added <= same * 0.05


def test_the_graphs_come_out_of_the_package_byte_by_byte(tmp_path: Path) -> None:
    out = io.StringIO()
    call_command("export_mtcnn", tmp_path, stdout=out)
    assert out.getvalue().count("Wrote") == 3
    for made in sorted(tmp_path.iterdir()):
        assert made.read_bytes() == (faces.FOLDER / made.name).read_bytes(), made.name


def test_faces_come_largest_first_with_landmarks_inside() -> None:
    found = faces.detect(street(3))
    assert len(found) >= 2
    assert [face.side for face in found] == sorted((face.side for face in found), reverse=True)
    for face in found:
        left, top, right, bottom = face.box
        (eye_x, eye_y), (other_x, _), (_, nose_y), (_, mouth_y), _ = face.landmarks
        assert left < eye_x < other_x < right
        assert top < eye_y < nose_y < mouth_y < bottom
        assert 0.8 < face.confidence <= 1


@pytest.mark.parametrize("scale", [0.5, 2.0, 6.0])
def test_coordinates_are_those_of_the_picture_given(scale: float) -> None:
    plain = faces.detect(files.ASTRONAUT)[0]
    scaled = faces.detect(cv2.resize(files.ASTRONAUT, None, fx=scale, fy=scale))[0]
    assert faces.overlap(plain.scaled(scale), scaled) > 0.8


def test_a_small_face_in_a_large_picture_is_looked_for_closer() -> None:
    small = cv2.resize(files.ASTRONAUT[0:300, 100:400], (130, 130), interpolation=cv2.INTER_AREA)
    ground = np.full((1500, 2000, 3), 120, np.uint8)
    ground[600:730, 900:1030] = small
    found = faces.detect(ground)
    assert len(found) == 1
    assert 900 < found[0].box[0] < found[0].box[2] < 1040


def test_a_face_is_followed_into_the_next_frame_and_lost_when_it_is_gone() -> None:
    first = faces.detect(files.ASTRONAUT)
    moved = np.roll(files.ASTRONAUT, 5, axis=1)
    (followed,) = faces.follow(moved, first)
    assert followed is not None
    assert followed.box[0] == pytest.approx(first[0].box[0] + 5, abs=3)
    assert faces.follow(np.full_like(moved, 100), first) == [None]
    assert faces.follow(moved, []) == []


@pytest.mark.parametrize(
    "shape", [(1, 1, 3), (5, 5, 3), (12, 12, 3), (40, 4000, 3), (4000, 30, 3), (13, 640, 3), (300, 300, 3)]
)
def test_where_nobody_is_nobody_is_found(shape: tuple[int, ...]) -> None:
    chance = np.random.default_rng(0)
    assert faces.detect(np.full(shape, 90, np.uint8)) == []
    assert faces.detect(chance.integers(0, 255, shape, dtype=np.uint8)) == []


def test_a_grey_picture_has_faces_too() -> None:
    grey = cv2.cvtColor(cv2.cvtColor(files.ASTRONAUT, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    assert faces.overlap(faces.detect(grey)[0], faces.detect(files.ASTRONAUT)[0]) > 0.8


def test_browsers_have_the_same_numbers() -> None:
    """`make mtcnn-export` writes both."""
    assert (settings.BASE_DIR / "static/faces.bin").read_bytes() == mtcnn_export.for_browsers()
