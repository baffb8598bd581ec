"""Scans in a case: who may see which, and what is recorded when they are shared."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from ..models import Case, CaseLink, Event, Scan, Status
from ..models.event import Kind
from ..outcome import blind, effective


@transaction.atomic
def add(case: Case, scans: Iterable[Scan], person: Any) -> list[Any]:
    """The ids of those that were not in it before. Where the case is shared, they are shared from now on."""
    had = set(case.scans.values_list("pk", flat=True))
    new = [scan for scan in scans if scan.pk not in had]
    case.scans.add(*new)
    case.save(update_fields=["changed_at"])
    for link in case.links.open():
        note_sharing(link, new, person)
    return [scan.pk for scan in new]


@transaction.atomic
def take_out(case: Case, ids: Iterable[Any]) -> int:
    """How many of these were in the case. They stay in the library."""
    there = list(case.scans.filter(pk__in=list(ids)))
    case.scans.remove(*there)
    if there:
        case.save(update_fields=["changed_at"])
    return len(there)


@transaction.atomic
def delete(case: Case, person: Any) -> None:
    """The case and its links. Its scans stay in the library."""
    for link in case.links.open():
        note_end(link, person)
    case.delete()


@transaction.atomic
def share(case: Case, person: Any, days: int, *, with_picture: bool = False, with_notes: bool = False) -> CaseLink:
    link: CaseLink = CaseLink.objects.create(
        case=case,
        maker=person,
        with_picture=with_picture,
        with_notes=with_notes,
        expires_at=timezone.now() + dt.timedelta(days=days),
    )
    note_sharing(link, present(case), person)
    return link


@transaction.atomic
def revoke(link: CaseLink, person: Any) -> bool:
    """False if it was revoked before."""
    if not CaseLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=timezone.now()):
        return False
    note_end(link, person)
    return True


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
    scans = case.scans.filter(trashed_at=None).exclude(status=Status.DELETED).order_by("created_at", "id")
    return scans.filter(sandbox=True) if case.sandbox else scans


def listed(case: Case, person: Any) -> tuple[list[Scan], set[Any]]:
    """With what a list shows of each, and the ids of those whose outcome this person may not see yet."""
    scans = effective.with_verdicts(present(case).listed().prefetch_related("tags"))
    return scans, blind.withheld([scan.pk for scan in scans], person)
