"""The chips above the library: what can be narrowed by, and how many scans each would leave.

One query counts all combinations of outcome, type, source and status; every chip is a sum of some of them.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ..models import Case, Outcome, Source, Status, Tag

COUNTED: Final = ("outcome", "kind", "source", "status")
KINDS: Final = (("image", _("Photo")), ("video", _("Video")))
STATUSES: Final = tuple((value, label) for value, label in Status.choices if value != Status.DELETED)
SHOWN = 12  # tags and cases


@dataclass(frozen=True, slots=True)
class Chip:
    label: Any
    count: int
    query: str  # of the page with it, or without it if it is on
    is_on: bool
    code: str


@dataclass(frozen=True, slots=True)
class Facet:
    name: str
    title: str | Promise
    chips: list[Chip]


def facets(
    counts: "Counter[tuple[str, ...]]", owner: Any, query: QueryDict, chosen: dict[str, Any]
) -> tuple[list[Facet], int]:
    """The chips, and the number of scans left with all filters.

    `counts`: how many scans have which values in these columns, with every other filter."""
    choices: tuple[tuple[str, Any, Any], ...] = (
        ("outcome", _("Verdict"), Outcome.choices),
        ("kind", _("Type"), KINDS),
        ("source", _("Source"), Source.choices),
        ("status", _("Status"), STATUSES),
    )
    choices_made = [str(chosen.get(name) or "") for name in COUNTED]
    result = []
    for at, (name, title, values) in enumerate(choices):
        sums = _sums(counts, choices_made, at)
        rows = [(value, label, sums[value]) for value, label in values]
        if chips := _chips(query, name, rows, choices_made[at]):
            result.append(Facet(name, title, chips))
    filed: tuple[tuple[str, Any, Any], ...] = (("tag", _("Tags"), Tag), ("case", _("Cases"), Case))
    for name, title, model in filed:
        kept = model.objects.filter(owner=owner).with_counts().order_by("-count", "pk")
        on = getattr(chosen.get(name), "pk", "")
        rows = [(str(row.pk), str(row), row.count) for row in kept[:SHOWN]]
        if on and str(on) not in {value for value, _label, _count in rows}:
            rows.append((str(on), str(chosen[name]), 0))
        if chips := _chips(query, name, rows, str(on)):
            result.append(Facet(name, title, chips))
    total = sum(count for values, count in counts.items() if _fits(values, choices_made))
    return result, total


def _fits(values: tuple[str, ...], choices: list[str], but: int = -1) -> bool:
    return all(at == but or not want or values[at] == want for at, want in enumerate(choices))


def _sums(counts: "Counter[tuple[str, ...]]", choices: list[str], at: int) -> "Counter[str]":
    """Counts by the value of one column, filtered by the choices in the other columns."""
    sums: Counter[str] = Counter()
    for values, count in counts.items():
        if _fits(values, choices, but=at):
            sums[values[at]] += count
    return sums


def _chips(query: QueryDict, name: str, rows: list[tuple[str, Any, int]], on: str) -> list[Chip]:
    """The chips that leave some scans, and the active one. A single chip is left out: it would change nothing."""
    useful = [row for row in rows if row[2] > 0 or row[0] == on]
    if len(useful) < 2 and not on and name not in ("tag", "case"):
        return []
    return [
        Chip(
            label,
            count,
            _with(query, name, "" if value == on else value),
            value == on,
            value if name == "outcome" else "",
        )
        for value, label, count in useful
    ]


def _with(query: QueryDict, name: str, value: str) -> str:
    changed = query.copy()
    changed.pop("page", None)
    changed.pop(name, None)
    if value:
        changed[name] = value
    return changed.urlencode()
