"""What happens to a picture after it was taken: the same to real and fake, and landmarks follow the face."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from detection.training import (
    augmentations,
    compression,
    face_masks,
    samples,
)
from detection.training.face_dataset import FaceCrop
from detection.training.samples import REAL, FacePool, Recipe

from .test_pseudofakes import face_of


@pytest.mark.parametrize("kind", augmentations.KINDS)
def test_what_marks_a_fake_goes_where_a_hardship_moves_the_face(
    kind: augmentations.Augmentation, people: list[FaceCrop]
) -> None:
    face = face_of(people[0])
    mask = face_masks.draw("mouth", face.landmarks, face.pixels.shape[:2], np.random.default_rng(0))
    drawn = np.repeat((mask * 255).astype(np.uint8)[..., None], 3, 2)
    for seed in range(4):
        after = kind(replace(face, pixels=drawn), drawn, np.random.default_rng(seed))
        moved = samples.warp_mask(mask, face, after)
        if (after.landmarks != face.landmarks).any():
            went, stayed = (np.abs(one * 255 - after.pixels[..., 0]).mean() for one in (moved, mask))
            assert went < stayed / 2
        else:
            assert (moved == mask).all()


def test_compression_is_the_same_for_real_and_fake(people: list[FaceCrop]) -> None:
    pixels = people[0].pixels()
    one, other = (compression.compress(pixels, np.random.default_rng(5)) for _ in range(2))
    assert (one == other).all()
    shapes = {compression.compress(pixels, np.random.default_rng(seed)).shape for seed in range(30)}
    assert len(shapes) > 3


@pytest.mark.parametrize("kind", augmentations.KINDS)
def test_an_augmentation_moves_the_landmarks_with_the_face(
    kind: augmentations.Augmentation, people: list[FaceCrop]
) -> None:
    face = face_of(people[0])
    spots, stranger = np.zeros_like(face.pixels), people[1].pixels()
    for x, y in face.landmarks.round().astype(int):
        cv2.circle(spots, (int(x), int(y)), 12, (255, 255, 255), -1)
    for seed in range(5):
        same = [kind(face, stranger, np.random.default_rng(seed)) for _ in range(2)]
        assert (same[0].pixels == same[1].pixels).all(), "the same seed, the same hardship"
        assert same[0].pixels.shape == face.pixels.shape
        assert (same[0].pixels != face.pixels).any()
        marked = kind(replace(face, pixels=spots), spots, np.random.default_rng(seed))
        moved, landmarks = marked.pixels, marked.landmarks
        assert (landmarks == same[0].landmarks).all()
        ends = (moved.shape[1] - 1, moved.shape[0] - 1)
        bright = [int(moved[y, x].max()) for x, y in landmarks.round().astype(int).clip(0, ends)]
        assert sorted(bright)[len(bright) // 2] > 60, "most of the landmarks are where they were, or where they went"


def test_augmentations_come_as_often_as_the_recipe_says_for_real_and_fake_alike(people: list[FaceCrop]) -> None:
    cast = FacePool.from_faces(people, Recipe())
    for kind in (REAL, "self_blend"):
        one, other = (
            samples.draw(cast, Recipe(size=64, augmentation_share=hard), np.random.default_rng(3), kind)
            for hard in (0.0, 1.0)
        )
        assert (one.pixels != other.pixels).any(), kind


def test_filming_is_a_real_encode(people: list[FaceCrop]) -> None:
    pixels = people[0].pixels()
    errors = [
        np.abs(compression.video_encoded(pixels, crf, np.random.default_rng(0)).astype(int)
               - pixels[: pixels.shape[0] // 2 * 2, : pixels.shape[1] // 2 * 2]).mean()
        for crf in (18, 28, 38)
    ]  # fmt: skip
    assert errors == sorted(errors)
    assert errors[2] > errors[0] * 1.3
