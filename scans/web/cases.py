"""Scans in a case: who may see which, and what is written down when they are shared."""

from collections.abc import Iterable
from typing import Any

from ..models import Case, CaseLink, Event, Scan, Status
from ..models.event import Kind
from ..outcome import blind, effective


def add(case: Case, scans: Iterable[Scan], person: Any) -> list[Any]:
    """The ids of those that were not in it before. Where the case is shared, they are shared from now on."""
    had = set(case.scans.values_list("pk", flat=True))
    new = [scan for scan in scans if scan.pk not in had]
    case.scans.add(*new)
    case.save(update_fields=["changed_at"])
    for link in case.links.open():
        note_sharing(link, new, person)
    return [scan.pk for scan in new]


def note_sharing(link: CaseLink, scans: Iterable[Scan], person: Any) -> None:
    """In the history of every scan that the link shows."""
    Event.objects.bulk_create(
        Event(scan=scan, kind=Kind.SHARED, actor=person, content={"case": str(link.case_id), "link": link.pk})
        for scan in scans
    )


def note_end(link: CaseLink, person: Any) -> None:
    Event.objects.bulk_create(
        Event(scan=scan, kind=Kind.SHARE_ENDED, actor=person, content={"case": str(link.case_id), "link": link.pk})
        for scan in present(link.case)
    )


def present(case: Case) -> Any:
    """Neither deleted nor in the trash, in the order in which they were uploaded."""
    return case.scans.filter(trashed_at=None).exclude(status=Status.DELETED).order_by("created_at", "id")


def listed(case: Case, person: Any) -> tuple[list[Scan], set[Any]]:
    """With what a list shows of each, and the ids of those whose outcome this person may not see yet."""
    scans = effective.with_verdicts(present(case).listed().prefetch_related("tags"))
    return scans, blind.withheld([scan.pk for scan in scans], person)
