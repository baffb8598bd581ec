"""Whatever is sent, the answer is pictures or one of our own refusals: no crash, no hang, no flood of memory."""

import os
import resource
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from detection import file_signatures, videos
from detection.errors import DetectionError, OutOfTime, TooManyBytes, TooManyFrames, TooManyPixels
from detection.images import Picture
from detection.limits import Clock, Limits
from detection.media import Kind, probe

from . import files
from .files import Maker

LIMITS = Limits(wall_seconds=20)


def read(path: Path, limits: Limits = LIMITS) -> int:
    """Everything that inspection would read of a file; how many pictures came out."""
    media = probe(path, limits)
    if media.kind is Kind.IMAGE:
        picture = Picture(media, limits)
        return len([picture.small(), picture.whole]) - 1
    return sum(1 for _ in videos.sample(media, limits, Clock(limits.wall_seconds)))


HOSTILE: dict[str, tuple[Maker, str]] = {
    "nothing": (lambda: b"", "empty"),
    "one byte": (lambda: b"\xff", "unknown_format"),
    "zeros": (lambda: bytes(4096), "unknown_format"),
    "text": (lambda: b"hello there " * 50, "unknown_format"),
    "web page": (lambda: b"<!DOCTYPE html><script>alert(1)</script>", "unknown_format"),
    "svg": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><image/></svg>', "unknown_format"),
    "archive": (files.archive, "unknown_format"),
    "gzip": (lambda: b"\x1f\x8b\x08\x00" + bytes(60), "unknown_format"),
    "program": (lambda: b"\x7fELF\x02\x01\x01" + bytes(200), "unknown_format"),
    "shell script": (lambda: b"#!/bin/sh\necho hello\n", "unknown_format"),
    "playlist that names a file": (lambda: b"#EXTM3U\n#EXT-X-TARGETDURATION:5\nfile:///etc/passwd\n", "unknown_format"),
    "concatenation script": (lambda: b"ffconcat version 1.0\nfile '/etc/passwd'\n", "unknown_format"),
    "photoshop": (lambda: b"8BPS\0\1" + bytes(100), "unknown_format"),
    "postscript": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "unknown_format"),
    "icon": (lambda: b"\0\0\1\0\1\0" + bytes(100), "unknown_format"),
    "wav": (lambda: files.sound("wav"), "unknown_format"),
    "riff of something": (lambda: b"RIFF" + struct.pack("<I", 100) + b"CDXA" + bytes(100), "unknown_format"),
    "sound in an mp4": (lambda: files.sound("mp4"), "no_picture"),
    "sound in a mkv": (lambda: files.sound("matroska"), "no_picture"),
    # the magic number and nothing behind it
    "jpeg's first bytes": (lambda: b"\xff\xd8\xff", "truncated"),
    "png's first bytes": (lambda: b"\x89PNG\r\n\x1a\n", "truncated"),
    "gif's first bytes": (lambda: b"GIF89a", "truncated"),
    "webp's first bytes": (lambda: b"RIFF\x10\0\0\0WEBP", "truncated"),
    "tiff's first bytes": (lambda: b"II*\0\x08\0\0\0", "undecodable"),
    "mp4's first bytes": (lambda: files.box(b"ftyp", b"isom\0\0\2\0isom"), "truncated"),
    "heic's first bytes": (lambda: files.box(b"ftyp", b"heic\0\0\0\0mif1heic"), "truncated"),
    "matroska's first bytes": (lambda: b"\x1aE\xdf\xa3\x01" + bytes(30), "undecodable"),
    "avi's first bytes": (lambda: b"RIFF\x20\0\0\0AVI LIST" + bytes(24), "undecodable"),
    "jpeg of rubbish": (lambda: b"\xff\xd8\xff\xe0" + b"\xab" * 500, "truncated"),
    "png of zeros": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(500), "truncated"),
    # too large
    "png bomb": (lambda: files.png_of(30_000, 30_000), "too_many_pixels"),
    "jpeg of 65000 squared": (lambda: files.jpeg_of(65_000, 65_000), "too_many_pixels"),
    "gif of 65000 squared": (lambda: files.gif_of(65_000, 65_000), "too_many_pixels"),
    "bmp of 100000 squared": (lambda: files.bmp_of(100_000, 100_000), "too_many_pixels"),
    "tiff of 100000 squared": (lambda: files.tiff_of(100_000, 100_000), "too_many_pixels"),
    "webp of 16 million columns": (lambda: files.webp_of(16_000_000, 250), "too_many_pixels"),
    "bmp of no width": (lambda: files.bmp_of(0, 100), "undecodable"),
    "jpeg of no height": (lambda: files.jpeg_of(100, 0), "undecodable"),
    # two things at once
    "jpeg with an archive behind it": (lambda: files.still("jpeg") + files.archive(), "polyglot"),
    "png with a program behind it": (lambda: files.still("png") + b"\x7fELF" + bytes(100), "polyglot"),
    "png with php behind it": (lambda: files.still("png") + b"<?php system('id'); ?>", "polyglot"),
    "gif that is a page": (lambda: files.still("gif")[:13] + b"<script>" + files.still("gif")[21:], "polyglot"),
    "jpeg with a pdf's head in its comment": (
        lambda: files.patched(files.still("jpeg"), b"\xff\xdb", b"\xff\xfe\x00\x0b%PDF-1.7\n\xff\xdb"),
        "polyglot",
    ),
    "film with an archive behind it": (lambda: files.of("h264.mp4") + files.archive(), "polyglot"),
    "matroska with an archive behind it": (lambda: files.of("h264.mkv") + files.archive(), "polyglot"),
    "avi with an archive behind it": (lambda: files.of("mpeg4.avi") + files.archive(), "polyglot"),
    "bmp with a page behind it": (lambda: files.still("bmp") + b"<html><script>", "polyglot"),
    "webp with a rar behind it": (lambda: files.still("webp") + b"Rar!\x1a\x07\x00" + bytes(50), "polyglot"),
    # locked
    "mp4 under a key": (files.encrypted_mp4, "encrypted"),
    "matroska under a key": (files.encrypted_mkv, "encrypted"),
    "mp4 with a licence's box": (lambda: files.patched(files.of("h264.mp4"), b"udta", b"pssh"), "encrypted"),
    # broken inside
    "mp4 without its index": (lambda: files.patched(files.of("h264.mp4"), b"moov", b"free"), "truncated"),
    "mp4 with a box of no size": (lambda: files.of("h264.mp4")[:32] + b"\0\0\0\x04moov" + bytes(60), "undecodable"),
    "mp4 whose samples are rubbish": (
        lambda: files.patched(files.of("h264.mp4"), *(files.middle(files.of("h264.mp4"), b"mdat"))),
        "undecodable",
    ),
    "film of a codec that nobody sends": (lambda: files.film("avi", "ffv1"), "unknown_format"),
}
for _form in files.STILLS:
    HOSTILE[f"{_form}, cut in half"] = (lambda form=_form: files.still(form)[: len(files.still(form)) // 2], "cut")
for _form in files.STILLS:
    HOSTILE[f"{_form}, cut at a tenth"] = (lambda form=_form: files.still(form)[: len(files.still(form)) // 10], "cut")
for _name in ("h264.mp4", "h264.mov", "av1.mp4"):
    HOSTILE[f"{_name}, cut in half"] = (lambda name=_name: files.of(name)[: len(files.of(name)) // 2], "truncated")
CUT = {"truncated", "undecodable"}


@pytest.mark.parametrize("form", ["jpeg", "png"])
def test_markup_in_a_caption_makes_no_photo_hostile(form: str, tmp_path: Path) -> None:
    """Active content is served inert: refusing the photo would only lose it."""
    from PIL import Image, PngImagePlugin

    exif, text = Image.Exif(), PngImagePlugin.PngInfo()
    exif[0x010E] = "<script>alert(1)</script><html><?php"
    text.add_text("Title", "<script>alert(1)</script>")
    there = tmp_path / f"photo.{form}"
    Image.new("RGB", (200, 200), (90, 120, 150)).save(
        there, form, exif=exif, **({"pnginfo": text} if form == "png" else {})
    )
    assert b"<script>" in there.read_bytes()[:1024]
    content = there.read_bytes()
    file_signatures.check(form, content)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_by_name(name: str, tmp_path: Path) -> None:
    make, code = HOSTILE[name]
    path = tmp_path / "innocent.jpg"
    path.write_bytes(make())
    with pytest.raises(DetectionError) as refusal:
        read(path)
    assert refusal.value.code in (CUT if code == "cut" else {code}), refusal.value.detail
    said = str(refusal.value)
    assert said.endswith(".")
    assert "innocent" not in said
    assert str(tmp_path) not in said


def test_there_are_enough_of_them() -> None:
    assert len(HOSTILE) >= 40


def test_a_file_that_vanishes_at_the_last_moment_is_refused_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "gone.jpg"
    path.write_bytes(files.still("jpeg"))
    size = path.stat()
    path.unlink()
    monkeypatch.setattr(Path, "is_file", lambda self, **_: True)
    monkeypatch.setattr(Path, "stat", lambda self, **_: size)
    with pytest.raises(DetectionError) as refusal:
        probe(path)
    assert refusal.value.code == "missing"


@pytest.mark.parametrize("name", ["missing", "folder", "pipe", "loop", "device"])
def test_what_is_no_file_is_refused_and_not_waited_for(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
    elif name == "pipe":
        os.mkfifo(path)
    elif name == "loop":
        path.symlink_to(path)
    elif name == "device":
        path = Path("/dev/zero")
    with pytest.raises(DetectionError) as refusal:
        read(path)
    assert refusal.value.code == "missing"


def test_limits_are_arguments(tmp_path: Path) -> None:
    still, film, gif = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    still.write_bytes(files.still("png"))
    film.write_bytes(files.of("h264.mp4"))
    gif.write_bytes(files.animated("gif"))
    with pytest.raises(TooManyBytes):
        read(still, Limits(bytes=100))
    with pytest.raises(TooManyPixels):
        read(still, Limits(pixels=95 * 96))
    with pytest.raises(DetectionError, match="memory"):
        read(still, Limits(memory=1000))
    with pytest.raises(DetectionError, match="too long"):
        read(film, Limits(seconds=1.5))
    with pytest.raises(TooManyFrames):
        read(film, Limits(frames=20))
    with pytest.raises(TooManyPixels):
        read(film, Limits(pixels=1000))
    with pytest.raises(TooManyFrames):
        read(gif, Limits(animation_frames=5))
    with pytest.raises(OutOfTime):
        read(film, Limits(wall_seconds=0))


@pytest.mark.parametrize("name", ["vp9.webm", "h264.mkv", "mpeg4.avi", "mjpeg.avi"])
def test_a_film_that_ends_too_early_gives_what_there_is_of_it(name: str, tmp_path: Path) -> None:
    path = tmp_path / "film"
    path.write_bytes(files.of(name)[: len(files.of(name)) * 3 // 4])
    try:
        assert 0 < read(path) <= 24
    except DetectionError as refusal:
        assert refusal.code in CUT


@pytest.mark.parametrize("container", ["matroska", "mp4", "mov"])
def test_what_comes_up_in_the_pictures_bytes_by_chance_is_no_mark(container: str, tmp_path: Path) -> None:
    path = tmp_path / "noise"
    path.write_bytes(files.noise(container))
    assert path.stat().st_size > 800_000
    assert read(path) == 16


def test_a_tiff_whose_directories_go_round_in_circles_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "round.tiff"
    path.write_bytes(files.looping_tiff())
    assert read(path) == 1


def test_trailing_bytes_that_are_nothing_are_no_offence(tmp_path: Path) -> None:
    path = tmp_path / "phone.jpg"
    path.write_bytes(files.still("jpeg") + bytes(64) + files.still("jpeg"))  # phones hang a second picture on
    assert read(path) == 1


BOMBS = ["png bomb", "jpeg of 65000 squared", "tiff of 100000 squared", "webp of 16 million columns"]


def test_bombs_cost_no_memory(tmp_path: Path) -> None:
    for number, name in enumerate(BOMBS):
        (tmp_path / str(number)).write_bytes(HOSTILE[name][0]())
    source = (
        "import resource, sys\n"
        "from tests.detection.test_hostile_files import read\n"
        "from detection.errors import DetectionError\n"
        "from pathlib import Path\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for path in sys.argv[1:]:\n"
        "    try:\n"
        "        read(Path(path))\n"
        "        sys.exit('it was read')\n"
        "    except DetectionError:\n"
        "        pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run(
        [sys.executable, "-c", source, *(str(tmp_path / str(n)) for n in range(len(BOMBS)))],
        cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 100 * 1024, "kilobytes"
