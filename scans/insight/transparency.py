"""The transparency report of a period: totals for everybody, after the EU's template for the Digital Services Act.

It holds no time of its making and no identifier, its order is fixed, and what happened after the period does not
change it: the same rows give the same bytes.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Count, Exists, ExpressionWrapper, F, Min, OuterRef, Subquery
from django.db.models.fields import DurationField

from ..models import Action, Appeal, Assessment, Feedback, Outcome, Policy, Reason, ReviewReason, Scan, Source
from . import capabilities, comparison
from .suppression import Table, protect

# The first large count is hidden where a small one must be, so that the largest come first.
KINDS = ("image", "video", "unknown")
SOURCES = (Source.SITE, Source.API, Source.CAMERA, Source.SHELL)
OUTCOMES = (
    Outcome.LITTLE_EVIDENCE, Outcome.INCONCLUSIVE, Outcome.LIKELY_MANIPULATED, Outcome.NOT_APPLICABLE,
    Outcome.UNABLE_TO_EVALUATE, "not_judged",
)  # fmt: skip
ACTIONS = (Action.KEEP, Action.LABEL, Action.RESTRICT, Action.REMOVE)
BASES = ("own_initiative_by_rule", "own_initiative_by_hand", "on_request")
ON_REQUEST = (Reason.FEEDBACK, Reason.APPEAL)
APPEALS = ("upheld", "changed", "open")
NO_POLICY = "(none)"  # no short name of a policy has brackets

# Parts of the template of which this software keeps no record.
NOT_RECORDED = (
    "orders_from_authorities",
    "notices_by_trusted_flaggers",
    "out_of_court_disputes",
    "suspensions_for_misuse",
    "qualifications_and_languages_of_reviewers",
    "monthly_recipients",
)


def report(
    first: dt.date, last: dt.date, *, smallest: int, panel: str, measured: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """From the first day to the last, both included, in UTC. `measured`: figures of `analysis.measured`."""
    begin = dt.datetime.combine(first, dt.time(), dt.UTC)
    end = dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), dt.UTC)
    decisions = comparison.standing_between(begin, end)
    return {
        "object": "transparency_report",
        "format": 1,
        "period": {"from": first.isoformat(), "to": last.isoformat()},
        "counts_hidden_below": smallest,
        "uploads": _uploads(begin, end, smallest),
        "decisions": _decisions(decisions, smallest),
        "feedback": _feedback(begin, end, smallest),
        "appeals": _appeals(begin, end, smallest),
        "automated_means": _automated_means(decisions, end, smallest, panel, measured),
        "human_resources": {"people_who_decided": _people(decisions, smallest)},
        "not_recorded": list(NOT_RECORDED),
    }


def _parts(tables: Mapping[str, Table]) -> dict[str, Any]:
    """Several ways to divide the same rows, which therefore have the same total."""
    return {"total": next(iter(tables.values())).total, **{name: table.cells for name, table in tables.items()}}


def _counted(rows: Any, field: str, names: Iterable[str], smallest: int, empty: str = "") -> Table:
    counts = dict(rows.order_by().values_list(field).annotate(count=Count("pk")))
    named: Counter[str] = Counter()
    for value, count in counts.items():
        named[value or empty] += count
    return protect({str(name): named[str(name)] for name in names}, smallest)


def _uploads(begin: dt.datetime, end: dt.datetime, smallest: int) -> dict[str, Any]:
    made = Assessment.objects.filter(scan=OuterRef("pk"), at__lt=end)
    rows = Scan.objects.filter(sandbox=False, created_at__gte=begin, created_at__lt=end)
    rows = rows.annotate(
        judged=Subquery(made.order_by("-id").values("outcome")[:1]),
        first_judged_at=Subquery(made.order_by("id").values("at")[:1]),
    )
    return {
        **_parts(
            {
                "by_kind": _counted(rows, "kind", KINDS, smallest, "unknown"),
                "by_source": _counted(rows, "source", SOURCES, smallest),
                "by_outcome": _counted(rows, "judged", OUTCOMES, smallest, "not_judged"),
            }
        ),
        "median_seconds_to_outcome": _median(rows, F("first_judged_at") - F("created_at"), smallest),
    }


def _decisions(rows: Any, smallest: int) -> dict[str, Any]:
    reasons = ReviewReason.objects.filter(item=OuterRef("item"), at__lte=OuterRef("at"))
    requested = Exists(reasons.filter(reason__in=ON_REQUEST))
    by_hand = Exists(reasons.filter(reason=Reason.HAND))
    counts: Counter[str] = Counter()
    pairs = rows.order_by().annotate(requested=requested, by_hand=by_hand).values_list("requested", "by_hand")
    for (on_request, hand), count in Counter(pairs.iterator(5000)).items():
        counts["on_request" if on_request else BASES[1] if hand else BASES[0]] += count
    codes = (NO_POLICY, *Policy.objects.order_by("code").values_list("code", flat=True))
    return {
        **_parts(
            {
                "by_action": _counted(rows, "action", ACTIONS, smallest),
                "by_policy": _counted(rows, "policy__code", codes, smallest, NO_POLICY),
                "by_basis": protect({name: counts[name] for name in BASES}, smallest),
            }
        ),
        "solely_automated": 0,  # a row without a person can't be written: Decision.decider
        "median_seconds_in_queue": _median(rows, F("at") - F("item__opened_at"), smallest),
    }


def _feedback(begin: dt.datetime, end: dt.datetime, smallest: int) -> dict[str, Any]:
    rows = Feedback.objects.filter(assessment__scan__sandbox=False, at__gte=begin, at__lt=end)
    return _parts({"by_kind": _counted(rows, "kind", Feedback.Kind.values, smallest)})


def _appeals(begin: dt.datetime, end: dt.datetime, smallest: int) -> dict[str, Any]:
    rows = Appeal.objects.filter(decision__scan__sandbox=False, at__gte=begin, at__lt=end)
    answered = rows.filter(answered_by__at__lt=end, answered_by__undone=None)
    upheld = answered.filter(answered_by__label=F("decision__label"), answered_by__action=F("decision__action"))
    counts = {"upheld": upheld.count(), "changed": answered.count() - upheld.count()}
    counts["open"] = rows.count() - answered.count()
    return {
        **_parts({"by_outcome": protect(counts, smallest)}),
        "median_seconds_to_answer": _median(answered, F("answered_by__at") - F("at"), smallest),
    }


def _automated_means(
    decisions: Any, end: dt.datetime, smallest: int, panel: str, measured: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    table = comparison.compare(decisions, end, smallest)
    return {
        "purpose": "estimates that put files before people and inform them; no decision is made by a model",
        "compared_with_people": {"total": table.total, "counts": table.cells, "rates": comparison.rates(table)},
        "measured": {"panel": panel, "sets": [capabilities.condition(row) for row in measured]},
    }


def _people(decisions: Any, smallest: int) -> int | None:
    count: int = decisions.order_by().values("decider").distinct().count()
    return None if 0 < count < smallest else count


def _median(rows: Any, duration: Any, smallest: int) -> int | None:
    """Half took this long or less. None for so few that it could be one person's."""
    took = rows.annotate(took=ExpressionWrapper(duration, output_field=DurationField())).filter(took__isnull=False)
    count = took.count()
    if count < smallest:
        return None
    middle: dt.timedelta = took.order_by("took").values_list("took", flat=True)[(count - 1) // 2]
    return round(middle.total_seconds())


# -- Quarters ----------------------------------------------------------------------------------------


def closed_quarters(today: dt.date) -> list[str]:
    """From the first upload on, the newest first; the quarter that runs is none of them."""
    begun = Scan.objects.filter(sandbox=False).aggregate(first=Min("created_at"))["first"]
    if begun is None:
        return []
    begun = begun.astimezone(dt.UTC)
    first, now = begun.year * 4 + (begun.month - 1) // 3, today.year * 4 + (today.month - 1) // 3
    return [f"{number // 4}-Q{number % 4 + 1}" for number in range(now - 1, first - 1, -1)]


def days_of(quarter: str) -> tuple[dt.date, dt.date]:
    """The first day and the last."""
    year, _q, number = quarter.partition("-Q")
    first = dt.date(int(year), 3 * int(number) - 2, 1)
    after = dt.date(first.year + (first.month == 10), (first.month + 2) % 12 + 1, 1)
    return first, after - dt.timedelta(days=1)
