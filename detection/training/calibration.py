"""Calibration of scores and thresholds on them, fitted on people that are used for nothing else."""

from dataclasses import dataclass
from typing import Any

import numpy as np

HELD = 1e-6


@dataclass(frozen=True, slots=True)
class Fitted:
    """score = sigmoid(a · logit(raw) + b), and the thresholds on that score."""

    a: float
    b: float
    little_below: float
    manipulated_above: float

    def __call__(self, raw: Any) -> Any:
        return sigmoid(self.a * log_odds(raw) + self.b)


def fit(raw: Any, fake: Any, *, counts: Any = None, false_alarms: float = 0.03, missed: float = 0.1) -> Fitted:
    """Platt scaling by Newton's method, and thresholds for the accepted error rates.

    `counts`: how much each sample counts; without them all count the same.
    """
    odds, fake = log_odds(raw), np.asarray(fake, np.float64)
    design = np.column_stack([odds, np.ones_like(odds)])
    counts = np.ones(len(fake)) if counts is None else np.asarray(counts, np.float64) * len(fake) / np.sum(counts)
    weights = np.array([1.0, 0.0])
    # Targets between 0 and 1 keep the weights finite if the classes are perfectly separated.
    fakes = (fake * counts).sum()
    reals = len(fake) - fakes
    targets = np.where(fake > 0, (fakes + 1) / (fakes + 2), 1 / (reals + 2))
    for _ in range(100):
        predicted = sigmoid(design @ weights)
        slope = design.T @ ((predicted - targets) * counts)
        curve = (design * (predicted * (1 - predicted) * counts)[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(curve, slope)
        while (
            _loss(design @ (weights - step), targets, counts) > _loss(design @ weights, targets, counts)
            and np.abs(step).max() > 1e-9
        ):
            step = step / 2
        weights = weights - step
        if np.abs(step).max() < 1e-9:
            break
    a, b = (float(weight) for weight in weights)
    if a <= 0:  # real ones score higher than fakes: give every file the same score
        a, b = 0.0, float(np.log(fakes / reals))
    return Fitted(a, b, *cuts(sigmoid(a * odds + b), fake > 0, false_alarms=false_alarms, missed=missed))


def cuts(scores: Any, fake: Any, *, false_alarms: float, missed: float) -> tuple[float, float]:
    """The thresholds for these rates of missed fakes and false alarms. 0.5 always lies between them."""
    scores, fake = np.asarray(scores, np.float64), np.asarray(fake, bool)
    high = min(max(float(np.quantile(scores[~fake], 1 - false_alarms)), 0.5), 0.99)
    low = min(max(float(np.quantile(scores[fake], missed)), 0.02), 0.5)
    return round(low, 4), round(high, 4)


def _loss(odds: Any, targets: Any, counts: Any) -> float:
    return float(((np.logaddexp(0, odds) - targets * odds) * counts).sum())


def log_odds(raw: Any) -> Any:
    held = np.asarray(raw, np.float64).clip(HELD, 1 - HELD)
    return np.log(held / (1 - held))


def sigmoid(odds: Any) -> Any:
    return 1 / (1 + np.exp(-np.clip(odds, -60, 60)))
