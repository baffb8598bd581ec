"""What the models here can do and can't, straight from their cards."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from detection.model_cards import format_value, trained_on

from .. import analysis
from ..insight.figures import LEAST, conditions


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    cards = analysis.cards()
    context = {"cards": cards, "conditions": conditions([analysis.measured(), *cards]), "least": LEAST}
    return render(request, "scans/models.html", context)


@require_safe
def card(request: HttpRequest, name: str, version: str) -> HttpResponse:
    found = next((one for one in analysis.cards() if one["label"] == f"{name}/{version}"), None)
    if found is None:
        raise Http404
    figures = found.get("figures") or []
    columns = _columns(figures)
    context = {
        "card": found,
        "cuts": analysis.panel().cuts,
        "columns": [name.replace("_", " ") for name in columns],
        "rows": [[format_value(row.get(name)) for name in columns] for row in figures],
        "trained_on": trained_on(found.get("training") or {}),
    }
    return render(request, "scans/card.html", context)


def _columns(figures: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in figures for name in row))
