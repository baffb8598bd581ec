"""What the models here can do and can't, straight from their cards."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from .. import analysis

LEAST = 30  # samples below which a share says nothing


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    cards = analysis.cards()
    return render(request, "scans/models.html", {"cards": cards, "conditions": conditions(cards), "least": LEAST})


@require_safe
def card(request: HttpRequest, name: str, version: str) -> HttpResponse:
    found = next((one for one in analysis.cards() if one["label"] == f"{name}/{version}"), None)
    if found is None:
        raise Http404
    figures = found.get("figures") or []
    context = {"card": found, "columns": _columns(figures), "rows": [_row(row, _columns(figures)) for row in figures]}
    return render(request, "scans/card.html", context)


def conditions(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One line for each set or condition that was measured; no share where there were too few."""
    return [
        {
            "label": one["label"],
            "set": row.get("data", ""),
            "fakes": row.get("n_fake"),
            "reals": row.get("n_real"),
            "auc": row.get("auc"),
            "auc_ci": row.get("auc_ci"),
            "false_alarms": None if row.get("false_alarms") is None else f"{row['false_alarms'] * 100:.1f}",
            "enough_real": (row.get("n_real") or 0) >= LEAST,
            "enough": min(row.get("n_fake") or 0, row.get("n_real") or 0) >= LEAST,
            "below_chance": bool(row.get("auc_ci") and row["auc_ci"][0] <= 0.5),
        }
        for one in cards
        for row in one.get("figures") or []
    ]


def _columns(figures: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in figures for name in row))


def _row(row: dict[str, Any], columns: list[str]) -> list[str]:
    return [_said(row.get(name)) for name in columns]


def _said(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, list):
        return " – ".join(_said(one) for one in value)
    return str(value)
