"""Carrying out what the engine decides: by the timetable, by hand, and as a dry run that only says what it would do."""

import datetime as dt
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from ..models import PurgeRun, Scan, Status, WrongState
from ..models.scan import MOVING
from . import engine, facts, rules
from .deletion import delete, delete_media
from .engine import Decision, Reason

log = structlog.get_logger(__name__)

AT_ONCE = 500  # scans whose facts are read together
STAYS = frozenset(engine.BEATS)
BY_ACCOUNT = frozenset({Reason.ERASURE})  # carried out with the whole account, by `accounts.personal`


@dataclass(slots=True)
class Report:
    """What a run did, or would do."""

    dry_run: bool
    purged: int = 0
    bytes: int = 0
    by_reason: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)  # whose time has come, and which something keeps all the same
    seconds: float = 0.0


def decision_of(scan: Scan) -> Decision:
    return engine.decide(facts.of(scan), timezone.now())


def decisions_of(scans: Any) -> dict[Any, Decision]:
    now = timezone.now()
    return {pk: engine.decide(of_scan, now) for pk, of_scan in facts.gather(scans).items()}


def ending(until: dt.datetime, *, with_rules: bool = True) -> Any:
    """Scans that something may let go by this time. Whether it does is for the engine to say. Each kind is looked for
    by itself, in its own index: with `OR` between them, all scans would be read."""
    kinds = [
        Q(trashed_at__isnull=False, purge_at__lte=until),
        Q(zero_retention=True, media_deleted_at=None) & ~Q(status__in=MOVING),
    ]
    days = rules.shortest() if with_rules else None
    if days is not None:
        kinds.append(Q(finished_at__lte=until - dt.timedelta(days=days), media_deleted_at=None))
    first, *others = (Scan.objects.filter(kind).order_by().values("pk") for kind in kinds)
    return Scan.objects.exclude(status=Status.DELETED).filter(pk__in=first.union(*others))


def purge(scans: Any = None, *, dry_run: bool = False, with_rules: bool = True) -> Report:
    """Delete whatever has to go by now; of `scans`, or of all."""
    began, report = time.monotonic(), Report(dry_run)
    candidates = ending(timezone.now(), with_rules=with_rules) if scans is None else scans
    for scan, decision in _decided(candidates):
        if decision.keep:
            report.kept.update(decision.codes if _is_overdue(decision) else ())
        elif not BY_ACCOUNT.issuperset(decision.codes):
            _purge_one(scan, decision, report)
    report.seconds = time.monotonic() - began
    if report.purged and not dry_run:
        PurgeRun.objects.create(
            scans=report.purged, bytes=report.bytes, by_reason=dict(report.by_reason), seconds=report.seconds
        )
        log.info("purged", scans=report.purged, bytes=report.bytes, reasons=dict(report.by_reason))
    return report


def purge_analysed(scan: Scan) -> None:
    """Directly after its analysis, what was uploaded without retention."""
    if scan.zero_retention:
        purge(Scan.objects.filter(pk=scan.pk))


def upcoming(days: int, most: int) -> list[tuple[Scan, Decision]]:
    """What goes, or would go, within so many days: the first first, then what is kept past its time."""
    now = timezone.now()
    latest = now + dt.timedelta(days=days)
    rows = [
        (scan, decision)
        for scan, decision in _decided(ending(latest))
        if _is_overdue(decision) or (decision.until is not None and decision.until <= latest)
    ]
    far = now + dt.timedelta(days=days + 1)
    return sorted(rows, key=lambda row: row[1].until or far)[:most]


def _decided(candidates: Any) -> Iterator[tuple[Scan, Decision]]:
    """In the order of their ids, so that one that stays never stands in the way of the next."""
    last = None
    while True:
        rows = candidates.order_by("pk") if last is None else candidates.filter(pk__gt=last).order_by("pk")
        some = list(rows.select_related("owner")[:AT_ONCE])
        if not some:
            return
        decisions = decisions_of(Scan.objects.filter(pk__in=[scan.pk for scan in some]))
        yield from ((scan, decisions[scan.pk]) for scan in some if scan.pk in decisions)
        last = some[-1].pk


def _purge_one(scan: Scan, decision: Decision, report: Report) -> None:
    try:
        if not report.dry_run:
            decision = _carry_out(scan)
    except (WrongState, Scan.DoesNotExist):
        return  # restored, held or deleted meanwhile
    report.purged += 1
    report.bytes += scan.bytes if scan.media else 0
    report.by_reason.update(decision.codes)


def _carry_out(scan: Scan) -> Decision:
    with transaction.atomic():
        # Locked, and decided anew: nobody restores it, appeals or places a hold between this answer and the deletion.
        locked = Scan.objects.select_for_update().get(pk=scan.pk)
        decision = decision_of(locked)
        if decision.keep or Reason.DELETED in decision.codes:
            raise WrongState("It is kept.")
        if decision.is_whole:
            delete(locked, None, why=next(reason for reason in decision.codes if reason in engine.WHOLE))
        else:
            delete_media(locked, list(decision.codes))
    return decision


def _is_overdue(decision: Decision) -> bool:
    """Its time has come, and something keeps it."""
    now = timezone.now()
    ends = [ground for ground in decision.reasons if ground.reason in engine.ENDS]
    return decision.keep and any(ground.at is not None and ground.at <= now for ground in ends)


def rules_in_force() -> dict[str, int]:
    return dict(settings.RETENTION_DAYS)
