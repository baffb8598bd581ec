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
    """Reserve the key. A request that broke off was rolled back, so its reservation is reused."""
    now = timezone.now()
    Replay.objects.filter(person=person, key=key, begun_at__lt=now - KEPT).delete()
    try:
        with transaction.atomic():
            replay: Replay = Replay.objects.create(person=person, key=key, fingerprint=fingerprint)
            return replay
    except IntegrityError:
        pass
    earlier: Replay | None = Replay.objects.filter(person=person, key=key).select_related("batch").first()
    if earlier is None:  # the other request has just released it
        raise InProgress
    if earlier.fingerprint != fingerprint:
        raise Mismatch
    if earlier.status is not None:
        raise Answered(earlier)
    if earlier.begun_at > now - ABANDONED:
        raise InProgress
    renew(earlier)
    return earlier


def renew(replay: Replay) -> None:
    """Extend the reservation. Raises InProgress if another request has taken it over."""
    now = timezone.now()
    if not _ours(replay).update(begun_at=now):
        raise InProgress
    replay.begun_at = now


def keep(replay: Replay, status: int, headers: dict[str, str], body: bytes = b"") -> None:
    """Store the answer in the same transaction as the work. If another request has taken over, raise InProgress."""
    if not _ours(replay).update(status=status, headers=headers, body=body):
        raise InProgress
    replay.status, replay.body = status, body


def amend(replay: Replay, status: int, headers: dict[str, str], body: bytes) -> None:
    """Replace a stored answer by a fuller one."""
    Replay.objects.filter(pk=replay.pk).update(status=status, headers=headers, body=body)


def keep_batch(replay: Replay, batch: Batch) -> None:
    """Store the batch in the transaction that creates it, so that a repeated request can continue it."""
    if not _ours(replay).update(batch=batch):
        raise InProgress
    replay.batch = batch


def forget(replay: Replay) -> None:
    """Release the key after a failure, so that the request can be tried again. Stored answers stay."""
    Replay.objects.filter(pk=replay.pk, status=None, batch=None).delete()


def _ours(replay: Replay) -> Any:
    return Replay.objects.filter(pk=replay.pk, status=None, begun_at=replay.begun_at)
