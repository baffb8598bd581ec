"""What comes out of the decoding processes is what decoding in this process gives, in every format."""

from collections.abc import Callable, Iterator
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detection.limits import Clock, Limits
from detection.media import Kind
from detection.reading import reading
from detection.sandbox.pool import Sandbox

from .. import files

PICTURES = ("jpeg", "png", "webp", "avif", "heic", "gif", "tiff", "bmp")
FILMS = {
    "mp4": lambda: files.film("mp4", "libx264", count=60),
    "hevc": lambda: files.film("mp4", "libx265"),
    "webm": lambda: files.film("webm", "libvpx-vp9"),
    "av1": lambda: files.film("mp4", files.encoder("libaom-av1", "libsvtav1")),
    "avi": lambda: files.film("avi", "mjpeg"),
    "gif": lambda: files.animated("gif"),
    "webp": lambda: files.animated("webp"),
    "png": lambda: files.animated("png"),
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(size=1)
    yield sandbox
    sandbox.close()


def everything(path: Path, sandbox: Sandbox | None) -> tuple[Any, Any, list[Any]]:
    with reading(path, Limits(), Clock(120), sandbox) as reader:
        facts = reader.provenance(location=True, anchors="").to_dict()
        if reader.media.kind is Kind.IMAGE:
            pictures = [(np.array(reader.small()),), (np.array(reader.whole()),)]
        else:
            pictures = [astuple(frame) for frame in reader.frames()]
        return reader.media, facts, pictures


def check_same(path: Path, sandbox: Sandbox) -> None:
    media, facts, pictures = everything(path, None)
    its_media, its_facts, its_pictures = everything(path, sandbox)
    assert (its_media, its_facts) == (media, facts)
    assert len(its_pictures) == len(pictures) > 0
    for (*place, pixels), (*its_place, its_pixels) in zip(pictures, its_pictures, strict=True):
        assert its_place == place
        assert np.array_equal(its_pixels, pixels)


@pytest.mark.parametrize("form", PICTURES)
def test_of_a_picture(form: str, sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(files.still(form))
    check_same(path, sandbox)


def test_of_a_large_photo_that_is_read_reduced_first(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(files.still("jpeg", 2800))
    check_same(path, sandbox)


@pytest.mark.parametrize("name", FILMS)
def test_of_a_film_or_an_animation(name: str, sandbox: Sandbox, tmp_path: Path) -> None:
    make: Callable[[], bytes] = FILMS[name]
    path = tmp_path / "file"
    path.write_bytes(make())
    check_same(path, sandbox)
