"""From events to what programs are told: one publisher at a time numbers them, whenever their transactions ended.

An event has its number from the moment it is written, but is seen only when its transaction ends, perhaps after a
higher one. So programs do not read events: the publisher, which is alone, takes those that are there and not yet
told, and numbers what it says of them. Nobody who has read up to a number can have missed a lower one."""

from django.db import connection, transaction
from django.utils import timezone

from . import statement
from .models import Change, Event
from .models.event import Kind

AT_ONCE = 500
LOCK = 7_460_115  # any number of one's own
SAID = {
    Kind.ANALYSED: Change.Kind.COMPLETED,
    Kind.FAILED: Change.Kind.FAILED,
    Kind.CANCELLED: Change.Kind.CANCELLED,
    Kind.REASSESSED: Change.Kind.OUTCOME,
    Kind.TOLD: Change.Kind.DECISION,
    Kind.DELETED: Change.Kind.DELETED,
}


def publish() -> int:
    """Tell what happened since the last time; how many events that were."""
    told = 0
    while True:
        with transaction.atomic():
            _alone()
            events = list(Event.objects.filter(published_at=None).select_related("scan").order_by("id")[:AT_ONCE])
            for event in events:
                _tell(event)
            Event.objects.filter(pk__in=[event.pk for event in events]).update(published_at=timezone.now())
        told += len(events)
        if len(events) < AT_ONCE:
            return told


def _alone() -> None:
    """Until this transaction ends. SQLite has one writer anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _tell(event: Event) -> None:
    if event.kind not in SAID:
        return
    last = Change.objects.filter(scan=event.scan_id).order_by("-id").first()
    before = last.effective if last else None
    effective = statement.effective(event.scan)
    kind = SAID[Kind(event.kind)]
    version = statement.version(event.scan)
    if kind != Change.Kind.OUTCOME:
        Change.objects.create(scan=event.scan, kind=kind, version=version, effective=effective, before=before)
    if before is not None and _counts(before) != _counts(effective) and kind != Change.Kind.COMPLETED:
        Change.objects.create(
            scan=event.scan, kind=Change.Kind.OUTCOME, version=version, effective=effective, before=before
        )


def _counts(effective: dict[str, object]) -> tuple[object, ...]:
    return effective.get("outcome"), effective.get("source"), effective.get("action")
