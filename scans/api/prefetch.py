"""What the API shows of scans beside their own rows, in as many queries for a hundred scans as for one."""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Min, OuterRef, Q, Subquery

from ..models import Appeal, Artifact, Assessment, Decision, Event, ReviewItem, Scan, Status, Tag
from ..models.event import LOOKS, Kind
from ..models.scan import ScanQuerySet
from ..outcome import blind, effective
from ..retention import purging


@dataclass(slots=True)
class ScanContext:
    """A scan, and what belongs to it."""

    scan: Scan
    newest: Assessment | None = None
    settled: Decision | None = None
    item: ReviewItem | None = None
    appealed: bool = False
    held: bool = False
    version: int = 0
    position: int | None = None
    delete_after: dt.datetime | None = None
    deleted_at: dt.datetime | None = None
    heatmap: uuid.UUID | None = None
    tags: list[str] = field(default_factory=list)  # of this person
    withheld: bool = False  # this person must give their own assessment first


def load_contexts(scans: Sequence[Scan], person: Any) -> dict[uuid.UUID, ScanContext]:
    ids = [scan.pk for scan in scans]
    contexts = {scan.pk: ScanContext(scan) for scan in scans}
    for newest in (
        effective.newest(Assessment.objects.filter(scan__in=ids)).select_related("same_as").prefetch_related("findings")
    ):
        contexts[newest.scan_id].newest = newest
    _add_decisions(contexts)
    for item in ReviewItem.objects.open().filter(scan__in=ids).prefetch_related("reasons"):
        contexts[item.scan_id].item = item
    happened = Event.objects.filter(scan__in=ids).order_by().values("scan")
    gone = Min("at", filter=Q(kind__in=(Kind.DELETED, Kind.MEDIA_DELETED)))
    for row in happened.annotate(count=Count("pk", filter=~Q(kind__in=LOOKS)), gone=gone):
        contexts[row["scan"]].version, contexts[row["scan"]].deleted_at = row["count"], row["gone"]
    _add_heatmaps(contexts)
    for pk, name in Tag.objects.filter(owner=person, scans__in=ids).values_list("scans", "name"):
        contexts[pk].tags.append(name)
    for pk, decision in purging.decisions_of(Scan.objects.filter(pk__in=ids)).items():
        contexts[pk].delete_after = decision.until
    for pk, position in _positions([scan.pk for scan in scans if scan.status == Status.QUEUED]):
        contexts[pk].position = position
    if any(context.item and context.item.blind for context in contexts.values()):
        for pk in blind.withheld(ids, person):
            contexts[pk].withheld = True
    return contexts


def _add_decisions(contexts: dict[uuid.UUID, ScanContext]) -> None:
    """Add decisions and appeals. Most scans have none, so the other queries run only for those that do."""
    decided = set(Decision.objects.filter(scan__in=contexts).order_by().values_list("scan", flat=True))
    if not decided:
        return
    for settled in effective.newest(Decision.objects.settled().filter(scan__in=decided)).select_related("second"):
        contexts[settled.scan_id].settled = settled
    appeals = Appeal.objects.filter(decision__scan__in=decided, answered_by=None)
    for pk in appeals.values_list("decision__scan", flat=True):
        contexts[pk].appealed = True
    for pk in Decision.objects.pending().filter(scan__in=decided).values_list("scan", flat=True):
        contexts[pk].held = True


def _add_heatmaps(contexts: dict[uuid.UUID, ScanContext]) -> None:
    """Add the heat maps of the assessments that have one."""
    by_assessment = {
        context.newest.pk: context
        for context in contexts.values()
        if context.newest and context.newest.inspection.get("heatmap", {}).get("status") == "available"
    }
    if by_assessment:
        maps = Artifact.objects.filter(assessment__in=by_assessment, kind=Artifact.Kind.HEATMAP)
        for pk, assessment in maps.values_list("pk", "assessment"):
            by_assessment[assessment].heatmap = pk


def _positions(waiting: Iterable[uuid.UUID]) -> Any:
    """How many scans are before each of these in its queue."""
    if not waiting:
        return []
    before: Any = ScanQuerySet(Scan).waiting().filter(queue=OuterRef("queue"), queued_at__lt=OuterRef("queued_at"))
    counted = before.order_by().values("status").annotate(count=Count("pk")).values("count")
    rows = Scan.objects.filter(pk__in=waiting).annotate(place=Subquery(counted))
    return [(pk, position or 0) for pk, position in rows.values_list("pk", "place")]
