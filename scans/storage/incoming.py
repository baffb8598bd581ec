"""Files on their way in: onto the media's own disk piece by piece, counted and hashed, or refused."""

import contextlib
import hashlib
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.utils.translation import gettext as _

from . import disk

PIECE = 1 << 20
LEFT_OVER = 3600  # seconds after which a file that nobody has written to belonged to a process that was killed


class Refused(Exception):
    """A file that may not enter; `code` is for machines, the text for whoever sent it."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class Held(File):
    """A file on the media's own disk, counted and hashed: storing it is a rename. Closed unstored, it is gone."""

    def __init__(self, path: Path, sha256: str, size: int) -> None:
        super().__init__(path.open("rb"), name=path.name)
        self.path, self.sha256, self.bytes = path, sha256, size
        self.is_checked = False  # for viruses

    def temporary_file_path(self) -> str:
        return str(self.path)

    def close(self) -> None:
        super().close()
        self.path.unlink(missing_ok=True)


class Incoming:
    """A file on its way in, piece by piece; the rest of one that is too large is not taken."""

    def __init__(self, limit: int = 0) -> None:
        folder = scratch_folder()
        if disk.free() < settings.MIN_FREE_DISK_MB * 2**20:
            raise no_space()
        # Without a buffer, whose last piece would be written when nobody looks any more.
        self._file = tempfile.NamedTemporaryFile(dir=folder, delete=False, buffering=0)  # noqa: SIM115 (closed later)
        self._digest = hashlib.sha256()
        self._size = 0
        self._limit = limit or settings.MAX_UPLOAD_MB * 2**20

    def write(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._limit:
            raise Refused(
                "too_many_bytes", _("This file is too large; %(limit)d MB are allowed.") % {"limit": self._limit >> 20}
            )
        self._digest.update(piece)
        write_whole(self._file, piece)

    def done(self) -> Held:
        self._file.close()
        return Held(Path(self._file.name), self._digest.hexdigest(), self._size)

    def drop(self) -> None:
        self._file.close()
        Path(self._file.name).unlink(missing_ok=True)


def scratch_folder() -> Path:
    """Where files lie while a process of this machine works with them.

    What killed processes left behind is removed on the way: no task could, which may run on another machine.
    """
    folder = Path(settings.MEDIA_ROOT) / "incoming"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.scandir(folder) as files:
        for file in files:
            if not file.name.startswith("part-"):  # those of uploads in pieces live for a day
                _remove_left_over(Path(file.path))
    return folder


def _remove_left_over(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):  # its process has just done with it
        if path.stat().st_mtime < time.time() - LEFT_OVER:
            path.unlink()


def no_space() -> Refused:
    return Refused("no_space", _("The server has no disk space for uploads. Try again later."))


def write_whole(file: Any, piece: bytes) -> None:
    """All of it, to a file without a buffer. Refused if the disk is full."""
    rest = memoryview(piece)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError as error:
        if disk.is_full(error):
            raise no_space() from error
        raise
