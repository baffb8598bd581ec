"""A file is what its content is, whatever its name; and it is upright."""

import io
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from detection import images, videos
from detection.images import Picture
from detection.limits import Clock, Limits
from detection.media import Kind, probe

from . import files


def put(tmp_path: Path, content: bytes, name: str = "homework.txt") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("form", files.STILLS)
def test_an_image_is_known_by_its_content(form: str, tmp_path: Path) -> None:
    media = probe(put(tmp_path, files.still(form)))
    assert (media.kind, media.format, media.width, media.height) == (Kind.IMAGE, form, 96, 96)
    assert not media.animated
    pixels = Picture(media, Limits()).whole
    assert pixels.shape == (96, 96, 3)
    wanted = np.asarray(files.picture())
    assert np.abs(pixels.astype(int) - wanted).mean() < 12, "those very pixels, as far as the format keeps them"


@pytest.mark.parametrize("form", files.ANIMATED)
def test_an_image_that_moves_is_a_video(form: str, tmp_path: Path) -> None:
    media = probe(put(tmp_path, files.animated(form), "still.jpg"))
    assert (media.kind, media.format, media.frames, media.animated) == (Kind.VIDEO, form, 6, True)


@pytest.mark.parametrize("name", files.FILMS)
def test_a_film_is_known_by_its_content(name: str, tmp_path: Path) -> None:
    container, _, codec = files.FILMS[name]
    media = probe(put(tmp_path, files.of(name), "photo.png"))
    assert (media.kind, media.format, media.codec) == (Kind.VIDEO, container, codec)
    assert (media.width, media.height) == (96, 64)
    assert media.duration == pytest.approx(2.0, abs=0.1)
    frames = list(videos.sample(media, Limits(), Clock(60)))
    assert len(frames) == 24
    assert all(frame.pixels.shape == (64, 96, 3) for frame in frames)


def test_the_hash_is_the_contents(tmp_path: Path) -> None:
    import hashlib

    media = probe(put(tmp_path, files.still("png")))
    assert media.sha256 == hashlib.sha256(files.still("png")).hexdigest()
    assert media.to_dict()["bytes"] == len(files.still("png"))
    assert "path" not in media.to_dict()


TURNS = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: np.rot90(p, 1),
    7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
    8: lambda p: np.rot90(p, 3),
}


@pytest.mark.parametrize("orientation", TURNS)
def test_pictures_are_turned_as_the_camera_said(orientation: int, tmp_path: Path) -> None:
    upright = np.asarray(files.picture())[:64]
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(TURNS[orientation](upright))).save(out, "JPEG", quality=97, exif=exif)
    media = probe(put(tmp_path, out.getvalue()))
    assert (media.width, media.height) == (96, 64)
    pixels = Picture(media, Limits()).whole
    assert pixels.shape == (64, 96, 3)
    assert np.abs(pixels.astype(int) - upright).mean() < 4


def modes() -> dict[str, Image.Image]:
    colour = files.picture()
    clear = colour.convert("RGBA")
    clear.putalpha(0)
    ramp = np.tile(np.linspace(0, 65535, 96).astype(np.uint16), (96, 1))
    return {
        "L": colour.convert("L"),
        "LA": colour.convert("LA"),
        "P": colour.convert("P"),
        "1": colour.convert("1"),
        "clear": clear,
        "I;16": Image.fromarray(ramp),
    }


@pytest.mark.parametrize("mode", modes())
def test_every_way_of_keeping_colours_becomes_the_same(mode: str, tmp_path: Path) -> None:
    out = io.BytesIO()
    modes()[mode].save(out, "PNG")
    pixels = Picture(probe(put(tmp_path, out.getvalue())), Limits()).whole
    assert pixels.shape == (96, 96, 3)
    assert pixels.dtype == np.uint8
    if mode == "clear":
        assert pixels.min() == 255, "white shines through"
    if mode == "I;16":
        assert abs(int(pixels[0, 48, 0]) - 127) < 3, "not clipped to white"


def test_a_print_shops_jpeg_is_read_in_its_colours(tmp_path: Path) -> None:
    out = io.BytesIO()
    files.picture().convert("CMYK").save(out, "JPEG")
    pixels = Picture(probe(put(tmp_path, out.getvalue())), Limits()).whole
    assert np.abs(pixels.astype(int) - np.asarray(files.picture())).mean() < 12


def test_large_jpegs_are_decoded_small_to_look_for_faces(tmp_path: Path) -> None:
    out = io.BytesIO()
    files.picture().resize((5200, 3900)).save(out, "JPEG", quality=60)
    picture = Picture(probe(put(tmp_path, out.getvalue())), Limits())
    small = picture.small()
    assert images.DETECTION_SIDE <= max(small.shape) < 5200 / 2
    assert picture.whole.shape == (3900, 5200, 3)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_films_are_turned_as_the_camera_said(turn: int, tmp_path: Path) -> None:
    path = put(tmp_path, files.film("mov", "libx264", 6), "plain.mov")
    turned = tmp_path / "turned.mov"
    with av.open(str(path)) as source, av.open(str(turned), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    content = bytearray(turned.read_bytes())
    at = content.index(b"tkhd") + 4 + 40  # the matrix of a track's header
    cosine, sine = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[turn]
    for number, value in ((0, cosine), (1, sine), (3, -sine), (4, cosine)):
        content[at + number * 4 : at + number * 4 + 4] = (value << 16).to_bytes(4, "big", signed=True)
    media = probe(put(tmp_path, bytes(content)))
    frame = next(iter(videos.sample(media, Limits(), Clock(60))))
    plain = next(iter(videos.sample(probe(path), Limits(), Clock(60))))
    expected = np.rot90(plain.pixels, {90: 3, 180: 2, 270: 1}[turn])
    assert frame.pixels.shape == expected.shape
    assert np.abs(frame.pixels.astype(int) - expected).mean() < 3
    assert (media.width, media.height) == (frame.pixels.shape[1], frame.pixels.shape[0])
