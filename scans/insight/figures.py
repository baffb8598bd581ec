"""What was measured of the models, straight from their cards."""

from typing import Any

LEAST = 30  # samples below which a share says nothing


def conditions(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One line for each set or condition that was measured; no share where there were too few."""
    return [
        {
            "label": card["label"],
            "set": row.get("data", ""),
            "fakes": row.get("n_fake"),
            "reals": row.get("n_real"),
            "auc": row.get("auc"),
            "auc_ci": row.get("auc_ci"),
            "false_alarms": _percent(row.get("false_alarms")),
            "inconclusive": _percent(row.get("inconclusive")),
            "enough_real": (row.get("n_real") or 0) >= LEAST,
            "enough": min(row.get("n_fake") or 0, row.get("n_real") or 0) >= LEAST,
            "below_chance": bool(row.get("auc_ci") and row["auc_ci"][0] <= 0.5),
            "inverted": bool(row.get("auc_ci") and row["auc_ci"][1] < 0.5),
        }
        for card in cards
        for row in card.get("figures") or []
    ]


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share * 100:.1f}"
