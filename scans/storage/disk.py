"""Room on the disk: whether there is some, and whether an error says that there was none."""

import errno
import shutil
import sqlite3
from pathlib import Path

from django.conf import settings
from django.db import OperationalError

LEAST = 16 * 2**20  # bytes for the pictures that an analysis draws
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
DISK_FULL = "53100"  # PostgreSQL's code


def is_full(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in NO_ROOM
    if not isinstance(error, OperationalError):
        return False
    cause = error.__cause__
    code = getattr(cause, "sqlite_errorcode", None) or getattr(cause, "sqlstate", None)
    return code in (sqlite3.SQLITE_FULL, DISK_FULL)


def free() -> int:
    """Bytes left where media are kept."""
    return usage()[2]


def usage() -> tuple[int, int, int]:
    """Bytes in all, used and free, where media are kept."""
    root = Path(settings.MEDIA_ROOT)
    return shutil.disk_usage(next(folder for folder in (root, *root.parents) if folder.exists()))


def has_room() -> bool:
    """For an analysis. Uploads end much earlier, at MIN_FREE_DISK_MB."""
    return free() >= LEAST
