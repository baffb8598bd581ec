"""Mouths that a small network draws anew: inside their mask, with the lips where they are wanted."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from django.core.management import call_command

from detection.runtime import onnx_session
from detection.training import mesh, mouth, pseudofakes
from detection.training.face_dataset import FaceCrop
from detection.training.faces import Face


def face_of(person: FaceCrop) -> Face:
    return Face(person.pixels(), person.landmarks, mesh=mesh.template(person.landmarks))


def test_only_the_mouth_and_what_is_around_it_is_drawn_anew(people: list[FaceCrop]) -> None:
    face, other = face_of(people[0]), face_of(people[1])
    for seed in range(6):
        fake = pseudofakes.make("mouth_rendered", face, other, np.random.default_rng(seed))
        changed = (fake.pixels != face.pixels).any(-1)
        assert changed.any()
        assert not changed[cv2.dilate(fake.where, np.ones((3, 3))) == 0].any()
        eyes = face.landmarks[:2].round().astype(int)
        assert not any(changed[y - 5 : y + 6, x - 5 : x + 6].any() for x, y in eyes), "the eyes stay"
        again = pseudofakes.make("mouth_rendered", face, other, np.random.default_rng(seed))
        assert (again.pixels == fake.pixels).all()


def test_a_mouth_with_the_lips_that_it_has_is_drawn_nearly_as_it_is(people: list[FaceCrop]) -> None:
    face = face_of(people[2])
    own = mesh.mesh_of(face)
    drawn = mouth.redecoded(face, face, own, own, np.random.default_rng(0))
    inside = mesh.outline(own, "mouth", face.pixels.shape[:2]) > 0
    off = np.abs(drawn.astype(int) - face.pixels)[inside].mean()
    grey = np.abs(face.pixels[inside].astype(int) - 128).mean()
    assert off < 25
    assert off < grey, "better than a hole"


def test_a_network_for_mouths_is_trained_and_then_draws_them(
    folder: Path, people: list[FaceCrop], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.StringIO()
    call_command("train_mouth", faces=[folder], steps=2, out=tmp_path / "mouth.onnx", stdout=out)
    assert "Wrote" in out.getvalue()
    session = onnx_session(tmp_path / "mouth.onnx")
    given = np.zeros((1, mouth.SIDE, mouth.SIDE, 9), np.float32)
    assert session.run(None, {session.get_inputs()[0].name: given})[0].shape == (1, mouth.SIDE, mouth.SIDE, 3)
    monkeypatch.setattr(mouth, "PATH", tmp_path / "mouth.onnx")
    mouth._session.cache_clear()
    face = face_of(people[2])
    own = mesh.mesh_of(face)
    drawn = mouth.rendered(face.pixels, own, own, "mouth")
    mouth._session.cache_clear()
    assert (drawn != face.pixels).any()
    assert (drawn[:20] == face.pixels[:20]).all()


def test_what_the_network_is_given_hides_what_it_has_to_draw(people: list[FaceCrop]) -> None:
    face = face_of(people[3])
    given, wanted = mouth.lesson(face, np.random.default_rng(1))
    hole = given[..., 3] > 0
    assert 0.05 < hole.mean() < 0.9
    assert np.abs(given[..., :3][hole]).max() == 0
    assert (given[..., :3][~hole] == wanted[~hole]).all()
