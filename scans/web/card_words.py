"""The words of a model's card: what it was trained on, and its figures."""

from collections.abc import Iterator
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from detection import format_value, trained_on

from ..insight.card_texts import kind_of_fake

# A card may have other names than these, which are shown as they are.
FIGURES: dict[str, str | Promise] = {
    "data": gettext_lazy("Test set"),
    "n_real": gettext_lazy("Real"),
    "n_fake": gettext_lazy("Manipulated"),
    "auc": "AUC",
    "auc_ci": gettext_lazy("AUC interval (95 %)"),
    "coverage": gettext_lazy("Share with a score"),
    "tpr_at_fpr_05": gettext_lazy("Detected (TPR at FPR 0.05)"),
    "false_alarms": gettext_lazy("False alarms"),
    "false_alarms_ci": gettext_lazy("False alarms interval (95 %)"),
    "ece": gettext_lazy("Calibration error (ECE)"),
}
MIXTURE = "kinds of fakes, by share"
TRAINING = {
    MIXTURE: gettext_lazy("Kinds of manipulation, by share"),
    "licences": gettext_lazy("Pictures by licence"),
    "network": gettext_lazy("Network"),
    "first weights": gettext_lazy("First weights"),
    "started from": gettext_lazy("Started from"),
    "samples": gettext_lazy("Samples seen in training"),
    "seed": gettext_lazy("Random seed"),
    "software": gettext_lazy("Software"),
    "faces sha256": gettext_lazy("SHA-256 of the list of faces"),
    "code sha256": gettext_lazy("SHA-256 of the code"),
    "faces drawn again": gettext_lazy("Faces redrawn by a generator"),
    "real films to make fakes of": gettext_lazy("Real videos that manipulated ones were made from"),
    "false alarms wished for in calibration": gettext_lazy("Share of false alarms that the calibration aimed for"),
    "fakes missed at the lower cut in calibration": gettext_lazy(
        "Share of manipulated files below the lower cut-off that the calibration aimed for"
    ),
}


def columns(figures: list[dict[str, Any]]) -> list[tuple[str, str | Promise]]:
    """The name of each column, and its words."""
    names = dict.fromkeys(name for row in figures for name in row)
    return [(name, FIGURES.get(name) or name.replace("_", " ")) for name in names]


def figure(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return str(number_format(value, 3))
    if isinstance(value, list):
        return " – ".join(figure(part) for part in value)
    return format_value(value)


def training_facts(training: dict[str, Any]) -> Iterator[tuple[str | Promise, str, bool]]:
    """Name, value, and whether the value is in English, as in the card."""
    for name, text in trained_on(training):
        shares = training.get(name)
        if name == MIXTURE and isinstance(shares, dict):
            yield TRAINING[name], ", ".join(_shares(shares)), False
        elif isinstance(shares, float):
            yield TRAINING.get(name, name), _percent(shares), False
        else:
            yield TRAINING.get(name, name), text, True


def _percent(share: float) -> str:
    return f"{number_format(round(100 * share, 2))} %"


def _shares(shares: dict[str, float]) -> Iterator[str]:
    for kind, share in sorted(shares.items(), key=lambda pair: -pair[1]):
        yield _("%(kind)s (%(percent)s %%)") % {"kind": kind_of_fake(kind), "percent": number_format(100 * share, 0)}
