"""CARD.md, the readable form of bundle.json."""

from typing import Any

from .bundle import UPPER_QUARTER, Bundle

DIGITS = 3
APART = ("summary", "again")  # fields of `training` that are not in the list


def markdown(bundle: Bundle) -> str:
    card = bundle.card
    input_card, training = card["input"], card.get("training") or {}
    parts = [
        f"# {bundle.label}",
        f"{'Pictures' if bundle.kind == 'image' else 'Videos'}, looked at "
        + ("as a whole" if bundle.looks_at == "whole" else "face by face")
        + f": {bundle.size} × {bundle.size} pixels"
        + (f", {bundle.frames} frames at a time" if bundle.frames > 1 else "")
        + f", scaled {input_card['scaling']}, {bundle.colours.upper()}."
        + f" Licence: {card.get('licence', 'unknown')}.",
        *_in_films(bundle),
        _calibration(bundle),
        "A score is an estimate of how likely a face is manipulated. It is never proof.",
    ]
    if summary := training.get("summary"):
        parts += ["## Trained on", str(summary)]
    parts += [f"- {name}: {value}" for name, value in trained_on(training)]
    parts += _inferred_licences(training)
    if again := training.get("again"):
        parts += ["A second run, with the plan beside this card:", "\n".join(f"    {command}" for command in again)]
    parts += ["## Figures", _figures(card.get("figures") or [])]
    parts += [
        f"![{words}]({name})"
        for name, words in (
            ("calibration.svg", "Calibration on fakes of our own made from people it was not trained on"),
            ("log.svg", "How the training went"),
        )
        if (bundle.folder / name).is_file()
    ]
    if failures := card.get("failures"):
        parts += ["## Known failures", *(f"- {failure}" for failure in failures)]
    parts += ["## Weights", *(f"- `{name}` sha256 `{digest}`" for name, digest in bundle.files.items())]
    return "\n\n".join(parts).replace("\n\n- ", "\n- ") + "\n"


def _in_films(bundle: Bundle) -> list[str]:
    sentences = []
    if bundle.film_margins:
        margins = ", ".join(f"{margin:g}" for margin in bundle.film_margins)
        sentences.append(f"In films, one frame after the other is cut with the next of these margins: {margins}.")
    if bundle.film_score == UPPER_QUARTER:
        sentences.append(
            "The score of a face in a film is the mean of the quarter of the places (four frames each) with the "
            "highest scores."
        )
    return [" ".join(sentences)] if sentences else []


def trained_on(training: dict[str, Any]) -> list[tuple[str, str]]:
    """The fields about the training, without the summary and the commands, which have sections of their own."""
    return [(name.replace("_", " "), format_value(value)) for name, value in training.items() if name not in APART]


def _inferred_licences(training: dict[str, Any]) -> list[str]:
    """A line about crops whose licence nobody stated, if there are any."""
    licences: dict[str, int] = training.get("licences") or {}
    inferred = sum(count for licence, count in licences.items() if "inferred" in licence)
    if not inferred:
        return []
    return [f"- licence only inferred, not stated by the source: {inferred} of {sum(licences.values())} crops"]


def _calibration(bundle: Bundle) -> str:
    cuts = bundle.cuts
    band = (
        f"Below {cuts.little_below:g} there is little evidence, above {cuts.manipulated_above:g} a manipulation is "
        "likely; between them, and on either, the answer is inconclusive."
    )
    if not bundle.calibration.fitted:
        return f"Not calibrated: its number is no probability, and pages don't show it as one. {band}"
    if not bundle.calibration.holds:
        return (
            "Calibrated on data of its own, which does not hold on files from elsewhere (see the figures): its number"
            f" is no probability, and pages don't show it as one. {band}"
        )
    return f"Calibrated on data of its own. {band}"


def _figures(figures: list[dict[str, Any]]) -> str:
    if not figures:
        return "None were measured here."
    columns = list(dict.fromkeys(name for row in figures for name in row))
    lines = [f"| {' | '.join(name.replace('_', ' ') for name in columns)} |", "|" + "---|" * len(columns)]
    lines += [f"| {' | '.join(format_value(row.get(name, '')) for name in columns)} |" for row in figures]
    return "\n".join(lines)


def format_value(value: Any) -> str:
    """Format any value of a card."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.{DIGITS}f}"
    if isinstance(value, list):
        return " to ".join(format_value(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {format_value(item)}" for name, item in value.items())
    return str(value)
