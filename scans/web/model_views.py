"""What the models here can do and can't, straight from their cards."""

import json
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from .. import analysis
from ..insight.figures import LEAST, conditions
from ..models.learning import WEIGHTS
from . import card_words


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    cards = analysis.cards()
    context = {
        "cards": cards,
        "heard": [_models_sentence(medium) for medium in analysis.media()],
        "conditions": conditions([analysis.measured(), *cards]),
        "least": LEAST,
    }
    return render(request, "scans/models.html", context)


def _models_sentence(medium: dict[str, Any]) -> str:
    """Which models decide in a medium, in a sentence: several of them are combined."""
    names = [label.partition("/")[0] for label in medium["bundles"]]
    silent = [label.partition("/")[0] for label in medium["not_heard"]]
    names_by_use = {"names": get_text_list(names, _("and")), "silent": get_text_list(silent, _("and"))}
    if medium["medium"] == "film":
        if not names:
            return _("Videos: no model.")
        if silent:
            return _("Videos: %(names)s. Not used: %(silent)s.") % names_by_use
        return _("Videos: %(names)s.") % names_by_use
    if medium["faces_below"]:
        names_by_use["pixels"] = f"{medium['faces_below']:g}"
        if not names:
            return _("Faces in photos less than %(pixels)s pixels high: no model.") % names_by_use
        if silent:
            return (
                _("Faces in photos less than %(pixels)s pixels high: %(names)s. Not used: %(silent)s.") % names_by_use
            )
        return _("Faces in photos less than %(pixels)s pixels high: %(names)s.") % names_by_use
    if not names:
        return _("Photos: no model.")
    if silent:
        return _("Photos: %(names)s. Not used: %(silent)s.") % names_by_use
    return _("Photos: %(names)s.") % names_by_use


@require_safe
def card_json(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """The card as the page shows it, for programs."""
    return HttpResponse(json.dumps(_card(name, version), indent=2) + "\n", content_type="application/json")


@require_safe
def card(request: HttpRequest, name: str, version: str) -> HttpResponse:
    model_card = _card(name, version)
    figures = model_card.get("figures") or []
    columns = card_words.columns(figures)
    context = {
        "card": model_card,
        "cuts": _cuts(analysis.panel(), model_card["label"]),
        "use": WEIGHTS.get(model_card["weight"], model_card["weight"]),
        "columns": [words for _name, words in columns],
        "rows": [
            [(words, name == "data", card_words.figure(row.get(name))) for name, words in columns] for row in figures
        ],
        "trained_on": list(card_words.training_facts(model_card.get("training") or {})),
    }
    return render(request, "scans/card.html", context)


def _card(name: str, version: str) -> dict[str, Any]:
    for card in analysis.cards():
        if card["label"] == f"{name}/{version}":
            return card
    raise Http404


def _cuts(panel: Any, label: str) -> list[tuple[str, Any]]:
    """The cuts that decide instead of the model's own, by medium."""
    if panel.cuts:
        return [(_("Cut-offs of all models together"), panel.cuts)]
    names = {
        "photo": _("Cut-offs of all models together, photos"),
        "photo_small_faces": _("Cut-offs of all models together, small faces in photos"),
        "film": _("Cut-offs of all models together, videos"),
    }
    return [(names[medium], rule.cuts) for medium, rule in panel.fusion.items() if label in rule.heard]
