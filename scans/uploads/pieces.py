"""Where the bytes of an upload in pieces wait until all are there.

On a disk that all web processes share they are appended to one file. With an object store nothing else is shared: each
piece is an object with a row, and whoever gets the last piece puts the file together on a disk of its own.
"""

import fcntl
import hashlib
import secrets
from collections.abc import Iterable, Iterator

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from ..models import Piece, Resumable
from ..storage.incoming import PIECE, Held, Incoming, Refused, write_whole

OBJECT = 8 << 20  # bytes that are kept in memory until they are stored


class Busy(Exception):
    """Another request is writing to this upload just now."""


class WrongOffset(Exception):
    """The piece does not begin where the file ends."""


def on_shared_disk() -> bool:
    try:
        default_storage.path("incoming")
    except NotImplementedError:
        return False
    return True


def prepare(upload: Resumable) -> None:
    if on_shared_disk():
        upload.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        upload.path.touch(0o600)


def append(upload: Resumable, offset: int, content: Iterable[bytes]) -> int:
    """From `offset` on; the new offset is returned. What came before a connection broke is kept."""
    return (_append_to_file if on_shared_disk() else _store)(upload, offset, content)


def _append_to_file(upload: Resumable, offset: int, content: Iterable[bytes]) -> int:
    with upload.path.open("ab", buffering=0) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Busy from error
        if upload.offset != offset:
            raise WrongOffset
        for piece in _counted(upload, offset, content):
            write_whole(file, piece)
            offset += len(piece)
    return offset


def _store(upload: Resumable, offset: int, content: Iterable[bytes]) -> int:
    """Two requests may write at once: the row that comes first counts, as no two rows begin at one offset.

    Every row begins where another one ends, so without a lock the rows are one chain.
    """
    if upload.offset != offset:
        raise WrongOffset
    waiting = bytearray()
    for piece in _counted(upload, offset, content):
        waiting += piece
        if len(waiting) >= OBJECT:
            offset = _store_one(upload, offset, waiting)
            waiting.clear()
    return _store_one(upload, offset, waiting) if waiting else offset


def _store_one(upload: Resumable, offset: int, content: bytearray) -> int:
    piece = Piece(upload=upload, offset=offset, size=len(content))
    piece.file.save(secrets.token_hex(8), ContentFile(bytes(content)), save=False)
    try:
        with transaction.atomic():
            piece.save(force_insert=True)
    except BaseException as error:
        piece.file.delete(save=False)
        if isinstance(error, IntegrityError):  # there is one already, or the upload was given up
            raise WrongOffset from error
        raise
    return offset + piece.size


def _counted(upload: Resumable, offset: int, content: Iterable[bytes]) -> Iterator[bytes]:
    for piece in content:
        offset += len(piece)
        if offset > upload.length:
            raise Refused("too_many_bytes", _("More data was sent than announced."))
        yield piece


def gather(upload: Resumable) -> Held | None:
    """The whole file, on this machine's disk; None if another request has just taken it in."""
    try:
        return _whole_file(upload) if on_shared_disk() else _put_together(upload)
    except FileNotFoundError:
        return None


def _whole_file(upload: Resumable) -> Held:
    with upload.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Held(upload.path, digest, upload.length)


def _put_together(upload: Resumable) -> Held | None:
    incoming, size = Incoming(), 0
    try:
        for piece in upload.pieces.order_by("offset"):
            with piece.file.open("rb") as stored:
                for part in stored.chunks(PIECE):
                    incoming.write(part)
                    size += len(part)
    except BaseException:
        incoming.drop()
        raise
    if size != upload.length:
        incoming.drop()
        return None
    return incoming.done()
