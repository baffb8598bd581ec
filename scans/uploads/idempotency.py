"""Requests that are sent again: done once, and answered the same. What is done and its answer are one transaction."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from ..models import Batch, Replay
from ..models.replay import ABANDONED, KEPT


class Answered(Exception):
    """It was done before: `replay` holds the answer."""

    def __init__(self, replay: Replay) -> None:
        super().__init__()
        self.replay = replay


class InProgress(Exception):
    """The first request with this key is not finished yet, or was overtaken by this one."""


class Mismatch(Exception):
    """This key stands for another request."""


def begin(person: Any, key: str, fingerprint: str) -> Replay:
    """Reserve the key. Of a request that broke off before it was finished, nothing was done: it is taken up again."""
    now = timezone.now()
    Replay.objects.filter(person=person, key=key, begun_at__lt=now - KEPT).delete()
    try:
        with transaction.atomic():
            made: Replay = Replay.objects.create(person=person, key=key, fingerprint=fingerprint)
            return made
    except IntegrityError:
        pass
    known: Replay | None = Replay.objects.filter(person=person, key=key).select_related("batch").first()
    if known is None:  # given up in this very moment
        raise InProgress
    if known.fingerprint != fingerprint:
        raise Mismatch
    if known.status is not None:
        raise Answered(known)
    if known.begun_at > now - ABANDONED:
        raise InProgress
    still_ours(known)
    return known


def still_ours(replay: Replay) -> None:
    """Say that it is being worked on; InProgress if somebody has taken it up meanwhile."""
    now = timezone.now()
    if not _ours(replay).update(begun_at=now):
        raise InProgress
    replay.begun_at = now


def keep(replay: Replay, status: int, headers: dict[str, str], body: bytes = b"") -> None:
    """Note the answer, in the transaction of what was done. Overtaken by another request, all of it is taken back."""
    if not _ours(replay).update(status=status, headers=headers, body=body):
        raise InProgress
    replay.status, replay.body = status, body


def amend(replay: Replay, status: int, headers: dict[str, str], body: bytes) -> None:
    """A fuller answer to what was done and kept already."""
    Replay.objects.filter(pk=replay.pk).update(status=status, headers=headers, body=body)


def keep_batch(replay: Replay, batch: Batch) -> None:
    """Note the batch, in the transaction that makes it: its files come one by one, and it may be gone on with."""
    if not _ours(replay).update(batch=batch):
        raise InProgress
    replay.batch = batch


def forget(replay: Replay) -> None:
    """Nothing was done, and it may be tried again. What was answered stays."""
    Replay.objects.filter(pk=replay.pk, status=None, batch=None).delete()


def _ours(replay: Replay) -> Any:
    return Replay.objects.filter(pk=replay.pk, status=None, begun_at=replay.begun_at)
