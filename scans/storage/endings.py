"""Names under which files are handed out: the ending says what the content is, whatever its uploader wrote."""

from pathlib import PurePath
from typing import Any, Final

# Of each format that is accepted, the first is the usual one.
ENDINGS: Final = {
    "jpeg": ("jpg", "jpeg", "jpe", "jfif"), "png": ("png",), "gif": ("gif",), "webp": ("webp",), "avif": ("avif",),
    "heic": ("heic", "heif", "hif"), "tiff": ("tif", "tiff"), "bmp": ("bmp", "dib"), "mp4": ("mp4", "m4v"),
    "mov": ("mov", "qt", "mp4"), "webm": ("webm",), "mkv": ("mkv",), "avi": ("avi",), "mpeg": ("mpg", "mpeg", "vob"),
}  # fmt: skip
KNOWN: Final = frozenset(ending for endings in ENDINGS.values() for ending in endings)


def name_by_content(scan: Any) -> str:
    """The scan's name, with the ending of its format in place of, or after, one that doesn't fit."""
    name: str = scan.name
    endings = ENDINGS.get(scan.format, ())
    ending = PurePath(name).suffix[1:].lower()
    if not endings or ending in endings:
        return name
    kept = name[: -len(ending) - 1] if ending in KNOWN else name
    return f"{kept}.{endings[0]}"
