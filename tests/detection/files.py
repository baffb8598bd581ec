"""Files of every accepted format, made here: small, real, and ready to be spoilt."""

import io
import struct
import zipfile
from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import cache
from typing import Any

import av
import numpy as np
import pillow_heif
import skimage.data
from PIL import Image

ASTRONAUT = skimage.data.astronaut()


def picture(side: int = 96) -> Image.Image:
    return Image.fromarray(ASTRONAUT[40:240, 130:330]).resize((side, side))


@cache
def still(form: str, side: int = 96) -> bytes:
    out = io.BytesIO()
    image = picture(side)
    if form == "heic":
        pillow_heif.from_pillow(image).save(out, quality=80)
    else:
        image.save(out, {"jpeg": "JPEG", "tiff": "TIFF"}.get(form, form.upper()))
    return out.getvalue()


@cache
def animated(form: str, count: int = 6, side: int = 64) -> bytes:
    out = io.BytesIO()
    frames = [Image.fromarray(np.roll(np.asarray(picture(side)), number * 3, axis=1)) for number in range(count)]
    frames[0].save(out, form.upper(), save_all=True, append_images=frames[1:], duration=100)
    return out.getvalue()


def waves(count: int, width: int, height: int) -> Iterable[np.ndarray]:
    """Frames that can be told apart: brightness counts upwards, a bar moves."""
    for number in range(count):
        frame = np.full((height, width, 3), 40 + number * 160 // max(1, count), np.uint8)
        frame[:, (number * 5) % width : (number * 5) % width + 8] = 255
        yield frame


@cache
def film(
    container: str = "mp4",
    codec: str = "libx264",
    count: int = 24,
    width: int = 96,
    height: int = 64,
    rate: int = 12,
    gop: int = 12,
    options: tuple[tuple[str, str], ...] = (),
    times: tuple[int, ...] = (),
) -> bytes:
    """A real film. `times`: when each frame is shown, in milliseconds, for one of uneven pace."""
    out = io.BytesIO()
    with av.open(out, "w", format={"mkv": "matroska"}.get(container, container)) as file:
        quick: dict[str, dict[str, str]] = {
            "libx264": {"preset": "ultrafast"},
            "libx265": {"preset": "ultrafast", "x265-params": "log-level=none"},
            "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
            "libvpx": {"deadline": "realtime", "cpu-used": "8"},
            "libaom-av1": {"cpu-used": "8", "usage": "realtime"},
            "libsvtav1": {"preset": "12"},
        }
        stream: Any = file.add_stream(codec, rate=rate, options={**quick.get(codec, {}), **dict(options)})
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.gop_size = gop
        if times:
            stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for number, pixels in enumerate(waves(count, width, height)):
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
            if times:
                frame.pts, frame.time_base = times[number], Fraction(1, 1000)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return out.getvalue()


def encoder(*names: str) -> str:
    """The first of these that this build of FFmpeg can encode with."""
    return next(name for name in names if name in av.codecs_available and _encodes(name))


def _encodes(name: str) -> bool:
    try:
        return bool(av.Codec(name, "w"))
    except ValueError:
        return False


STILLS = ("jpeg", "png", "webp", "avif", "heic", "gif", "tiff", "bmp")
ANIMATED = ("gif", "webp", "png")
FILMS: dict[str, tuple[str, str, str]] = {
    "h264.mp4": ("mp4", "libx264", "h264"),
    "h264.mov": ("mov", "libx264", "h264"),
    "h264.mkv": ("mkv", "libx264", "h264"),
    "hevc.mp4": ("mp4", "libx265", "hevc"),
    "vp8.webm": ("webm", "libvpx", "vp8"),
    "vp9.webm": ("webm", "libvpx-vp9", "vp9"),
    "av1.mp4": ("mp4", encoder("libsvtav1", "libaom-av1"), "av1"),
    "av1.mkv": ("mkv", encoder("libsvtav1", "libaom-av1"), "av1"),
    "mpeg4.mp4": ("mp4", "mpeg4", "mpeg4"),
    "mpeg4.avi": ("avi", "mpeg4", "mpeg4"),
    "mjpeg.avi": ("avi", "mjpeg", "mjpeg"),
    "mjpeg.mov": ("mov", "mjpeg", "mjpeg"),
}


def of(name: str) -> bytes:
    container, codec, _ = FILMS[name]
    return film(container, codec)


def sound(form: str) -> bytes:
    """A file with sound only."""
    out = io.BytesIO()
    with av.open(out, "w", format=form) as file:
        stream: Any = file.add_stream({"wav": "pcm_s16le", "mp4": "aac", "matroska": "aac"}[form], rate=8000)
        for number in range(4):
            samples = np.zeros((1, 1024), np.float32 if form != "wav" else np.int16)
            frame = av.AudioFrame.from_ndarray(samples, "fltp" if form != "wav" else "s16", "mono")
            frame.sample_rate, frame.pts = 8000, number * 1024
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return out.getvalue()


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("run.sh", "echo hello")
    return out.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A PNG that is nothing on disk and everything in memory."""
    import zlib

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    row = zlib.compressobj(9)
    packed = b"".join(row.compress(bytes(1 + width * 3)) for _ in range(min(height, 3000))) + row.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def patched(content: bytes, old: bytes, new: bytes) -> bytes:
    assert old in content, old
    return content.replace(old, new, 1)


def jpeg_of(width: int, height: int) -> bytes:
    """A JPEG whose header says how large it is, and lies."""
    content = bytearray(still("jpeg"))
    at = content.index(b"\xff\xc0")
    content[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(content)


def encrypted_mp4() -> bytes:
    """Common encryption marks the sample's description: here it is only marked."""
    return patched(of("h264.mp4"), b"avc1\x00\x00\x00\x00\x00\x00\x00\x01", b"encv\x00\x00\x00\x00\x00\x00\x00\x01")


def looping_tiff() -> bytes:
    """A TIFF whose next directory is the first one."""
    content = bytearray(still("tiff"))
    first = struct.unpack("<I", content[4:8])[0]
    count = struct.unpack("<H", content[first : first + 2])[0]
    at = first + 2 + count * 12
    content[at : at + 4] = struct.pack("<I", first)
    return bytes(content)


def gif_of(width: int, height: int) -> bytes:
    content = bytearray(still("gif"))
    content[6:10] = struct.pack("<HH", width, height)
    return bytes(content)


def bmp_of(width: int, height: int) -> bytes:
    content = bytearray(still("bmp"))
    content[18:26] = struct.pack("<ii", width, height)
    return bytes(content)


def tiff_of(width: int, height: int) -> bytes:
    out = io.BytesIO()
    picture(8).save(out, "TIFF")
    content = bytearray(out.getvalue())
    first = struct.unpack("<I", content[4:8])[0]
    for number in range(struct.unpack("<H", content[first : first + 2])[0]):
        at = first + 2 + number * 12
        tag = struct.unpack("<H", content[at : at + 2])[0]
        if tag in (256, 257):
            content[at + 2 : at + 12] = struct.pack("<HII", 4, 1, width if tag == 256 else height)
    return bytes(content)


def webp_of(width: int, height: int) -> bytes:
    """An extended WebP whose canvas is larger than what it holds."""
    inner = still("webp")[12:]
    head = b"VP8X" + struct.pack("<II", 10, 0) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBP" + head + inner
    return b"RIFF" + struct.pack("<I", len(body)) + body


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content


def element(name: str, content: bytes) -> bytes:
    return bytes.fromhex(name) + (0x10000000 | len(content)).to_bytes(4, "big") + content


def encrypted_mkv() -> bytes:
    """Head and description of a film whose track says that it is encrypted."""
    locked = element("6D80", element("6240", element("5033", b"\x01") + element("5035", element("47E1", b"\x05"))))
    track = element("AE", element("D7", b"\x01") + element("83", b"\x01") + element("86", b"V_MPEG4/ISO/AVC") + locked)
    head = element("1A45DFA3", element("4282", b"matroska"))
    return head + bytes.fromhex("1853806701FFFFFFFFFFFFFF") + element("1654AE6B", track)


def noise(container: str) -> bytes:
    """A film in whose bytes everything comes up by chance."""
    out = io.BytesIO()
    chance = np.random.default_rng(0)
    with av.open(out, "w", format=container) as file:
        stream: Any = file.add_stream("libx264", rate=12, options={"preset": "ultrafast", "crf": "8"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for _ in range(16):
            pixels = chance.integers(0, 255, (240, 320, 3), dtype=np.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        file.mux(stream.encode())
    return out.getvalue()


def middle(content: bytes, name: bytes) -> tuple[bytes, bytes]:
    """What lies in a box, and rubbish of the same length."""
    at = content.index(name)
    size = struct.unpack(">I", content[at - 4 : at])[0]
    inside = content[at + 4 : at - 4 + size]
    return inside, b"\xa5" * len(inside)


Maker = Callable[[], bytes]
