"""The state of the desk: what waits and why, what was decided, how long it took."""

import datetime as dt
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

from django.db.models import Count, F, Q
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..models import Decision, Exposure, Reason, ReviewItem, ReviewQueue

AGES = ((4, _("under 4 h")), (24, _("under a day")), (72, _("under 3 days")), (10**6, _("longer")))
LOOK_BACK = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Timing:
    """Hours or seconds: half were faster, nine in ten were."""

    queue: str
    count: int
    waited: tuple[float, float]  # hours from opened to decided
    worked: tuple[float, float]  # seconds with the page open and somebody at it


def waiting() -> dict[str, Any]:
    open_ = ReviewItem.objects.open()
    now = timezone.now()
    reasons = dict(open_.values_list("reasons__reason").annotate(count=Count("pk", distinct=True)))
    since = [now - dt.timedelta(hours=hours) for hours, _name in AGES]
    counted = open_.aggregate(
        count=Count("pk"),
        overdue=Count("pk", filter=Q(due_at__lt=now)),
        today=Count("pk", filter=Q(due_at__range=(now, now + dt.timedelta(hours=24)))),
        held=Count("pk", filter=Q(held_until__gt=now)),
        **{f"age_{place}": Count("pk", filter=Q(opened_at__gt=at)) for place, at in enumerate(since)},
    )
    younger = [counted.pop(f"age_{place}") for place in range(len(AGES))]
    return {
        **counted,
        "reasons": [(reason, Reason(reason).label, reasons[reason]) for reason in Reason.values if reasons.get(reason)],
        "ages": [
            (str(name), count - before)
            for (_hours, name), count, before in zip(AGES, younger, [0, *younger[:-1]], strict=True)
        ],
    }


def decided_by_day(days: int = 14) -> list[tuple[dt.date, int]]:
    today = timezone.localdate()
    first = today - dt.timedelta(days=days - 1)
    rows = dict(
        Decision.objects.standing()
        .filter(at__gte=timezone.make_aware(dt.datetime.combine(first, dt.time())))
        .order_by()
        .values_list(TruncDate("at"))
        .annotate(count=Count("pk", distinct=True))
    )
    return [(day, rows.get(day, 0)) for day in (first + dt.timedelta(days=n) for n in range(days))]


def late() -> tuple[int, int]:
    """Of the items closed lately, how many after they were due."""
    closed = ReviewItem.objects.filter(closed_at__gte=timezone.now() - LOOK_BACK)
    counted = closed.aggregate(late=Count("pk", filter=Q(closed_at__gt=F("due_at"))), all=Count("pk"))
    return counted["late"], counted["all"]


def timings() -> list[Timing]:
    since = timezone.now() - LOOK_BACK
    result = []
    for queue in ReviewQueue.objects.all():
        rows = list(
            ReviewItem.objects.filter(queue=queue, closed_at__gte=since).values_list(
                "opened_at", "closed_at", "active_seconds"
            )[:20_000]
        )
        waited = [(closed - opened).total_seconds() / 3600 for opened, closed, _worked in rows if closed]
        worked = [seconds for *_times, seconds in rows]
        result.append(Timing(str(queue), len(rows), _half_and_nine_tenths(waited), _half_and_nine_tenths(worked)))
    return result


def _half_and_nine_tenths(values: list[float]) -> tuple[float, float]:
    if len(values) < 2:
        return (values[0], values[0]) if values else (0.0, 0.0)
    tenths = quantiles(values, n=10, method="inclusive")
    return tenths[4], tenths[8]


def exposures(days: int = 7) -> dict[str, int]:
    """How much was looked at clearly by all together: nobody is named, and two people at least stand behind it."""
    rows = Exposure.objects.filter(at__gte=timezone.now() - dt.timedelta(days=days))
    people = rows.values("person").distinct().count()
    return {"days": days, "people": people, "looks": rows.count() if people > 1 else 0}
