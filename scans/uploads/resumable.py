"""Uploads in pieces: begun, gone on with, finished by the same way in as every other file, or forgotten after a day."""

import datetime as dt
import fcntl
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ..models import Batch, Queue, Resumable, Scan
from ..storage.incoming import Held, Refused, write_whole
from . import intake

log = structlog.get_logger(__name__)

KEPT_FOR = dt.timedelta(hours=24)


class Busy(Exception):
    """Somebody else is writing to this upload just now."""


class WrongOffset(Exception):
    """The piece does not begin where the file ends."""


def begin(owner: Any, name: str, length: int, *, batch: Batch | None = None, consents: bool = False) -> Resumable:
    limit = settings.MAX_UPLOAD_MB * 2**20
    if length > limit:
        said = _("This file is too large; %(limit)d MB are allowed.")
        raise Refused("too_many_bytes", said % {"limit": limit >> 20})
    intake.check_room(owner, length)
    upload: Resumable = Resumable.objects.create(
        owner=owner,
        name=intake.clean_name(name),
        length=length,
        batch=batch,
        consents_to_training=consents,
        expires_at=timezone.now() + KEPT_FOR,
    )
    upload.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    upload.path.touch(0o600)
    return upload


def go_on(upload: Resumable, offset: int, pieces: Iterable[bytes]) -> int:
    """Append from `offset` on. What came before a connection broke is kept; the new offset is returned."""
    if upload.scan_id:
        if offset != upload.length:
            raise WrongOffset
        return offset
    with upload.path.open("ab", buffering=0) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Busy from error
        at = upload.offset
        if at != offset:
            raise WrongOffset
        for piece in pieces:
            if at + len(piece) > upload.length:
                raise Refused("too_many_bytes", _("More data was sent than announced."))
            write_whole(file, piece)
            at += len(piece)
    Resumable.objects.filter(pk=upload.pk).update(expires_at=timezone.now() + KEPT_FOR)
    return at


def finish(upload: Resumable) -> Scan:
    """All of it is here: in by the same way as every other file, exactly once, however often it is asked for."""
    try:
        return _taken_in(upload)
    except Refused as refusal:
        if upload.batch is not None:
            intake.note_refusal(upload.batch, upload.name, refusal)
        upload.forget()
        raise


def _taken_in(upload: Resumable) -> Scan:
    digest = None if upload.scan_id else _digest(upload.path)
    with transaction.atomic():
        current = Resumable.objects.select_for_update().filter(pk=upload.pk).first()
        if current is None:
            raise Busy
        if current.scan_id:
            return Scan.objects.get(pk=current.scan_id)
        if digest is None:
            raise Busy
        held = Held(upload.path, digest, upload.length)
        queue = Queue.LIVE if upload.batch is None else Queue.BATCH
        scan = intake.submit(
            upload.owner,
            held,
            name=upload.name,
            batch=upload.batch,
            queue=queue,
            consents_to_training=upload.consents_to_training,
        )
        Resumable.objects.filter(pk=upload.pk).update(scan=scan)
        return scan


def _digest(path: Path) -> str | None:
    """None if the file is gone: another request has just taken it in."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
