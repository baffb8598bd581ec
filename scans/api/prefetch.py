"""What the API says of scans beside their own rows: of a hundred of them in as many queries as of one."""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, OuterRef, Q, Subquery

from ..models import Appeal, Artifact, Assessment, Decision, Event, ReviewItem, Scan, Status
from ..models.event import LOOKS, Kind
from ..models.scan import ScanQuerySet
from ..outcome import blind, effective


@dataclass(slots=True)
class ScanContext:
    """One scan's surroundings."""

    newest: Assessment | None = None
    settled: Decision | None = None
    item: ReviewItem | None = None
    appealed: bool = False
    held: bool = False
    version: int = 0
    position: int | None = None
    deleted_at: dt.datetime | None = None
    heatmap: uuid.UUID | None = None
    withheld: bool = False  # whoever asks must say first what they see


def around(scans: Sequence[Scan], person: Any) -> dict[uuid.UUID, ScanContext]:
    ids = [scan.pk for scan in scans]
    found = {pk: ScanContext() for pk in ids}
    for newest in (
        effective.newest(Assessment.objects.filter(scan__in=ids)).select_related("same_as").prefetch_related("findings")
    ):
        found[newest.scan_id].newest = newest
    _decided(found)
    for item in ReviewItem.objects.open().filter(scan__in=ids).prefetch_related("reasons"):
        found[item.scan_id].item = item
    happened = Event.objects.filter(scan__in=ids).order_by().values("scan")
    for row in happened.annotate(
        count=Count("pk", filter=~Q(kind__in=LOOKS)), gone=Max("at", filter=Q(kind=Kind.DELETED))
    ):
        found[row["scan"]].version, found[row["scan"]].deleted_at = row["count"], row["gone"]
    _drawn(found)
    for pk, position in _positions([scan.pk for scan in scans if scan.status == Status.QUEUED]):
        found[pk].position = position
    if any(one.item and one.item.blind for one in found.values()):
        for pk in blind.withheld(ids, person):
            found[pk].withheld = True
    return found


def _decided(found: dict[uuid.UUID, ScanContext]) -> None:
    """Most scans nobody has decided about: of those no more is asked."""
    decided = set(Decision.objects.filter(scan__in=found).order_by().values_list("scan", flat=True))
    if not decided:
        return
    for settled in effective.newest(Decision.objects.settled().filter(scan__in=decided)).select_related("second"):
        found[settled.scan_id].settled = settled
    appeals = Appeal.objects.filter(decision__scan__in=decided, answered_by=None)
    for pk in appeals.values_list("decision__scan", flat=True):
        found[pk].appealed = True
    for pk in Decision.objects.pending().filter(scan__in=decided).values_list("scan", flat=True):
        found[pk].held = True


def _drawn(found: dict[uuid.UUID, ScanContext]) -> None:
    """Heat maps, where the inspection says that there is one."""
    with_one = {
        one.newest.pk: one
        for one in found.values()
        if one.newest and one.newest.inspection.get("heatmap", {}).get("status") == "available"
    }
    if with_one:
        maps = Artifact.objects.filter(assessment__in=with_one, kind=Artifact.Kind.HEATMAP)
        for pk, assessment in maps.values_list("pk", "assessment"):
            with_one[assessment].heatmap = pk


def _positions(waiting: Iterable[uuid.UUID]) -> Any:
    """How many will be taken before each of those that wait."""
    if not waiting:
        return []
    before: Any = ScanQuerySet(Scan).waiting().filter(queue=OuterRef("queue"), queued_at__lt=OuterRef("queued_at"))
    counted = before.order_by().values("status").annotate(count=Count("pk")).values("count")
    rows = Scan.objects.filter(pk__in=waiting).annotate(place=Subquery(counted))
    return [(pk, position or 0) for pk, position in rows.values_list("pk", "place")]
