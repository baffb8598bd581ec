"""Uploads in pieces: begun, gone on with, finished by the same way in as every other file, or forgotten after a day."""

import datetime as dt
import fcntl
import hashlib
from collections.abc import Iterable
from typing import Any

import structlog
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from . import intake
from .intake import Held, Refused
from .models import Batch, Resumable, Scan

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
    with upload.path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Busy from error
        at = upload.offset
        if at != offset:
            raise WrongOffset
        for piece in pieces:
            if at + len(piece) > upload.length:
                raise Refused("too_many_bytes", _("More came than was announced."))
            file.write(piece)
            at += len(piece)
    Resumable.objects.filter(pk=upload.pk).update(expires_at=timezone.now() + KEPT_FOR)
    return at


def finish(upload: Resumable) -> Scan:
    """All of it is here: in by the same way as every other file, exactly once."""
    if not Resumable.objects.filter(pk=upload.pk).delete()[0]:
        raise Busy
    digest = hashlib.sha256()
    with upload.path.open("rb") as file:
        while piece := file.read(intake.PIECE):
            digest.update(piece)
    held = Held(upload.path, digest.hexdigest(), upload.length)
    consents = upload.consents_to_training
    if upload.batch is None:
        return intake.submit(upload.owner, held, name=upload.name, consents_to_training=consents)
    taken = intake.add(upload.batch, upload.name, held, consents_to_training=consents)
    if isinstance(taken, Refused):
        raise taken
    return taken
