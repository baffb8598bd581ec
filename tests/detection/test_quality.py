"""Which faces can't be judged, each for a reason with a name."""

import cv2
import numpy as np
import pytest

from detection import faces, quality
from detection.faces import Face
from detection.finding import Code

from . import files

(ASTRONAUT,) = faces.detect(files.ASTRONAUT)[:1]


def codes(pixels: np.ndarray, face: Face = ASTRONAUT) -> set[Code]:
    return {reason.code for reason in quality.quality_problems(pixels, face)}


def test_a_clear_face_has_nothing_against_it() -> None:
    assert codes(files.ASTRONAUT) == set()


@pytest.mark.parametrize(
    ("how", "code"),
    [
        (lambda p: (p * 0.1).astype(np.uint8), Code.FACE_TOO_DARK),
        (lambda p: (235 + p // 13).astype(np.uint8), Code.FACE_TOO_BRIGHT),
        (lambda p: cv2.GaussianBlur(p, (0, 0), 7), Code.FACE_BLURRED),
    ],
)
def test_light_and_sharpness(how: object, code: Code) -> None:
    assert codes(how(files.ASTRONAUT)) == {code}  # type: ignore[operator]


def test_a_face_of_few_pixels_is_too_small() -> None:
    small = cv2.resize(files.ASTRONAUT, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    (reason,) = quality.quality_problems(small, ASTRONAUT.scaled(0.4))
    assert reason.code is Code.FACE_TOO_SMALL
    assert reason.detail == "34 px of 48"


def test_a_face_seen_from_the_side_has_its_nose_beyond_an_eye() -> None:
    left, right, nose, *mouth = ASTRONAUT.landmarks
    aside = Face(ASTRONAUT.box, (left, right, (right[0] + 5, nose[1]), *mouth), 0.99)
    assert codes(files.ASTRONAUT, aside) == {Code.FACE_IN_PROFILE}
    folded = Face(ASTRONAUT.box, (left, left, nose, *mouth), 0.99)
    assert Code.FACE_IN_PROFILE in codes(files.ASTRONAUT, folded), "both eyes in one place"


def test_a_face_at_the_edge_is_cut_off() -> None:
    middle = round((ASTRONAUT.box[0] + ASTRONAUT.box[2]) / 2)
    half = np.ascontiguousarray(files.ASTRONAUT[:, middle:])
    moved = Face(
        (0.0, ASTRONAUT.box[1], ASTRONAUT.box[2] - middle, ASTRONAUT.box[3]),
        tuple((x - middle, y) for x, y in ASTRONAUT.landmarks),
        0.99,
    )
    assert Code.FACE_CUT_OFF in codes(half, moved)


def test_what_may_be_no_face_at_all_is_not_judged_as_one() -> None:
    doubtful = Face(ASTRONAUT.box, ASTRONAUT.landmarks, 0.85)
    assert codes(files.ASTRONAUT, doubtful) == {Code.FACE_UNCERTAIN}


def test_a_box_outside_of_the_picture_is_no_accident() -> None:
    outside = Face((900.0, 900.0, 1000.0, 1000.0), tuple((950.0, 950.0) for _ in range(5)), 0.9)
    assert Code.FACE_CUT_OFF in codes(files.ASTRONAUT, outside)


def test_the_clearest_sighting_is_large_sharp_and_frontal() -> None:
    soft = cv2.GaussianBlur(files.ASTRONAUT, (0, 0), 4)
    small = cv2.resize(files.ASTRONAUT, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    best = quality.clarity(files.ASTRONAUT, ASTRONAUT)
    assert best > quality.clarity(soft, ASTRONAUT)
    assert best > quality.clarity(small, ASTRONAUT.scaled(0.5))
