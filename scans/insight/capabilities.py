"""The capability statement: what the models can and can't do, from stored measurements and from decided files.

A condition in which too few files were measured has no percentage. The same input gives the same bytes.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from . import comparison
from .figures import LEAST

# What no model here does; the page has the sentences.
DOES_NOT = ("only_faces", "new_kinds", "who_or_why", "proof")


def statement(
    *,
    panel: str,
    media: list[dict[str, Any]],
    cards: Iterable[Mapping[str, Any]],
    measured: Iterable[Mapping[str, Any]],
    decided: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """`decided`: of the newest transparency reports, by quarter, how models and people compare.

    These figures are not added up: a quarter whose errors were few hides them, so that a sum of those that are shown
    would be wrong.
    """
    cards = list(cards)
    return {
        "object": "capability_statement",
        "format": 1,
        "panel": panel,
        "percentages_from": LEAST,
        "media": media,
        "measured": [condition(row) for row in measured],
        "models": [
            {
                "label": card["label"],
                "weight": card["weight"],
                "calibrated": card["calibrated"],
                "measured": [condition(row) for row in card.get("figures") or []],
                "known_failures": list(card.get("failures") or []),
            }
            for card in cards
        ],
        "decided_here": {quarter: compared["rates"] for quarter, compared in decided.items()},
        "does_not": list(DOES_NOT),
    }


def condition(row: Mapping[str, Any]) -> dict[str, Any]:
    """One set of files: how many, and what can be said of them."""
    reals, fakes = row.get("n_real") or 0, row.get("n_fake") or 0
    enough = min(reals, fakes) >= LEAST and row.get("auc_ci") is not None
    outcomes = row.get("outcomes") or {}
    flagged = outcomes.get("fake", {}).get("likely_manipulated", 0)
    return {
        "files": row.get("data") or row.get("source", ""),
        "real": reals,
        "manipulated": fakes,
        "verdict": _verdict(row, enough),
        "auc": row["auc"] if enough else None,
        "auc_interval": row["auc_ci"] if enough else None,
        "hits": comparison.share(flagged, fakes) if outcomes else None,
        "false_alarms": _false_alarms(row, reals),
        "kinds": _kinds(row.get("per_manipulation") or {}, reals),
    }


def _verdict(row: Mapping[str, Any], enough: bool) -> str:
    if not row.get("n_fake"):
        return "real_files_only"
    if not enough:
        return "not_enough_evidence"
    low, high = row["auc_ci"]
    return "better_than_chance" if low > 0.5 else "worse_than_chance" if high < 0.5 else "not_shown"


def _false_alarms(row: Mapping[str, Any], reals: int) -> dict[str, Any] | None:
    """As `evaluate` measured it: of the real files that were judged."""
    value, between = row.get("false_alarms"), row.get("false_alarms_ci")
    if value is None or between is None or reals < LEAST:
        return None
    return {"percent": round(100 * value, 1), "interval": [round(100 * bound, 1) for bound in between]}


def _kinds(kinds: Mapping[str, Mapping[str, Any]], reals: int) -> list[dict[str, Any]]:
    """By manipulation, where the set has several."""
    if len(kinds) < 2:
        return []
    found = []
    for name, kind in kinds.items():
        enough = min(kind["n"], reals) >= LEAST
        found.append(
            {
                "name": name,
                "manipulated": kind["n"],
                "auc": kind["auc"] if enough else None,
                "auc_interval": kind["auc_ci"] if enough else None,
            }
        )
    return found
