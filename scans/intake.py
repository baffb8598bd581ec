"""The one way in: what may enter, how it is stored and queued; and how one takes it back before it is judged."""

import hashlib
import tempfile
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Any

import structlog
from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _

from . import analysis, tasks
from .models import Event, Queue, Scan, Status

log = structlog.get_logger(__name__)

PIECE = 1 << 20
NAMELESS = "file"


class Refused(Exception):
    """A file that may not enter; `code` is for machines, the text for whoever sent it."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class Held(File):
    """A file on the media's own disk: storing it is a rename."""

    def __init__(self, path: Path, sha256: str, size: int) -> None:
        super().__init__(path.open("rb"), name=path.name)
        self.path, self.sha256, self.bytes = path, sha256, size

    def temporary_file_path(self) -> str:
        return str(self.path)

    def drop(self) -> None:
        self.close()
        self.path.unlink(missing_ok=True)


def submit(
    owner: Any, upload: File, *, name: str = "", queue: Queue = Queue.LIVE, consents_to_training: bool = False
) -> Scan:
    """Take a file in. What comes back is queued, or analysed already if this file was known."""
    held = _hold(upload.chunks(PIECE))
    try:
        _check(held)
        with transaction.atomic():
            scan = Scan(
                owner=owner,
                name=clean_name(name or upload.name or ""),
                sha256=held.sha256,
                bytes=held.bytes,
                queue=queue,
                consents_to_training=consents_to_training,
            )
            scan.media.save(scan.name, held, save=False)
            scan.save(force_insert=True)
            Event.objects.create(scan=scan, kind=Status.QUEUED, actor=owner, content={"bytes": scan.bytes})
            if before := analysis.known(scan):
                analysis.take_over(scan, before)
            else:
                tasks.send(scan)
    except BaseException:
        held.drop()
        raise
    held.close()
    log.info("file taken in", scan=str(scan.pk), bytes=scan.bytes, queue=scan.queue)
    return scan


def _hold(pieces: Iterable[bytes]) -> Held:
    """To the disk, piece by piece, counted and hashed on the way; the rest of a file that is too large is not read."""
    folder = Path(settings.MEDIA_ROOT) / "incoming"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    limit, size, digest = settings.MAX_UPLOAD_MB * 2**20, 0, hashlib.sha256()
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        path = Path(file.name)
        try:
            for piece in pieces:
                size += len(piece)
                if size > limit:
                    raise Refused(
                        "too_many_bytes",
                        _("This file is too large; %(limit)d MB are allowed.") % {"limit": limit >> 20},
                    )
                digest.update(piece)
                file.write(piece)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    return Held(path, digest.hexdigest(), size)


def _check(held: Held) -> None:
    if not held.bytes:
        raise Refused("empty", _("This file is empty."))
    if analysis.recognise(held.path) is None:
        raise Refused("unknown_format", _("This is not a picture or video that can be read here."))


def clean_name(name: str) -> str:
    """The last part of a name, in one line, without what could turn its letters round."""
    last = PurePath(name.replace("\\", "/")).name
    kept = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C")
    return " ".join(kept.split())[-255:] or NAMELESS


def cancel(scan: Scan, actor: Any) -> None:
    """Before it began: exactly. While it is analysed: at the worker's next breath."""
    scan.move(Status.CANCELLED, actor)
