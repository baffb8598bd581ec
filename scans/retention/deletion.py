"""Deleting: into the trash for some days, back out of it, or for good. Hash, scores and history always stay."""

import datetime as dt
import uuid
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from ..models import Artifact, Assessment, Event, Report, Resumable, ReviewItem, Scan, Status, WrongState
from ..models.event import Kind
from . import engine, facts
from .engine import Reason

KEPT_BY = {
    Reason.LEGAL_HOLD: "This file is under a legal hold.",
    Reason.APPEAL: "An appeal needs this file until it is answered.",
    Reason.IN_WORK: "This scan is being analysed.",
}


def is_held(scan: Scan) -> bool:
    """An appeal that nobody has answered needs the file, or a legal hold is on it."""
    against = _against(scan, Reason.REQUEST)
    return Reason.APPEAL in against or Reason.LEGAL_HOLD in against


def _against(scan: Scan, end: Reason) -> tuple[Reason, ...]:
    """Why its file would not go now, if this were the reason to delete it."""
    now = timezone.now()
    decision = engine.decide(facts.of(scan).wished(end, now), now)
    return decision.codes if decision.keep else ()


@transaction.atomic
def move_to_trash(scans: Any, actor: Any) -> tuple[dt.datetime, int]:
    """Those of `scans` that may go. All get the same time, by which they can be restored together."""
    now = timezone.now()
    purge_at = now + dt.timedelta(days=settings.TRASH_DAYS)
    going = list(scans.deletable().select_for_update().order_by().values_list("pk", flat=True))
    moved = Scan.objects.kept().filter(pk__in=going).update(trashed_at=now, purge_at=purge_at)
    ReviewItem.objects.open().filter(scan__in=going).update(closed_at=now, holder=None)
    _note(going, Kind.TRASHED, actor, {"purge_at": purge_at.isoformat()})
    return now, moved


@transaction.atomic
def restore(scans: Any, actor: Any) -> int:
    """As they were: shared links open again, and what waited for a person waits again."""
    back = list(scans.in_trash().select_for_update().order_by().values_list("pk", flat=True))
    closed = ReviewItem.objects.filter(scan__in=back, closed_at=F("scan__trashed_at"))
    ReviewItem.objects.filter(pk__in=list(closed.values_list("pk", flat=True))).update(closed_at=None)
    restored: int = Scan.objects.in_trash().filter(pk__in=back).update(trashed_at=None, purge_at=None)
    _note(back, Kind.RESTORED, actor, {})
    return restored


def _note(scans: list[uuid.UUID], kind: Kind, actor: Any, content: dict[str, Any]) -> None:
    Event.objects.bulk_create(Event(scan_id=pk, kind=kind, actor=actor, content=content) for pk in scans)


def delete(scan: Scan, actor: Any, *, why: Reason = Reason.REQUEST) -> None:
    """The files and the name are gone; the row stays as a tombstone."""
    with transaction.atomic():
        Scan.objects.select_for_update().get(pk=scan.pk)
        for reason in _against(scan, why):
            if reason in KEPT_BY:
                raise WrongState(KEPT_BY[reason])
        receipt = _remove_files(scan)
        scan.move(
            Status.DELETED,
            actor,
            event={"why": [why], "receipt": receipt},
            name="",
            media="",
            trashed_at=None,
            purge_at=None,
            media_deleted_at=scan.media_deleted_at or timezone.now(),
        )
        scan.tags.clear()
        scan.cases.clear()
        ReviewItem.objects.open().filter(scan=scan).update(closed_at=timezone.now(), holder=None)
        scan.shares.filter(revoked_at=None).update(revoked_at=timezone.now())


def delete_media(scan: Scan, why: list[Reason]) -> None:
    """The files are gone; the result can still be read."""
    with transaction.atomic():
        receipt = _remove_files(scan)
        Scan.objects.filter(pk=scan.pk).update(media="", media_deleted_at=timezone.now())
        Event.objects.create(scan=scan, kind=Kind.MEDIA_DELETED, content={"why": why, "receipt": receipt})
    scan.refresh_from_db()


def _remove_files(scan: Scan) -> dict[str, Any]:
    """Everything that shows the file or was copied out of it, from the storage and the database, in a transaction.

    What is returned goes into the audit chain: how much of what file is gone, so that the event is also a receipt.
    """
    artifacts = Artifact.objects.filter(assessment__scan=scan)
    reports = Report.objects.filter(assessment__scan=scan).exclude(file="")
    names = [scan.media.name or ""] if scan.media else []
    names += list(reports.values_list("file", flat=True))
    names += list(artifacts.values_list("file", flat=True))
    artifacts.delete()
    reports.update(file="")
    scan.fingerprints.all().delete()
    for assessment in Assessment.objects.filter(scan=scan):
        assessment.redact()
    uploads = Resumable.objects.filter(scan=scan)  # their rows know the file's name, and may still have pieces of it
    pieces = list(uploads.exclude(pieces=None).values_list("pieces__file", flat=True))
    for path in [upload.path for upload in uploads]:
        transaction.on_commit(partial(path.unlink, missing_ok=True), robust=True)
    uploads.delete()
    for name in [*names, *pieces]:
        transaction.on_commit(partial(scan.media.storage.delete, name), robust=True)
    return {"sha256": scan.sha256, "bytes": scan.bytes, "files": len(names)}
