"""Every decision counted once, by what people said and what the models had said, and the rates that follow from it."""

from collections import Counter
from typing import Any

from django.db.models import Exists, OuterRef, Q

from ..models import Decision, Outcome
from ..models.decision import FAKE, REAL
from .accuracy import Share
from .figures import LEAST
from .suppression import Table, protect

MEDIA = ("image", "video")
TRUTHS = ("real", "fake")
JUDGED = (Outcome.LITTLE_EVIDENCE, Outcome.INCONCLUSIVE, Outcome.LIKELY_MANIPULATED)
NOT_COMPARED = "not_compared"  # people could not tell, no model had judged the file, or a later decision replaced it


def cell(medium: str, truth: str, outcome: str) -> str:
    return f"{medium}_{truth}_{outcome}"


CELLS = (NOT_COMPARED, *(cell(medium, truth, outcome) for medium in MEDIA for truth in TRUTHS for outcome in JUDGED))


def compare(decisions: Any, until: Any, smallest: int) -> Table:
    """`decisions`: that stand. One counts as replaced if the later decision was made before `until`."""
    later = Decision.objects.standing().filter(supersedes=OuterRef("pk"), at__lt=until)
    rows = decisions.order_by().annotate(replaced=Exists(later))
    counts: Counter[str] = Counter()
    values = rows.values_list("replaced", "scan__kind", "label", "assessment__outcome")
    for replaced, medium, label, outcome in values.iterator(5000):
        truth = "real" if label in REAL else "fake" if label in FAKE else ""
        name = cell(medium, truth, outcome or "")
        counts[NOT_COMPARED if replaced or name not in CELLS else name] += 1
    return protect({name: counts[name] for name in CELLS}, smallest)


def rates(table: Table) -> dict[str, Any]:
    """By medium. None where a count is hidden, or where there are too few files to say anything."""
    return {medium: _rates(table.cells, medium) for medium in MEDIA}


def _rates(cells: dict[str, int | None], medium: str) -> dict[str, Any]:
    of_real, of_fake = ([cells[cell(medium, truth, outcome)] for outcome in JUDGED] for truth in TRUTHS)
    return {
        "false_alarms": _rate(of_real[2:], of_real),
        "misses": _rate(of_fake[:1], of_fake),
        "correct": _rate([*of_real[:1], *of_fake[2:]], [*of_real, *of_fake]),
    }


def _rate(some: list[int | None], of_all: list[int | None]) -> dict[str, Any] | None:
    if None in of_all:
        return None
    return share(sum(count or 0 for count in some), sum(count or 0 for count in of_all))


def share(count: int, total: int) -> dict[str, Any] | None:
    """So many of so many, in per cent with a 95 % interval; None for fewer than LEAST."""
    if total < LEAST:
        return None
    measured = Share(count, total)
    assert measured.interval and measured.percent is not None
    low, high = measured.interval
    return {
        "count": count,
        "of": total,
        "percent": round(measured.percent, 1),
        "interval": [round(low, 1), round(high, 1)],
    }


def standing_between(begin: Any, end: Any) -> Any:
    """Decisions that began to stand in this time: when they were made, or when a second person approved."""
    alone = Q(needs_second=False, at__gte=begin, at__lt=end)
    approved = Q(needs_second=True, second__verdict="approve", second__at__gte=begin, second__at__lt=end)
    return Decision.objects.filter(alone | approved, undone=None, scan__sandbox=False)
