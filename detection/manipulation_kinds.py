"""Which kind of manipulation a file looks like, from what bundles for different kinds say of the deciding face."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .fusion import Medium, log_odds

GENERATED = "generated"  # the whole face was drawn by a generator; not: a real one was changed or replaced
SURE = 0.7  # share from which it is named
LEAST_AUC = 0.7  # on files by others, below which no kind is named at all


@dataclass(frozen=True, slots=True)
class KindRule:
    """The log-odds that a manipulated face was generated as a whole: a weighted sum of those of the bundles."""

    weights: Mapping[str, float]  # by label
    offset: float
    measured: Mapping[str, Any]  # on files by others

    @property
    def holds(self) -> bool:
        return float(self.measured.get("auc", 0.0)) >= LEAST_AUC

    def generated_share(self, scores: Mapping[str, float]) -> float | None:
        """None where a bundle that it needs has not judged the face."""
        if any(label not in scores for label in self.weights):
            return None
        odds = self.offset + sum(weight * log_odds(scores[label]) for label, weight in self.weights.items())
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, odds))))

    def name(self, scores: Mapping[str, float]) -> dict[str, Any] | None:
        """That it was generated, with what was measured; None where it can't be told.

        That a real face was altered is never named: a face by an unknown generator looks the same to these bundles.
        """
        share = self.generated_share(scores) if self.holds else None
        if share is None or share < SURE:
            return None
        return {"name": GENERATED, "share": round(share, 4), "measured": dict(self.measured)}


def read(policy: Mapping[str, Any]) -> dict[Medium, KindRule]:
    """ValueError, KeyError or TypeError where they make no sense."""
    return {
        Medium(medium): KindRule(
            {str(label): float(weight) for label, weight in rule["weights"].items()},
            float(rule["offset"]),
            dict(rule["measured"]),
        )
        for medium, rule in policy.items()
    }
