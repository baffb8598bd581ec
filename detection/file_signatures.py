"""Magic numbers, the end of a picture, and data appended after it. Nothing is decoded here."""

import mmap
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from .errors import Encrypted, Polyglot, Truncated, Undecodable

Content: TypeAlias = mmap.mmap | bytes

STILL_BRANDS = {b"avif": "avif", b"avis": "avif"} | dict.fromkeys(
    (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "heic"
)
OTHER_LIVES = re.compile(
    rb"PK\x03\x04|PK\x05\x06|%PDF-|<\?php|<script|<!doctype html|<html|Rar!\x1a|7z\xbc\xaf|\x7fELF|#!/", re.IGNORECASE
)
OTHER_HEADS = re.compile(rb"<\?php|<script|<!doctype html|<html", re.IGNORECASE)
JPEG_MARK = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]", re.DOTALL)
BMP_HEADERS = tuple(struct.pack("<I", size) for size in (12, 40, 52, 56, 64, 108, 124))
WINDOW = 1 << 20


def recognise(content: Content) -> str | None:
    """The format by its first bytes, or None."""
    head = bytes(content[:64])
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if head.startswith(b"RIFF"):
        return {b"WEBP": "webp", b"AVI ": "avi"}.get(head[8:12])
    if head[:4] in (b"II*\0", b"MM\0*"):
        return "tiff"
    if head.startswith(b"BM") and len(content) > 26 and head[14:18] in BMP_HEADERS:
        return "bmp"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "webm" if b"webm" in head else "mkv"
    if head.startswith(b"\0\0\x01\xba"):
        return "mpeg"
    if head[4:8] == b"ftyp":
        return _brand(content)
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"):
        return "mov"
    return None


def recognise_file(path: Path | str) -> str | None:
    """The format of a file by its first bytes; cheap enough for a web process."""
    with Path(path).open("rb") as file:
        return recognise(file.read(4096))


def _brand(content: Content) -> str:
    size = min(struct.unpack(">I", content[:4])[0], 4096)
    listed = bytes(content[8:size])
    major, others = listed[:4], [listed[i : i + 4] for i in range(8, len(listed), 4)]
    for brand in (major, *others) if major in (b"mif1", b"msf1") else (major,):
        if brand in STILL_BRANDS and brand not in (b"mif1", b"msf1"):
            return STILL_BRANDS[brand]
    if major in STILL_BRANDS:
        return STILL_BRANDS[major]
    return "mov" if major == b"qt  " else "mp4"


def check(form: str, content: Content) -> None:
    """Refuse files that are truncated, encrypted, or valid in two formats."""
    _check_archive(content)
    if form in ("mp4", "mov", "avif", "heic"):
        _check_boxes(form, content)
    elif form in ("webm", "mkv") and _is_encrypted_matroska(content):
        raise Encrypted()
    end = ENDS[form](content) if form in ENDS else None
    if form in ENDS or form in ("tiff", "avif", "heic"):
        _check_alone(form, content, len(content) if end is None else end)


def _check_alone(form: str, content: Content, end: int) -> None:
    """Phones append a second picture or a short video. Web pages, archives and programs are refused."""
    head = bytes(content[:1024])
    if form in ("gif", "bmp", "jpeg", "png", "tiff") and b"%PDF-" in head:
        raise Polyglot()
    if form in ("gif", "bmp") and OTHER_HEADS.search(head):  # in others it is a title or a caption, which is harmless
        raise Polyglot()
    for start in range(end, len(content), WINDOW):
        if OTHER_LIVES.search(content[start : start + WINDOW + 16]):
            raise Polyglot()


def _check_archive(content: Content) -> None:
    """Refuse appended archives. They are read from their end, so they also fit into a picture's comment."""
    tail = bytes(content[max(0, len(content) - 66_000) :])
    at = tail.rfind(b"PK\x05\x06")
    if at >= 0 and len(tail) - at >= 22:
        comment = struct.unpack("<H", tail[at + 20 : at + 22])[0]
        size, offset = struct.unpack("<II", tail[at + 12 : at + 20])
        if at + 22 + comment == len(tail) and size + offset <= len(content):
            raise Polyglot()


def boxes(content: Content, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """(name, start of body, end) of ISO boxes. In a truncated file the last end lies beyond `end`."""
    end = len(content) if end is None else end
    while start + 8 <= end:
        size, name = struct.unpack(">I4s", content[start : start + 8])
        body = start + 8
        if size == 1 and start + 16 <= end:
            size, body = struct.unpack(">Q", content[start + 8 : start + 16])[0], start + 16
        elif size == 0:
            size = end - start
        if size < body - start:
            raise Undecodable(detail=f"a box {name!r} of {size} bytes")
        yield name, body, start + size
        start += size


SEGMENT, CLUSTER, TRACKS, TRACK = 0x18538067, 0x1F43B675, 0x1654AE6B, 0xAE
ENCODINGS, ENCODING, ENCRYPTION = 0x6D80, 0x6240, 0x5035


def _is_encrypted_matroska(content: Content) -> bool:
    """Whether the track headers name an encryption. Frame data may contain the same bytes by chance."""
    parts = [(0, len(content))]
    for element in (SEGMENT, TRACKS, TRACK, ENCODINGS, ENCODING, ENCRYPTION):
        parts = [inner for start, end in parts for inner in _elements(content, start, end, element)]
    return bool(parts)


def _elements(content: Content, start: int, end: int, element: int) -> Iterator[tuple[int, int]]:
    """(start, end) of the bodies of EBML elements of one kind, up to the first cluster of frames."""
    while start < end and content[start]:
        name_length = 9 - content[start].bit_length()
        name = int.from_bytes(content[start : start + name_length], "big")
        at = start + name_length
        if name == CLUSTER or at >= end or not content[at]:
            return
        size_length = 9 - content[at].bit_length()
        size = int.from_bytes(content[at : at + size_length], "big") & ((1 << 7 * size_length) - 1)
        body = at + size_length
        unknown = size == (1 << 7 * size_length) - 1
        start = end if unknown else min(end, body + size)
        if name == element:
            yield body, start


def is_rotated(content: Content) -> bool:
    """Whether the track header rotates the video by 90°, which swaps width and height."""
    inside = [(start, min(end, len(content))) for name, start, end in boxes(content) if name == b"moov"]
    tracks = [
        (at, min(stop, end))
        for start, end in inside
        for name, at, stop in boxes(content, start, end)
        if name == b"trak"
    ]
    for start, end in tracks:
        for name, at, stop in boxes(content, start, end):
            if name != b"tkhd" or stop > end or stop - at < 84:
                continue
            matrix = stop - 44
            width, height = content[stop - 8 : stop - 4], content[stop - 4 : stop]
            if any(width) and any(height):  # an audio track has neither
                return not any(content[matrix : matrix + 4]) and any(content[matrix + 4 : matrix + 8])
    return False


def _check_boxes(form: str, content: Content) -> None:
    seen: set[bytes] = set()
    for name, start, end in boxes(content):
        if not name.isascii():  # padding after the last box
            break
        if end > len(content):
            raise Truncated()
        seen.add(name)
        if name in (b"moov", b"moof", b"meta"):
            inside = content[start : min(end, start + 64 * WINDOW)]
            if any(mark in inside for mark in (b"encv", b"sinfschm", b"pssh")) or re.search(rb"sinf....frma", inside):
                raise Encrypted()
    needed = {b"meta"} if form in ("avif", "heic") else {b"moov"}
    if not needed & seen and not (form in ("avif", "heic") and b"moov" in seen):
        raise Truncated()


def _jpeg_end(content: Content) -> int:
    """Walk the segments up to the scan data, in which the end marker can't occur by chance."""
    at = 2
    while True:
        marker = JPEG_MARK.match(content, at)
        if marker is None:
            if at + 4 > len(content):
                raise Truncated()
            raise Undecodable(detail="no marker where one must be")
        mark, at = content[marker.end() - 1], marker.end()
        if mark == 0xD9:
            return at
        if mark in (0x01, 0xD8):
            continue
        if at + 2 > len(content):
            raise Truncated()
        at += max(2, struct.unpack(">H", content[at : at + 2])[0])
        if at > len(content):
            raise Truncated()
        if mark == 0xDA:
            end = content.find(b"\xff\xd9", at)
            if end < 0:
                raise Truncated()
            return end + 2


def _png_end(content: Content) -> int:
    at = 8
    while at + 12 <= len(content):
        length, name = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        at += 12 + length
        if name == b"IEND":
            return at
    raise Truncated()


def _riff_end(content: Content) -> int:
    if len(content) < 20:
        raise Truncated()
    end = int(struct.unpack("<I", content[4:8])[0]) + 8
    if end > len(content) + 1:  # some writers forget the last padding byte
        raise Truncated()
    return end


def _gif_end(content: Content) -> int:
    return _walk_gif(content)[0]


def count_gif_frames(content: Content, most: int) -> int:
    """From the blocks, without decoding; counting ends beyond `most`."""
    return _walk_gif(content, most)[1]


def _walk_gif(content: Content, most: int | None = None) -> tuple[int, int]:
    """Where it ends, and its frames. Many complete GIFs lack the trailer."""
    if len(content) < 13:
        raise Truncated()
    frames = 0
    at = 13 + (3 << ((content[10] & 7) + 1) if content[10] & 0x80 else 0)
    while at < len(content):
        mark = content[at]
        if mark == 0x3B:
            return at + 1, frames
        if mark == 0x2C:
            if at + 10 >= len(content):
                raise Truncated()
            frames += 1
            if most is not None and frames > most:
                return at, frames
            flags = content[at + 9]
            at += 11 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
        elif mark == 0x21:
            at += 2
        else:
            return at, frames
        while at < len(content) and content[at]:
            at += content[at] + 1
        if at >= len(content):
            raise Truncated()
        at += 1
    return len(content), frames


def _bmp_end(content: Content) -> int:
    claimed = int(struct.unpack("<I", content[2:6])[0])
    if claimed > len(content):
        raise Truncated()
    return claimed or len(content)


ENDS = {
    "jpeg": _jpeg_end,
    "png": _png_end,
    "webp": _riff_end,
    "gif": _gif_end,
    "bmp": _bmp_end,
}
