"""Where a file's bytes come from: a path, or a descriptor that was handed over to a process that may open nothing."""

import io
import os
from pathlib import Path
from typing import TypeAlias

from .errors import Missing

Source: TypeAlias = Path | int


def open_source(source: Source) -> io.BufferedReader:
    """A reader with a position of its own."""
    if isinstance(source, int):
        return io.BufferedReader(_Descriptor(source), 1 << 16)
    if not source.is_file():  # also refuses pipes and devices, which may never end
        raise Missing()
    try:
        return source.open("rb")
    except OSError as error:  # no permission, or deleted meanwhile
        raise Missing(detail=repr(error)) from error


class _Descriptor(io.RawIOBase):
    """Reads at its own position, because all copies of a descriptor share the kernel's. Closing leaves it open."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._position = descriptor, 0

    def fileno(self) -> int:
        return self._descriptor

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: os.fstat(self._descriptor).st_size}
        if base[whence] + offset < 0:
            raise ValueError("before the beginning of the file")
        self._position = base[whence] + offset
        return self._position

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        count = os.preadv(self._descriptor, [buffer], self._position)
        self._position += count
        return count
