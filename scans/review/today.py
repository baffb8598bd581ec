"""The desk's day at a glance, for leads: what came in, what went out, and who did it."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Min, Q
from django.utils import timezone

from accounts.models import User

from ..models import Decision, ReviewItem


@dataclass(frozen=True, slots=True)
class Reviewer:
    name: str
    decided: int  # today
    holds: int  # now


@dataclass(frozen=True, slots=True)
class Today:
    opened: int
    closed: int
    waiting: int
    overdue: int
    oldest: dt.datetime | None
    reviewers: list[Reviewer]


SHOWN = 8


def today() -> Today:
    """Since midnight where the reader is."""
    now = timezone.now()
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    open_ = ReviewItem.objects.open().filter(scan__trashed_at=None)
    counted = open_.aggregate(
        waiting=Count("pk"), overdue=Count("pk", filter=Q(due_at__lt=now)), oldest=Min("opened_at")
    )
    return Today(
        opened=ReviewItem.objects.filter(opened_at__gte=midnight).count(),
        closed=ReviewItem.objects.filter(closed_at__gte=midnight).count(),
        reviewers=_reviewers(midnight),
        **counted,
    )


def _reviewers(since: dt.datetime) -> list[Reviewer]:
    """Those who have decided today or hold something now; whoever decided most comes first."""
    decided: dict[Any, int] = dict(
        Decision.objects.standing().filter(at__gte=since).order_by().values_list("decider").annotate(Count("pk"))
    )
    held: dict[Any, int] = dict(ReviewItem.objects.held().order_by().values_list("holder").annotate(Count("pk")))
    people = User.objects.filter(pk__in=decided.keys() | held.keys())
    rows = [Reviewer(str(person), decided.get(person.pk, 0), held.get(person.pk, 0)) for person in people]
    return sorted(rows, key=lambda row: (-row.decided, -row.holds, row.name))[:SHOWN]
