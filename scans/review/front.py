"""The desk at a glance, for one person: what waits in which queue, what is theirs, what is late."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Min, Q
from django.utils import timezone

from ..models import Note, Reason, ReviewItem, ReviewQueue


@dataclass(frozen=True, slots=True)
class Waiting:
    queue: ReviewQueue
    count: int
    overdue: int
    oldest: dt.datetime | None
    next_due: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Front:
    queues: list[Waiting]
    count: int
    overdue: int
    own_items: list[ReviewItem]
    own_count: int
    on_hold: int
    appeals: int
    free: int  # that this person could claim now
    mentions: list[Note]


SHOWN = 5


def front(person: Any) -> Front:
    now = timezone.now()
    items = ReviewItem.objects.open().visible_to(person)
    counted: dict[Any, Any] = {
        row["queue"]: row
        for row in items.order_by()
        .values("queue")
        .annotate(
            count=Count("pk"),
            overdue=Count("pk", filter=Q(due_at__lt=now)),
            oldest=Min("opened_at"),
            next_due=Min("due_at"),
        )
    }
    nothing: dict[str, Any] = {"count": 0, "overdue": 0, "oldest": None, "next_due": None}
    queues = [
        Waiting(queue, row["count"], row["overdue"], row["oldest"], row["next_due"])
        for queue in queues_of(person)
        for row in [counted.get(queue.pk, nothing)]
    ]
    own = items.filter(Q(assigned_to=person.pk) | Q(holder=person.pk, held_until__gt=now))
    counted_reasons = items.filter(reasons__reason__in=(Reason.SECOND, Reason.APPEAL)).order_by()
    by_reason = dict(counted_reasons.values_list("reasons__reason").annotate(Count("pk", distinct=True)))
    may_review = person.has_perm("scans.review")
    return Front(
        queues=queues,
        count=sum(row.count for row in queues),
        overdue=sum(row.overdue for row in queues),
        own_items=list(own.in_order().select_related("scan", "queue")[:SHOWN]),
        own_count=own.count(),
        on_hold=by_reason.get(Reason.SECOND, 0),
        appeals=by_reason.get(Reason.APPEAL, 0),
        mentions=mentions_of(person),
        free=ReviewItem.objects.free_for(person).workable_by(person).bearable_for(person).count() if may_review else 0,
    )


def mentions_of(person: Any) -> list[Note]:
    """Notes of the last days in which this person is named, on files that still wait; `open_item` leads there."""
    lately = timezone.now() - dt.timedelta(days=7)
    items = ReviewItem.objects.open().visible_to(person)
    notes = Note.objects.filter(mentions=person.pk, at__gte=lately, scan__items__in=items)
    newest = list(notes.select_related("author", "scan").distinct().order_by("-id")[:SHOWN])
    of_scan = dict(items.filter(scan__in=[note.scan_id for note in newest]).values_list("scan", "pk"))
    for note in newest:
        vars(note)["open_item"] = of_scan[note.scan_id]
    return newest


def queues_of(person: Any) -> list[ReviewQueue]:
    """Those whose items this person sees."""
    rows = ReviewQueue.objects.all()
    if person.has_perm("scans.review") and not person.has_perm("scans.lead_review"):
        rows = rows.filter(Q(roles=None) | Q(roles__in=person.groups.all())).distinct()
    return list(rows)
