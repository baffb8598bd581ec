"""Models against people, week by week; how the scores drift; what blind answers and appeals say of both."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Count, F, Q
from django.utils import timezone

from detection import share_interval

from ..models import Appeal, Assessment, Decision, FirstAnswer, Outcome, Reason
from ..models.decision import FAKE, REAL
from . import agreement

WEEKS = 12

BINS = 10


@dataclass(frozen=True, slots=True)
class Share:
    """A count out of a total, with a 95 % interval (Wilson)."""

    count: int
    total: int

    @property
    def percent(self) -> float | None:
        return 100 * self.count / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float] | None:
        if not self.total:
            return None
        low, high = share_interval(self.count, self.total)
        return 100 * low, 100 * high


@dataclass(frozen=True, slots=True)
class Week:
    monday: dt.date
    false_alarms: Share  # of what people call real, how many the models call likely manipulated
    misses: Share  # of what people call manipulated, how many the models see little evidence in


def _decided(since: dt.datetime) -> Iterator[tuple[dt.datetime, str, str]]:
    """Time, label and the models' outcome of each decision."""
    rows = Decision.objects.standing().filter(at__gte=since, superseded_by=None, assessment__isnull=False)
    yield from rows.order_by("at").values_list("at", "label", "assessment__outcome").iterator(5000)


def weeks(count: int = WEEKS) -> list[Week]:
    today = timezone.localdate()
    monday = today - dt.timedelta(days=today.weekday())
    first = monday - dt.timedelta(weeks=count - 1)
    tallies: dict[dt.date, list[int]] = {first + dt.timedelta(weeks=n): [0, 0, 0, 0] for n in range(count)}
    since = timezone.make_aware(dt.datetime.combine(first, dt.time()))
    for at, label, outcome in _decided(since):
        day = timezone.localtime(at).date()
        tally = tallies[day - dt.timedelta(days=day.weekday())]
        if label in REAL:
            tally[0] += outcome == Outcome.LIKELY_MANIPULATED
            tally[1] += 1
        elif label in FAKE:
            tally[2] += outcome == Outcome.LITTLE_EVIDENCE
            tally[3] += 1
    return [Week(day, Share(t[0], t[1]), Share(t[2], t[3])) for day, t in tallies.items()]


def alarms(rows: list[Week]) -> list[Week]:
    """Weeks with an interval wholly above the interval of all weeks before."""
    alarming = []
    for number, week in enumerate(rows):
        before = rows[:number]
        for share in ("false_alarms", "misses"):
            past = [getattr(week, share) for week in before]
            all_ = Share(sum(week.count for week in past), sum(week.total for week in past)).interval
            now = getattr(week, share).interval
            if all_ and now and now[0] > all_[1]:
                alarming.append(week)
                break
    return alarming


def drift() -> dict[str, Any]:
    """Population stability index of the scores: the last 7 days against the 28 before. 0.1 is little, 0.25 much."""
    now = timezone.now()
    recent, before = (
        _histogram(now - dt.timedelta(days=first), now - dt.timedelta(days=last)) for first, last in ((7, 0), (35, 7))
    )
    psi = None
    if min(recent.sum(), before.sum()) >= 30:
        psi = _stability(recent, before)
    return {"psi": psi, "recent": recent.astype(int).tolist(), "before": before.astype(int).tolist()}


def _stability(recent: Any, before: Any) -> float:
    recent_share, earlier_share = ((counts + 0.5) / (counts + 0.5).sum() for counts in (recent, before))
    return float(((recent_share - earlier_share) * np.log(recent_share / earlier_share)).sum())


def _histogram(since: dt.datetime, until: dt.datetime) -> Any:
    """How many scores lie in each tenth, counted by the database."""
    scored = Assessment.objects.filter(scan__sandbox=False, score__isnull=False, same_as=None)
    bins = {
        f"bin_{number}": Count(
            "pk",
            filter=Q(score__gte=number / BINS) & (Q() if number == BINS - 1 else Q(score__lt=(number + 1) / BINS)),
        )
        for number in range(BINS)
    }
    counts = scored.filter(at__gte=since, at__lt=until).order_by().aggregate(**bins)
    return np.array([counts[name] for name in bins], dtype=float)


def appeals() -> Share:
    """Of those that were answered, how many turned the decision over."""
    answered = Appeal.objects.filter(answered_by__in=Decision.objects.standing())
    return Share(answered.exclude(answered_by__label=F("decision__label")).count(), answered.count())


def double(person: Any = None) -> dict[str, Any]:
    """How far second opinions given independently agree with the first decision, for one person or for all."""
    pairs = _pairs(person)
    return {
        "count": len(pairs),
        "same": Share(sum(first == second for first, second in pairs), len(pairs)),
        "kappa": agreement.kappa(pairs),
        "kappa_interval": agreement.interval(pairs),
        "alpha": agreement.alpha(pairs),
    }


def _pairs(person: Any) -> list[tuple[str, str]]:
    rows = FirstAnswer.objects.filter(item__reasons__reason=Reason.DOUBLE, item__closed_at__isnull=False)
    pairs = []
    for answer in rows.select_related("item").distinct().order_by("pk"):
        first = Decision.objects.filter(scan=answer.item.scan_id, at__lt=answer.at, undone=None).first()
        if first and (person is None or person.pk in (first.decider_id, answer.person_id)):
            pairs.append((first.label, answer.label))
    return pairs


def anchoring() -> dict[str, Share]:
    """Of the answers given blind, how many the same person changed after seeing the score; and who was right,
    by what another person, asked apart, saw in the same file."""
    changed = kept = right = compared = 0
    for answer in FirstAnswer.objects.filter(item__blind=True).select_related("item"):
        decision = Decision.objects.filter(item=answer.item, decider=answer.person_id, undone=None).first()
        if decision is None:
            continue
        kept += decision.label == answer.label
        changed += decision.label != answer.label
        if decision.label != answer.label:
            others = FirstAnswer.objects.filter(item__scan=answer.item.scan_id).exclude(person=answer.person_id)
            for label in others.values_list("label", flat=True)[:1]:
                compared += 1
                right += label == decision.label
    return {"changed": Share(changed, changed + kept), "right": Share(right, compared)}
