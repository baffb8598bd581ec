"""How the scores of several bundles become one: which of them are heard in a medium, and how much each counts."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .bundle import Thresholds, read_thresholds

HELD = 1e-6


class Medium(StrEnum):
    PHOTO = "photo"
    FILM = "film"


class Condition(StrEnum):
    """What weights and thresholds are fitted for."""

    PHOTO = "photo"  # every face in it, or only the larger ones where there is a rule for small ones
    SMALL_FACES = "photo_small_faces"
    FILM = "film"

    @property
    def medium(self) -> Medium:
        return Medium.FILM if self is Condition.FILM else Medium.PHOTO


class Combining(StrEnum):
    SUM = "sum of log-odds"  # each bundle sees some of every manipulation
    ODDS = "log of the sum of odds"  # each bundle sees manipulations of its own


@dataclass(frozen=True, slots=True)
class Fusion:
    """Of one condition. A bundle of weight 0 is not heard there: it counts for nothing."""

    weights: Mapping[str, float]  # by label; a bundle that isn't in it was not known when they were fitted
    offset: float
    combining: Combining
    slope: float
    cuts: Thresholds
    holds: bool  # whether the score was measured to be a probability on files from elsewhere
    measured: Mapping[str, Any]
    faces_below: float | None = None  # in pixels of the face's height; of small faces only

    @property
    def heard(self) -> list[str]:
        return [label for label, weight in self.weights.items() if weight > 0]

    def counts(self, label: str) -> bool:
        """Whether a bundle has a say. One that was unknown when the weights were fitted has its word in the policy."""
        return self.weights.get(label, 1.0) > 0

    def score(self, scores: Mapping[str, float]) -> float:
        """The calibrated score of a face from those of the bundles that judged it, at least one of them heard.

        Where some that are heard are missing, two readings are possible: they would have said what the others say, or
        nothing. The higher one counts, so that a missing bundle never makes an outcome milder than either.
        """
        odds = {label: log_odds(scores[label]) for label in self.heard if label in scores}
        present = sum(self.weights[label] for label in odds)
        missing = sum(self.weights[label] for label in self.heard if label not in scores)
        if self.combining is Combining.SUM:
            total = sum(self.weights[label] * value for label, value in odds.items())
            combined = max(total, total * (present + missing) / present)
        else:
            total = math.log(sum(self.weights[label] * math.exp(value) for label, value in odds.items()))
            combined = max(math.log(math.exp(total) + missing), total + math.log((present + missing) / present))
        return _sigmoid(self.slope * combined + self.offset)

    def share(self, label: str, score: float) -> float:
        """How much a bundle's score speaks for a manipulation, to compare it with the others'."""
        odds = log_odds(score)
        if self.combining is Combining.SUM:
            return self.weights[label] * odds
        return math.log(self.weights[label]) + odds

    def to_dict(self) -> dict[str, Any]:
        return {
            "weights": dict(self.weights),
            "offset": self.offset,
            "combining": self.combining.value,
            "slope": self.slope,
            "cuts": {"little_below": self.cuts.little_below, "manipulated_above": self.cuts.manipulated_above},
            "holds": self.holds,
            **({} if self.faces_below is None else {"faces_below": self.faces_below}),
        }


Rules = Mapping[Condition, Fusion]


def read(policy: Mapping[str, Any]) -> dict[Condition, Fusion]:
    """The rules of a policy, one for each condition; ValueError, KeyError or TypeError where they make no sense."""
    rules = {Condition(condition): _read(rule) for condition, rule in policy.items()}
    for condition, rule in rules.items():
        if (condition is Condition.SMALL_FACES) != (rule.faces_below is not None):
            raise ValueError(f"faces_below belongs to {Condition.SMALL_FACES}, and only there")
    if Condition.SMALL_FACES in rules and Condition.PHOTO not in rules:
        raise ValueError(f"{Condition.SMALL_FACES} needs a rule for {Condition.PHOTO} beside it")
    return rules


def rule_for(rules: Rules, medium: Medium, height: float | None = None) -> Fusion | None:
    """The rule for a face of this height in pixels; without a height that for the medium."""
    small = rules.get(Condition.SMALL_FACES)
    if medium is Medium.PHOTO and height is not None and small is not None and small.faces_below is not None:
        return small if height < small.faces_below else rules[Condition.PHOTO]
    return rules.get(Condition(medium.value))


def rules_in(rules: Rules, medium: Medium) -> list[Fusion]:
    return [rule for condition, rule in rules.items() if condition.medium is medium]


def _read(rule: Mapping[str, Any]) -> Fusion:
    weights = {str(label): _number(weight) for label, weight in rule["weights"].items()}
    slope = _number(rule.get("slope", 1.0))
    if min(weights.values(), default=-1.0) < 0 or slope <= 0:
        raise ValueError("weights are not below 0, and the slope is above")
    return Fusion(
        weights=weights,
        offset=_number(rule.get("offset", 0.0)),
        combining=Combining(rule.get("combining", Combining.SUM)),
        slope=slope,
        cuts=read_thresholds(rule["cuts"]),
        holds=bool(rule.get("holds", False)),
        measured=dict(rule.get("measured") or {}),
        faces_below=None if rule.get("faces_below") is None else _number(rule["faces_below"]),
    )


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a number")
    return float(value)


def log_odds(score: float) -> float:
    held = min(max(score, HELD), 1 - HELD)
    return math.log(held / (1 - held))


def _sigmoid(odds: float) -> float:
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, odds))))
