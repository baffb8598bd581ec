"""From events to what programs are told: one publisher at a time numbers them, whenever their transactions ended.

An event has its number from the moment it is written, but is seen only when its transaction ends, perhaps after a
higher one. So programs do not read events: the publisher, which is alone, takes those that are there and not yet
told, and numbers what it says of them. Nobody who has read up to a number can have missed a lower one."""

from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from ..models import Batch, Change, Decision, Event, Notification, Source, notify
from ..models.event import Kind
from ..outcome import effective, statement
from . import webhooks

AT_ONCE = 500
LOCK = 7_460_115  # any number of one's own
CHANGE_KINDS = {
    Kind.ANALYSED: Change.Kind.COMPLETED,
    Kind.FAILED: Change.Kind.FAILED,
    Kind.CANCELLED: Change.Kind.CANCELLED,
    Kind.REVIEW_REQUIRED: Change.Kind.REVIEW,
    Kind.APPEALED: Change.Kind.APPEALED,
    Kind.REASSESSED: Change.Kind.OUTCOME,
    Kind.TOLD: Change.Kind.DECISION,
    Kind.DELETED: Change.Kind.DELETED,
    Kind.MEDIA_DELETED: Change.Kind.DELETED,
}


def publish() -> int:
    """Publish the events since the last run and return their number."""
    count = 0
    while True:
        with transaction.atomic():
            _lock()
            events = list(Event.objects.filter(published_at=None).select_related("scan").order_by("id")[:AT_ONCE])
            for event in events:
                _publish_event(event)
            Event.objects.filter(pk__in=[event.pk for event in events]).update(published_at=timezone.now())
        count += len(events)
        if len(events) < AT_ONCE:
            _publish_batches()
            return count


@transaction.atomic
def _publish_batches() -> None:
    _lock()
    for batch in Batch.objects.untold():
        Batch.objects.filter(pk=batch.pk).update(told_at=timezone.now())
        if batch.scans.filter(source=Source.SITE).exists():
            notify(batch.owner_id, Notification.Kind.BATCH, batch=batch)
        _add_change(kind=Change.Kind.BATCH, batch=batch, effective=batch.counts())


def _lock() -> None:
    """Keep other publishers out until this transaction ends. SQLite has only one writer."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _publish_event(event: Event) -> None:
    if event.kind not in CHANGE_KINDS or event.scan is None:
        return
    last = Change.objects.filter(scan=event.scan_id).order_by("-id").first()
    before = last.effective if last else None
    kind = CHANGE_KINDS[Kind(event.kind)]
    current = effective.for_programs(event.scan)
    fields = {
        "scan": event.scan,
        "version": statement.version(event.scan),
        "effective": current,
        "before": before,
    }
    if kind != Change.Kind.OUTCOME:
        _add_change(kind=kind, **fields)
    if kind == Change.Kind.DECISION and _answers_an_appeal(event):
        _add_change(kind=Change.Kind.ANSWERED, **fields)
    if before is not None and _compared_part(before) != _compared_part(current) and kind != Change.Kind.COMPLETED:
        _add_change(kind=Change.Kind.OUTCOME, **fields)


def _add_change(**fields: Any) -> None:
    subject = fields.get("scan") or fields["batch"]
    webhooks.announce(Change.objects.create(owner_id=subject.owner_id, sandbox=subject.sandbox, **fields))


def _answers_an_appeal(event: Event) -> bool:
    return Decision.objects.filter(pk=event.content.get("decision"), answered_appeal__isnull=False).exists()


def _compared_part(effective: dict[str, object]) -> tuple[object, ...]:
    return effective.get("outcome"), effective.get("source"), effective.get("action")
