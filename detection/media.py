"""The type and size of a file, from its content and never from its name, before it is decoded."""

import hashlib
import mmap
import os
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import av
import av.container
import av.error
import av.logging
import pillow_heif
from PIL import Image

from . import file_signatures
from .errors import (
    DetectionError,
    Empty,
    NoPicture,
    TooLong,
    TooManyBytes,
    TooManyFrames,
    TooManyPixels,
    TooMuchMemory,
    Undecodable,
    UnknownFormat,
)
from .limits import Limits
from .sources import Source, open_source

warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
av.logging.set_level(av.logging.PANIC)  # hostile files would fill our log
pillow_heif.register_heif_opener(thumbnails=False)


class Kind(StrEnum):
    IMAGE = "image"
    VIDEO = "video"


@dataclass(frozen=True, slots=True)
class Media:
    """A probed file. Its header is within the limits; its pixels are not read yet."""

    path: Source
    kind: Kind
    format: str
    codec: str
    sha256: str
    bytes: int
    width: int
    height: int
    duration: float | None = None
    frames: int | None = None
    rate: float | None = None
    animated: bool = False

    @property
    def seed(self) -> int:
        """Seed of the random choices, so that a rescan samples the same places."""
        return int(self.sha256[:16], 16)

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind.value,
            "format": self.format,
            "codec": self.codec,
            "sha256": self.sha256,
            "bytes": self.bytes,
            "width": self.width,
            "height": self.height,
            "duration": self.duration,
            "frames": self.frames,
            "rate": self.rate,
            "animated": self.animated,
        }


# Pillow's and FFmpeg's names of the accepted formats. The demuxer is always named: FFmpeg could guess a playlist,
# and a playlist opens other files.
PILLOW = {
    "jpeg": "JPEG",
    "png": "PNG",
    "webp": "WEBP",
    "avif": "AVIF",
    "heic": "HEIF",
    "gif": "GIF",
    "tiff": "TIFF",
    "bmp": "BMP",
}
DEMUXERS = {"mp4": "mov", "mov": "mov", "webm": "matroska", "mkv": "matroska", "avi": "avi", "mpeg": "mpeg"}
MAY_MOVE = frozenset({"gif", "webp", "png", "avif"})
CODECS = frozenset({"h264", "hevc", "vp8", "vp9", "av1", "libdav1d", "mpeg4", "mjpeg", "mpeg1video", "mpeg2video"})
CODECS |= {"msmpeg4v2", "msmpeg4v3", "h263", "prores"}

# What Pillow, pillow-heif and FFmpeg raise on broken files.
DECODER_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    LookupError,
    TypeError,
    ArithmeticError,
    RuntimeError,
    AttributeError,
    AssertionError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    av.error.FFmpegError,
)


@contextmanager
def decoding() -> Iterator[None]:
    """Turn every error of a decoder into a DetectionError."""
    try:
        yield
    except DetectionError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixels(detail=repr(error)) from error
    except MemoryError as error:
        raise TooMuchMemory(detail=repr(error)) from error
    except DECODER_ERRORS as error:
        raise Undecodable(detail=repr(error)) from error


def probe(path: Source | str, limits: Limits | None = None) -> Media:
    """Read type and size of a file. Raises DetectionError, and nothing else, for any input."""
    limits = limits or Limits()
    path = Path(path) if isinstance(path, str) else path
    with open_source(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise Empty()
        if size > limits.bytes:
            raise TooManyBytes(
                f"This file is too large: {size / 2**20:.1f} MB; {limits.bytes / 2**20:.1f} MB are allowed."
            )
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            form = file_signatures.recognise(content)
            if form is None:
                raise UnknownFormat()
            file_signatures.check(form, content)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            with decoding():
                sideways = form in ("mp4", "mov") and file_signatures.is_rotated(content)
    look = _probe_image if form in PILLOW else _probe_video
    with decoding():
        media = look(path, form, digest, size, limits)
    return replace(media, width=media.height, height=media.width) if sideways else media


@contextmanager
def open_image(path: Source, form: str) -> Iterator[Image.Image]:
    with open_source(path) as file, Image.open(file, formats=[PILLOW[form]]) as image:
        yield image


def check_size(width: int, height: int, limits: Limits, *, copies: int = 2) -> None:
    """Refuse too many pixels, or too much memory to decode them."""
    if width < 1 or height < 1:
        raise Undecodable()
    if width * height > limits.pixels:
        raise TooManyPixels(
            f"This picture has too many pixels: {width} × {height}, about {width * height / 1e6:.0f} million; "
            f"{limits.pixels / 1e6:.0f} million are allowed."
        )
    if width * height * 4 * copies > limits.memory:
        raise TooMuchMemory()


def _probe_image(path: Source, form: str, digest: str, size: int, limits: Limits) -> Media:
    with open_image(path, form) as image:
        width, height = image.size
        check_size(width, height, limits)
        frames = _count(path, image, limits) if form in MAY_MOVE else 1
        mode = image.mode
        if image.getexif().get(0x0112, 1) in (5, 6, 7, 8):
            width, height = height, width
    return Media(
        path=path,
        kind=Kind.VIDEO if frames > 1 else Kind.IMAGE,
        format=form,
        codec=mode,
        sha256=digest,
        bytes=size,
        width=width,
        height=height,
        frames=frames,
        animated=frames > 1,
    )


def _count(path: Source, image: Image.Image, limits: Limits) -> int:
    """Number of frames. Pillow would read a GIF of any length to its end for it."""
    if image.format != "GIF":
        frames = int(getattr(image, "n_frames", 1))
    else:
        with open_source(path) as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            frames = max(1, file_signatures.count_gif_frames(content, limits.animation_frames))
    if frames > limits.animation_frames:
        raise TooManyFrames(f"This animation has too many frames; {limits.animation_frames} are allowed.")
    return frames


@contextmanager
def open_video(path: Source, form: str) -> Iterator[av.container.InputContainer]:
    with (
        open_source(path) as file,
        av.open(
            file,
            mode="r",
            format=DEMUXERS[form],
            metadata_errors="replace",
            options={"protocol_whitelist": "file"},  # a video must not open other files or addresses
        ) as container,
    ):
        yield container


def _probe_video(path: Source, form: str, digest: str, size: int, limits: Limits) -> Media:
    with open_video(path, form) as container:
        if not container.streams.video:
            raise NoPicture()
        stream = container.streams.video[0]
        context = stream.codec_context
        if context is None or context.name not in CODECS:
            name = context.name if context else "unknown"
            raise UnknownFormat(f"This video uses a codec that we can't read ({name}).")
        check_size(context.width, context.height, limits, copies=8)  # a decoder keeps reference frames
        duration = _duration(container, stream)
        if duration is not None and duration > limits.seconds:
            raise TooLong(
                f"This video is too long: {duration / 60:.1f} minutes; {limits.seconds / 60:.0f} minutes are allowed."
            )
        rate = float(stream.average_rate) if stream.average_rate else None
        frames = stream.frames or (round(duration * rate) if duration and rate else None)
        if frames is not None and frames > limits.frames:
            raise TooManyFrames(f"This video has too many frames: {frames}; {limits.frames} are allowed.")
        return Media(
            path=path,
            kind=Kind.VIDEO,
            format=form,
            codec="av1" if context.name == "libdav1d" else context.name,
            sha256=digest,
            bytes=size,
            width=context.width,
            height=context.height,
            duration=duration,
            frames=frames,
            rate=rate,
        )


def _duration(container: av.container.InputContainer, stream: Any) -> float | None:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration:
        return container.duration / av.time_base
    return None
