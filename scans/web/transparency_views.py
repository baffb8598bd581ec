"""The transparency report and the capability statement: each as a page, and as the JSON that the page is made of."""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from ..evidence import published
from ..insight import comparison, transparency
from ..models import Policy
from . import transparency_words as words


@require_safe
def transparency_page(request: HttpRequest, quarter: str = "") -> HttpResponse:
    """The newest closed quarter, or the one that was chosen."""
    quarters = _quarters(request)
    if quarter and quarter not in quarters:
        raise Http404
    shown = quarter or next(iter(quarters), "")
    context: dict[str, Any] = {"quarters": [(name, words.quarter(name)) for name in quarters], "shown": shown}
    if shown:
        context |= _report_context(json.loads(published.report_of(shown)))
        context["title"] = words.quarter(shown)
    return render(request, "scans/transparency.html", context)


@require_safe
def transparency_json(request: HttpRequest, quarter: str) -> HttpResponse:
    """The bytes that `manage.py transparency_report` writes for this quarter."""
    if quarter not in _quarters(request):
        raise Http404
    return _json(published.report_of(quarter))


@require_safe
def capabilities_page(request: HttpRequest) -> HttpResponse:
    statement = json.loads(published.capability_statement())
    context = {
        "statement": statement,
        "decided": [(words.quarter(quarter), _rates(rates)) for quarter, rates in statement["decided_here"].items()],
        "verdicts": words.VERDICTS,
        "does_not": [words.DOES_NOT[name] for name in statement["does_not"]],
    }
    return render(request, "scans/capabilities.html", context)


@require_safe
def capabilities_json(request: HttpRequest) -> HttpResponse:
    """The bytes that `manage.py capability_statement` writes."""
    return _json(published.capability_statement())


def _quarters(request: HttpRequest) -> list[str]:
    if not (settings.TRANSPARENCY_PUBLIC or request.user.has_perm("scans.view_decision")):
        raise Http404
    return published.quarters()


def _json(text: str) -> HttpResponse:
    return HttpResponse(text, content_type="application/json")


# -- What the pages show ---------------------------------------------------------------------------


def _report_context(report: dict[str, Any]) -> dict[str, Any]:
    uploads, decisions, appeals = report["uploads"], report["decisions"], report["appeals"]
    policies = {transparency.NO_POLICY: _("No policy named"), **{row.code: str(row) for row in Policy.objects.all()}}
    compared = report["automated_means"]["compared_with_people"]
    return {
        "report": report,
        "first": dt.date.fromisoformat(report["period"]["from"]),
        "last": dt.date.fromisoformat(report["period"]["to"]),
        "smallest": report["counts_hidden_below"],
        "tiles": [
            (_("uploads"), uploads["total"]),
            (_("decisions by people"), decisions["total"]),
            (_("reports of wrong outcomes"), report["feedback"]["total"]),
            (_("appeals"), appeals["total"]),
        ],
        "uploads": [
            _table(_("By outcome at the end of the period"), words.OUTCOMES, uploads, "by_outcome"),
            _table(_("By kind"), words.KINDS, uploads, "by_kind"),
            _table(_("By source"), words.SOURCES, uploads, "by_source"),
        ],
        "decisions": [
            _table(_("By action"), words.ACTIONS, decisions, "by_action"),
            _table(_("By policy"), policies, decisions, "by_policy"),
            _table(_("By cause"), words.BASES, decisions, "by_basis"),
        ],
        "feedback": [_table(_("By reported mistake"), words.FEEDBACK, report["feedback"], "by_kind")],
        "appeals": [_table(_("By result"), words.APPEALS, appeals, "by_outcome")],
        "times": [
            (_("From upload to the models' outcome"), _duration(uploads["median_seconds_to_outcome"])),
            (_("From queue to decision"), _duration(decisions["median_seconds_in_queue"])),
            (_("From appeal to answer"), _duration(appeals["median_seconds_to_answer"])),
        ],
        "compared": _compared(compared["counts"]),
        "not_compared": compared["counts"][comparison.NOT_COMPARED],
        "rates": _rates(compared["rates"]),
        "sets": report["automated_means"]["measured"]["sets"],
        "verdicts": words.VERDICTS,
        "people": report["human_resources"]["people_who_decided"],
        "not_recorded": [words.NOT_RECORDED[name] for name in report["not_recorded"]],
    }


def _table(title: str, names: Mapping[str, Any], part: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Name, count, and how long its bar is in per cent of the whole."""
    total = part["total"] or 0
    rows = [
        (names.get(name, name), count, round(100 * count / total, 1) if count and total else 0)
        for name, count in part[key].items()
    ]
    return {"title": title, "key": key, "rows": rows}


def _compared(counts: Mapping[str, Any]) -> list[tuple[Any, list[Any]]]:
    return [
        (
            words.TRUTHS[medium, truth],
            [counts[comparison.cell(medium, truth, outcome)] for outcome in comparison.JUDGED],
        )
        for medium in comparison.MEDIA
        for truth in comparison.TRUTHS
    ]


def _rates(rates: Mapping[str, Mapping[str, Any]]) -> Iterable[tuple[Any, list[Any]]]:
    return [
        (words.MEDIA[medium], [of_medium[name] for name in ("false_alarms", "misses", "correct")])
        for medium, of_medium in rates.items()
    ]


UNITS = ((2 * 86400, 86400), (2 * 3600, 3600), (120, 60), (0, 1))


def _duration(seconds: int | None) -> str | None:
    if seconds is None:
        return None
    unit = next(unit for least, unit in UNITS if seconds >= least)
    count = round(seconds / unit)
    return {
        86400: ngettext("%(count)d day", "%(count)d days", count),
        3600: ngettext("%(count)d hour", "%(count)d hours", count),
        60: ngettext("%(count)d minute", "%(count)d minutes", count),
        1: ngettext("%(count)d second", "%(count)d seconds", count),
    }[unit] % {"count": count}
