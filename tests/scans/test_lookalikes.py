"""Seen before: the same picture saved anew, shrunk or cut is found again, others are not."""

import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from accounts.models import User
from scans.analysis import lookalikes
from scans.models import Fingerprint, Scan
from scans.models.fingerprint import NEAR, distance

from ..detection import files
from .conftest import portrait


def scene(seed: int, side: int = 320) -> np.ndarray:
    """A made-up picture with shapes and shades, unlike those of other seeds."""
    chance = np.random.default_rng(seed)
    small = chance.integers(0, 256, (6, 6, 3), np.uint8)
    picture = cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC)
    for _shape in range(12):
        x, y, radius = (int(v) for v in chance.integers(0, side, 3))
        cv2.circle(picture, (x, y), radius // 5 + 4, [int(v) for v in chance.integers(0, 256, 3)], -1)
    return np.asarray(picture)


def jpeg(pixels: np.ndarray, quality: int = 90) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=quality)
    return out.getvalue()


def changed(pixels: np.ndarray, how: str) -> bytes:
    side = pixels.shape[0]
    cut = round(side * 0.025)
    if how == "small":
        return jpeg(cv2.resize(pixels, (120, 120), interpolation=cv2.INTER_AREA))
    if how == "cut":
        return jpeg(pixels[cut : side - cut, cut : side - cut])
    return jpeg(pixels, {"jpeg 70": 70, "jpeg 30": 30}[how])


def nearest(one: bytes, other: bytes) -> int:
    return min(distance(a, b) for a in lookalikes.hashes(one) for b in lookalikes.hashes(other))


@pytest.mark.parametrize("how", ["jpeg 70", "jpeg 30", "small", "cut"])
def test_nearly_all_harmless_copies_are_found(how: str) -> None:
    found = sum(nearest(jpeg(scene(seed)), changed(scene(seed), how)) <= NEAR for seed in range(100))
    assert found >= 95


def test_unrelated_pictures_are_not_alike() -> None:
    all_ = [lookalikes.hashes(jpeg(scene(seed)))[0] for seed in range(200)]
    assert min(distance(a, b) for i, a in enumerate(all_) for b in all_[:i]) > NEAR


def test_a_picture_of_nothing_is_like_no_other() -> None:
    assert lookalikes.hashes(jpeg(np.full((100, 100, 3), 7, np.uint8))) == []
    assert lookalikes.hashes(b"no picture") == []


@pytest.mark.django_db
@given(bits=st.integers(0, 2**64 - 1), flips=st.sets(st.integers(0, 63), max_size=NEAR))
def test_the_index_misses_none_that_is_near(bits: int, flips: set[int]) -> None:
    owner, _made = User.objects.get_or_create(email="x@example.org")
    scan, _made = Scan.objects.get_or_create(owner=owner, name="x", sha256="0" * 64, bytes=1)
    other = bits
    for flip in flips:
        other ^= 1 << flip
    stored = Fingerprint.from_bits(scan, 0.0, bits)
    stored.save()
    assert Fingerprint.objects.get(pk=stored.pk).unsigned == bits
    assert Fingerprint.objects.near(other).filter(pk=stored.pk).exists()


@pytest.mark.django_db
def test_a_copy_finds_the_earlier_scan_of_the_same_person_only(
    bundles: Path, upload: Callable[..., Scan], uploader: User, stranger: User
) -> None:
    first = upload()
    copy = upload(portrait(300), name="copy.jpg")
    theirs = upload(portrait(280), owner=stranger, name="theirs.jpg")
    upload(files.still("png", 300), name="other.png")
    own = Scan.objects.visible_to(uploader)
    assert [one.scan for one in lookalikes.similar(copy, own)] == [first]
    assert lookalikes.similar(theirs, Scan.objects.visible_to(stranger)) == []
