"""What the engine must know of a scan, for any number of them in one query."""

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Subquery

from accounts.models import Erasure

from ..models import Appeal, Decision, KnownFile, LegalHold, LockedCase, ReviewItem, Scan, Status
from ..models.scan import MOVING
from . import rules
from .engine import Facts, Reason

OWN = (
    "pk", "status", "outcome", "sandbox", "zero_retention", "media", "created_at", "finished_at", "trashed_at",
    "purge_at",
)  # fmt: skip


def of(scan: Scan) -> Facts:
    return gather(Scan.objects.filter(pk=scan.pk))[scan.pk]


def gather(scans: Any) -> dict[uuid.UUID, Facts]:
    """`scans`: a query set of them."""
    return {row["pk"]: _facts(row) for row in _rows(scans)}


def _rows(scans: Any) -> Iterable[dict[str, Any]]:
    of_it = {"decision__scan": OuterRef("pk")}
    standing = Decision.objects.standing().filter(scan=OuterRef("pk")).order_by("-id")
    # Once for each decision, and not against the answer to an appeal: as `statement.may_appeal` says.
    appealable = standing.filter(appeal=None, answered_appeal=None).order_by("-settles_at")
    bank = KnownFile.objects.in_force().filter(**of_it)
    erasures = Erasure.objects.filter(user=OuterRef("owner"), withdrawn_at=None, done_at=None)
    rows: Iterable[dict[str, Any]] = (
        scans.order_by()
        .annotate(
            held=Exists(LegalHold.objects.active().filter(scan=OuterRef("pk"))),
            appealed=Exists(Appeal.objects.filter(**of_it, answered_by=None)),
            waits=Exists(ReviewItem.objects.open().filter(scan=OuterRef("pk"))),
            locked=Exists(LockedCase.objects.filter(scan=OuterRef("pk"))),
            known=Exists(bank),
            known_for_good=Exists(bank.filter(expires_at=None)),
            known_until=Subquery(bank.order_by("-expires_at").values("expires_at")[:1]),
            erase_at=Subquery(erasures.values("due_at")[:1]),
            decided_at=Subquery(standing.values("at")[:1]),
            label=Subquery(standing.values("label")[:1]),
            policy=Subquery(standing.values("policy__code")[:1]),
            settles_at=Subquery(appealable.values("settles_at")[:1]),
        )
        .values(
            *OWN, "held", "appealed", "waits", "locked", "known", "known_for_good", "known_until", "erase_at",
            "decided_at", "label", "policy", "settles_at",
        )
    )  # fmt: skip
    return rows


def _facts(row: dict[str, Any]) -> Facts:
    return Facts(_ends(row), _stays(row), row["status"] == Status.DELETED)


def _ends(row: dict[str, Any]) -> dict[Reason, dt.datetime]:
    finished: dt.datetime = row["finished_at"] or row["created_at"]
    ends = {
        Reason.TRASH: row["purge_at"] if row["trashed_at"] else None,
        Reason.ERASURE: row["erase_at"],
    }
    if row["media"]:
        if row["zero_retention"]:
            ends[Reason.ZERO_RETENTION] = finished
        kept_days = rules.days(
            status=row["status"],
            outcome=row["outcome"],
            label=row["label"] or "",
            policy=row["policy"] or "",
            sandbox=row["sandbox"],
        )
        if kept_days is not None:
            ends[Reason.RULE] = max(finished, row["decided_at"] or finished) + dt.timedelta(days=kept_days)
    return {reason: at for reason, at in ends.items() if at is not None}


def _stays(row: dict[str, Any]) -> dict[Reason, dt.datetime | None]:
    open_ended = {
        Reason.IN_WORK: row["status"] in MOVING,
        Reason.LEGAL_HOLD: row["held"],
        Reason.APPEAL: row["appealed"],
        Reason.REVIEW: row["waits"],
        Reason.LOCKED_CASE: row["locked"],
    }
    stays: dict[Reason, dt.datetime | None] = {reason: None for reason, counts in open_ended.items() if counts}
    if row["known"]:
        stays[Reason.BANK] = None if row["known_for_good"] else row["known_until"]
    if row["settles_at"]:
        stays[Reason.APPEAL_WINDOW] = row["settles_at"] + dt.timedelta(days=settings.APPEAL_DAYS)
    return stays
