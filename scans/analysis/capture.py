"""Pictures of a camera become one film, byte by byte as they were taken: Motion JPEG in an AVI."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

START_OF_FRAME = frozenset({0xC0, 0xC1, 0xC2})
KEY = 0x10  # every picture stands for itself


class NotAPicture(Exception):
    """Something that is no JPEG, or not as large as the others."""


@dataclass(frozen=True, slots=True)
class Size:
    width: int
    height: int


def size_of(jpeg: bytes) -> Size:
    if jpeg[:3] != b"\xff\xd8\xff":
        raise NotAPicture
    at = 2
    while at + 9 <= len(jpeg) and jpeg[at] == 0xFF:
        marker, length = jpeg[at + 1], struct.unpack(">H", jpeg[at + 2 : at + 4])[0]
        if marker in START_OF_FRAME:
            height, width = struct.unpack(">HH", jpeg[at + 5 : at + 9])
            return Size(width, height)
        at += 2 + length
    raise NotAPicture


def film(pictures: list[bytes], rate: int) -> Iterator[bytes]:
    size = size_of(pictures[0])
    if any(size_of(picture) != size for picture in pictures):
        raise NotAPicture
    largest = max(map(len, pictures))
    main = struct.pack(
        "<14I",
        1_000_000 // rate,
        largest * rate,
        0,
        KEY,
        len(pictures),
        0,
        1,
        largest,
        size.width,
        size.height,
        0,
        0,
        0,
        0,
    )
    stream = struct.pack(
        "<4s4sIHHIIIIIIIIHHHH", b"vids", b"MJPG", 0, 0, 0, 0, 1, rate, 0, len(pictures), largest, 0, 0, 0, 0,
        size.width, size.height,
    )  # fmt: skip
    form = struct.pack(
        "<IiiHH4sIiiII", 40, size.width, size.height, 1, 24, b"MJPG", size.width * size.height * 3, 0, 0, 0, 0
    )
    head = _list(b"hdrl", [_chunk(b"avih", main), _list(b"strl", [_chunk(b"strh", stream), _chunk(b"strf", form)])])
    frames = [_chunk(b"00dc", picture) for picture in pictures]
    index, at = b"", 4
    for picture, frame in zip(pictures, frames, strict=True):
        index += struct.pack("<4sIII", b"00dc", KEY, at, len(picture))
        at += len(frame)
    body = [head, _list(b"movi", frames), _chunk(b"idx1", index)]
    yield b"RIFF" + struct.pack("<I", 4 + sum(map(len, body))) + b"AVI "
    yield from body


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _list(name: bytes, chunks: Iterable[bytes]) -> bytes:
    return _chunk(b"LIST", name + b"".join(chunks))
