"""Deleting: into the trash for some days, back out of it, or for good. Hash, scores and history always stay."""

import datetime as dt
import uuid
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from ..models import Artifact, Event, LegalHold, Report, ReviewItem, Scan, Status, WrongState
from ..models.event import Kind

AT_ONCE = 200  # scans that one run of the timetable purges


def is_held(scan: Scan) -> bool:
    """An appeal that nobody has answered needs the file, or a legal hold is on it."""
    return not Scan.objects.filter(pk=scan.pk).not_held().exists()


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


def purge_due() -> int:
    """Delete for good what has been in the trash for its time; how many scans that were."""
    now, purged = timezone.now(), 0
    for scan in Scan.objects.in_trash().filter(purge_at__lte=now).not_held().order_by("purge_at")[:AT_ONCE]:
        with transaction.atomic():
            # The update locks the row, so that nobody restores it meanwhile.
            if Scan.objects.in_trash().filter(pk=scan.pk, purge_at__lte=now).update(purge_at=now):
                delete(scan, None, event={"from": "trash"})
                purged += 1
    return purged


def delete(scan: Scan, actor: Any, *, event: dict[str, Any] | None = None) -> None:
    """The files and the name are gone; the row stays as a tombstone."""
    names = [scan.media.name or ""] if scan.media else []
    artifacts = Artifact.objects.filter(assessment__scan=scan)
    reports = Report.objects.filter(assessment__scan=scan).exclude(file="")
    names += list(reports.values_list("file", flat=True))
    names += list(artifacts.values_list("file", flat=True))
    storage = scan.media.storage
    # In the audit chain: how much of what file is gone, so that the tombstone is also a receipt.
    receipt = {"sha256": scan.sha256, "bytes": scan.bytes, "files": len(names)}
    with transaction.atomic():
        if LegalHold.objects.active().filter(scan=scan).exists():
            raise WrongState("This file is under a legal hold.")
        scan.move(
            Status.DELETED,
            actor,
            event={**(event or {}), "receipt": receipt},
            name="",
            media="",
            trashed_at=None,
            purge_at=None,
        )
        artifacts.delete()
        reports.update(file="")
        scan.fingerprints.all().delete()
        scan.tags.clear()
        scan.cases.clear()
        ReviewItem.objects.open().filter(scan=scan).update(closed_at=timezone.now(), holder=None)
        scan.shares.filter(revoked_at=None).update(revoked_at=timezone.now())
        for name in names:
            transaction.on_commit(partial(storage.delete, name))
