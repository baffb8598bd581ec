"""How the models' outcome came about, in one sentence that people can check against the figures beside it."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from ..models import Outcome
from . import scores, words

# Why a score counts for less than its band.
DOUBTS = {
    "unstable": gettext_lazy("harmless changes such as saving the file again change the score a lot"),
    "bundles_disagree": gettext_lazy("the models contradict each other"),
    "out_of_distribution": gettext_lazy("the face differs from those that the models were trained on"),
}

# The changes with which a face is scored again.
VARIANTS = {
    "unchanged": gettext_lazy("unchanged"),
    "saved_again": gettext_lazy("saved again"),
    "smaller": gettext_lazy("smaller"),
    "brighter": gettext_lazy("brighter"),
    "mirrored": gettext_lazy("mirrored"),
    "trimmed": gettext_lazy("trimmed at the edges"),
}

# Why there is no heat map: what the detector wrote, and the sentence for it.
HEAT_MISSING = {
    "This was not asked for.": gettext_lazy("No heat map was made in this analysis."),
    "Nothing was scored, so there is nothing to explain.": gettext_lazy("There is no score to explain."),
    "The picture was judged as a whole. Heat maps are made of faces only.": gettext_lazy(
        "The picture was assessed as a whole. Heat maps are only made of faces."
    ),
    "A network that looks at several frames has no heat map of a single one.": gettext_lazy(
        "There are no heat maps of models that compare several frames."
    ),
    "The network of this bundle has no exact heat map.": gettext_lazy("This model does not support heat maps."),
    "The map was the same everywhere, so it is not shown.": gettext_lazy(
        "The heat map is not shown, because it is the same everywhere."
    ),
    "An untrained network gives the same map, so it is not shown.": gettext_lazy(
        "The heat map is not shown, because an untrained model draws the same one."
    ),
    "Hiding what it marks lowers the score no more than hiding any part, so it is not shown.": gettext_lazy(
        "The heat map is not shown, because hiding what it marks does not lower the score more than hiding other parts."
    ),
}


def heat_missing(heat: dict[str, Any]) -> str:
    """Why there is no heat map, or an empty string. The detector may put other text before the reason."""
    written = heat.get("said", "")
    explanation = next((text for sentence, text in HEAT_MISSING.items() if written.endswith(sentence)), None)
    return str(explanation or _("The heat map could not be made.")) if written else ""


def explain(inspection: dict[str, Any], outcome: str, score: float | None, models: Sequence[str]) -> str:
    """`models`: the names of those that gave a score."""
    codes = [reason["code"] for reason in inspection.get("reasons", [])]
    cuts = inspection.get("cuts")
    if score is None or not cuts:
        return _why_no_score(outcome, codes)
    sentence = {"score": _score(inspection, score, models), "position": _position(score, cuts)}
    band = scores.band_of(score, cuts)
    doubts = [str(DOUBTS[code]) for code in codes if code in DOUBTS]
    if outcome == band:
        return _("%(score)s: %(position)s.") % sentence
    if outcome == Outcome.INCONCLUSIVE and doubts:
        sentence["doubts"] = _(" and ").join(dict.fromkeys(doubts))
        return _("%(score)s: %(position)s. Because %(doubts)s, the outcome is inconclusive.") % sentence
    sentence["outcome"] = words.outcome_words(outcome)
    return _("%(score)s: %(position)s. The outcome is: %(outcome)s.") % sentence


def leading_reason(outcome: str, codes: Sequence[str]) -> str:
    """The code of the reason that explains why there is no score."""
    if outcome == Outcome.UNABLE_TO_EVALUATE and "bundle_failed" in codes:
        return "bundle_failed"
    return codes[0] if codes else ""


def _why_no_score(outcome: str, codes: Sequence[str]) -> str:
    code = leading_reason(outcome, codes)
    if outcome == Outcome.UNABLE_TO_EVALUATE and code == "bundle_failed":
        return _("No model could be run on this file.")
    return words.sentence({"code": code}) if code else ""


def _score(inspection: dict[str, Any], score: float, models: Sequence[str]) -> str:
    values = {"of": _whose(inspection), "points": scores.points(score)}
    if len(models) == 1:
        return _("The model %(model)s gives %(of)s a score of %(points)d") % {**values, "model": models[0]}
    return _("Together, the models give %(of)s a score of %(points)d") % values


def _whose(inspection: dict[str, Any]) -> str:
    face = inspection.get("deciding_face")
    if face is not None:
        return pgettext("gives …", "face %(number)d") % {"number": face + 1}
    film = inspection.get("media", {}).get("kind") == "video"
    return pgettext("gives …", "the video") if film else pgettext("gives …", "the picture")


def _position(score: float, cuts: scores.Cuts) -> str:
    """Where the score lies. After rounding, a score may look equal to the cut-off that it has passed."""
    score_points, low, high = (scores.points(value) for value in (score, *cuts))
    match scores.band_of(score, cuts):
        case Outcome.LIKELY_MANIPULATED if score_points == high:
            return _("just above the upper cut-off of %(cut)d") % {"cut": high}
        case Outcome.LIKELY_MANIPULATED:
            return _("above the upper cut-off of %(cut)d") % {"cut": high}
        case Outcome.LITTLE_EVIDENCE if score_points == low:
            return _("just below the lower cut-off of %(cut)d") % {"cut": low}
        case Outcome.LITTLE_EVIDENCE:
            return _("below the lower cut-off of %(cut)d") % {"cut": low}
    return _("between the cut-offs of %(low)d and %(high)d") % {"low": low, "high": high}
