"""Fakes that are drawn on a mesh: they stay inside the face, follow their seed, and do without a fitted mesh."""

import io
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from django.core.management import CommandError, call_command
from onnx import TensorProto, helper

from detection.training import mesh, pseudofakes, reenactment, samples
from detection.training.face_dataset import FaceCrop, read_faces
from detection.training.faces import Face
from detection.training.samples import FacePool, Recipe

DRAWN = ("mesh_swap", "reenactment", "mouth_rendered")


def face_of(person: FaceCrop, *, fitted: bool = True) -> Face:
    points = mesh.template(person.landmarks)
    points[:, :2] += np.random.default_rng(len(person.name)).normal(0, 0.6, (len(points), 2))
    return Face(person.pixels(), person.landmarks, mesh=points if fitted else None)


def test_a_face_drawn_where_it_was_is_the_same_and_elsewhere_is_moved(people: list[FaceCrop]) -> None:
    face = face_of(people[0])
    there = mesh.mesh_of(face)
    same = mesh.draw(face.pixels, there, there, face.pixels.shape[:2])
    inside = cv2.erode(same.inside, np.ones((3, 3))) > 0
    assert 0.05 < inside.mean() < 0.6
    assert np.abs(same.pixels.astype(int) - face.pixels)[inside].max() <= 1
    away = there + np.float32([9, -6, 0])
    moved = mesh.draw(face.pixels, there, away, face.pixels.shape[:2])
    shifted = np.roll(face.pixels, (-6, 9), (0, 1))
    inside = cv2.erode(moved.inside, np.ones((3, 3))) > 0
    assert np.abs(moved.pixels.astype(int) - shifted)[inside].max() <= 1


def test_a_mesh_and_its_picture_are_mirrored_together(people: list[FaceCrop]) -> None:
    person = replace(people[0], mesh=face_of(people[0]).mesh)
    read = [samples.read(person, np.random.default_rng(seed)) for seed in range(12)]
    mirrored = [face for face in read if (face.pixels != read[0].pixels).any()]
    assert mirrored, "some are mirrored"
    for face in read:
        assert np.abs(mesh.five(mesh.mesh_of(face)) - face.landmarks)[[0, 1, 3, 4]].max() < face.scale * 0.3
        small = samples.downscaled(face, Recipe(eyes=(20, 24)), np.random.default_rng(0))
        off = np.abs(mesh.five(mesh.mesh_of(small)) - small.landmarks)[[0, 1, 3, 4]].max()
        assert off < small.scale * 0.3


def test_a_face_is_turned_like_another_and_keeps_its_shape() -> None:
    turn = cv2.Rodrigues(np.array([0.2, 0.3, -0.1]))[0]
    other = (mesh.MEAN @ turn.T * 40 + [100, 120, 0]).astype(np.float32)
    wide = (mesh.MEAN * np.float32([1.1, 1, 1])).astype(np.float32)
    assert np.abs(mesh.turned_like(mesh.MEAN, other) - other).max() < 0.01
    there = mesh.turned_like(wide, other)
    back = mesh.turned_like(there, wide)
    assert np.abs(back - wide).max() < 0.05


@pytest.mark.parametrize("kind", DRAWN)
@pytest.mark.parametrize("fitted", [True, False])
def test_what_is_not_marked_stays_to_the_pixel(kind: str, fitted: bool, people: list[FaceCrop]) -> None:
    face, other = face_of(people[2], fitted=fitted), face_of(people[3], fitted=fitted)
    for seed in range(12):
        fake = pseudofakes.make(kind, face, other, np.random.default_rng(seed))
        changed = (fake.pixels != face.pixels).any(-1)
        assert changed.any()
        assert not changed[cv2.dilate(fake.where, np.ones((3, 3))) == 0].any()
        assert 0.01 < fake.where.mean() < 0.5
        assert fake.where.max() <= 1


@pytest.mark.parametrize("kind", DRAWN)
def test_a_face_at_the_edge_of_its_picture_is_faked_as_well(kind: str, people: list[FaceCrop]) -> None:
    whole, other = face_of(people[4]), face_of(people[5])
    x, y = (int(v) for v in whole.landmarks.mean(0))
    corners = ((slice(None, y + 20), slice(None, x + 10)), (slice(y - 20, None), slice(x - 10, None)))
    for number, part in enumerate(corners):
        pixels = np.ascontiguousarray(whole.pixels[part])
        by = np.float32([part[1].start or 0, part[0].start or 0, 0])
        face = replace(whole, pixels=pixels, landmarks=whole.landmarks - by[:2], mesh=mesh.mesh_of(whole) - by)
        fakes = [pseudofakes.make(kind, face, other, np.random.default_rng(seed)) for seed in range(6)]
        assert all(fake.pixels.shape == pixels.shape for fake in fakes), number
        assert any((fake.pixels != pixels).any() for fake in fakes), number


def test_a_re_enacted_mouth_that_opens_is_dark_inside(people: list[FaceCrop]) -> None:
    face = face_of(people[0], fitted=False)
    opened = 0
    for seed in range(120):
        chance = np.random.default_rng(seed)
        wanted = reenactment.acted(mesh.mesh_of(face), mesh.mesh_of(face), chance)
        if mesh.openness(wanted) > 0.17:
            opened += 1
            drawn = reenactment.mouth_drawn(face.pixels, face, face, wanted, chance)
            inside = mesh.outline(wanted, "opening", face.pixels.shape[:2]) > 0
            lips = (mesh.outline(wanted, "lips", face.pixels.shape[:2]) > 0) & ~inside
            assert np.percentile(drawn[inside], 20) < face.pixels[lips].mean()
    assert opened > 2


def landmarker(path: Path, shift: float = 0.0, sure: float = 9.0) -> Path:
    """A network that finds the average face upright in the middle, whatever it is shown."""
    points = mesh.MEAN * np.float32(47) + np.float32([96 + shift, 75, 0])
    constant = [("points", points.reshape(1, 1, 1, -1)), ("sure", np.full((1, 1, 1, 1), sure, np.float32))]
    nodes = [
        helper.make_node(
            "Constant", [], [name], value=helper.make_tensor(name, TensorProto.FLOAT, value.shape, value.ravel())
        )
        for name, value in constant
    ]
    given = helper.make_tensor_value_info("input_1", TensorProto.FLOAT, [1, 192, 192, 3])
    told = [helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape) for name, value in constant]
    graph = helper.make_graph(nodes, "landmarker", [given], told)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(path))
    return path


def test_meshes_are_fitted_once_and_read_with_the_faces(folder: Path, tmp_path: Path) -> None:
    out = io.StringIO()
    call = {"faces": [folder], "count": 30, "stdout": out}
    call_command("fit_meshes", tmp_path / "prepared", landmarker=landmarker(tmp_path / "net.onnx"), **call)
    people = read_faces(folder, redrawn=tmp_path / "prepared")
    fitted = [face for face in people if face.mesh is not None]
    assert f"{len(fitted)} of 30 faces have a mesh" in out.getvalue()
    assert len(fitted) > 10
    for face in fitted:
        off = np.abs(mesh.five(face.mesh.astype(np.float32)) - face.landmarks).max()  # type: ignore[union-attr]
        assert off < 0.3 * Face(face.pixels(), face.landmarks).scale
    recipe = Recipe(size=64, weights=(("mesh_swap", 0.5), ("reenactment", 0.5)))
    cast = FacePool.from_faces(people, recipe)
    one, other = (samples.draw(cast, recipe, np.random.default_rng(5), "mesh_swap") for _ in range(2))
    assert (one.pixels == other.pixels).all()


def test_what_finds_no_faces_fits_no_meshes(folder: Path, tmp_path: Path) -> None:
    call = {"faces": [folder], "count": 3, "stdout": io.StringIO()}
    with pytest.raises(CommandError, match="There is no"):
        call_command("fit_meshes", tmp_path / "out", landmarker=tmp_path / "missing.tflite", **call)
    (tmp_path / "odd.onnx").write_bytes(b"not a network")
    with pytest.raises(CommandError, match="no network"):
        call_command("fit_meshes", tmp_path / "out", landmarker=tmp_path / "odd.onnx", **call)
    for number, net in enumerate([landmarker(tmp_path / "a.onnx", shift=90), landmarker(tmp_path / "b.onnx", sure=-9)]):
        with pytest.raises(CommandError, match="No face among them has a mesh"):
            call_command("fit_meshes", tmp_path / f"out{number}", landmarker=net, **call)
    assert not list(tmp_path.glob("out*/*.npz"))
