"""Uploads in pieces: begun, gone on with, finished by the same way in as every other file, or forgotten after a day."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ..models import Batch, Queue, Resumable, Scan
from ..storage.incoming import Refused
from . import intake, pieces
from .pieces import Busy, WrongOffset

__all__ = ("Busy", "WrongOffset", "append", "begin", "finish")

log = structlog.get_logger(__name__)

KEPT_FOR = dt.timedelta(hours=24)


def begin(owner: Any, name: str, length: int, *, batch: Batch | None = None, **options: bool) -> Resumable:
    limit = settings.MAX_UPLOAD_MB * 2**20
    if length > limit:
        message = _("This file is too large; %(limit)d MB are allowed.")
        raise Refused("too_many_bytes", message % {"limit": limit >> 20})
    intake.check_room(owner, length)
    upload: Resumable = Resumable.objects.create(
        owner=owner,
        name=intake.clean_name(name),
        length=length,
        batch=batch,
        **options,
        expires_at=timezone.now() + KEPT_FOR,
    )
    pieces.prepare(upload)
    return upload


def append(upload: Resumable, offset: int, content: Iterable[bytes]) -> int:
    """Append from `offset` on. What came before a connection broke is kept; the new offset is returned."""
    if upload.scan_id:
        if offset != upload.length:
            raise WrongOffset
        return offset
    at = pieces.append(upload, offset, content)
    Resumable.objects.filter(pk=upload.pk).update(expires_at=timezone.now() + KEPT_FOR)
    return at


def finish(upload: Resumable) -> Scan:
    """All of it is here: in by the same way as every other file, exactly once, however often it is asked for."""
    try:
        return _take_in(upload)
    except Refused as refusal:
        if upload.batch is not None:
            intake.note_refusal(upload.batch, upload.name, refusal)
        upload.forget()
        raise


def _take_in(upload: Resumable) -> Scan:
    held = None if upload.scan_id else pieces.gather(upload)
    taken = False
    try:
        if held is not None:
            intake.check_for_viruses(held)
        with transaction.atomic():
            current = Resumable.objects.select_for_update().filter(pk=upload.pk).first()
            if current is None:
                raise Busy
            if current.scan_id:
                return Scan.objects.get(pk=current.scan_id)
            if held is None:
                raise Busy
            taken = True
            queue = Queue.LIVE if upload.batch is None else Queue.BATCH
            scan = intake.submit(
                upload.owner,
                held,
                name=upload.name,
                batch=upload.batch,
                queue=queue,
                consents_to_training=upload.consents_to_training,
                zero_retention=upload.zero_retention,
            )
            Resumable.objects.filter(pk=upload.pk).update(scan=scan)
            transaction.on_commit(upload.forget_pieces)
            return scan
    finally:
        if held is not None and not taken:
            held.close()
