"""Figures of scores: rates, intervals and calibration."""

import numpy as np
import pytest

from detection import metrics
from detection.training import calibration, evaluation


def test_figures_are_of_what_was_judged_and_decided() -> None:
    def row(name: str, fake: bool, outcome: str, score: float | None) -> evaluation.Row:
        return evaluation.Row(name, fake, "", name, outcome, score, "", 1.0, 1, None, None, "p")

    said = evaluation.summary(
        [
            row("a", False, "likely_manipulated", 0.9),
            row("b", False, "inconclusive", 0.5),
            row("c", False, "refused", None),
            row("d", True, "likely_manipulated", 0.8),
            row("e", True, "inconclusive", 0.6),
        ]
    )
    assert said["n_real"] == 3
    assert said["false_alarms"] == 0.5, "one of two that were judged"
    assert said["accuracy"] == 0.5, "one of two that were decided"
    assert said["inconclusive"] == 0.5


def test_the_interval_of_a_calibration_error_holds_the_truth() -> None:
    held = 0
    for seed in range(20):
        chance = np.random.default_rng(seed)
        truth = 0.1 + 0.8 * chance.random(240)
        low, high = metrics.calibration_interval(truth + 0.05, chance.random(240) < truth)
        held += low <= 0.05 <= high
    assert held >= 15, "the plain percentiles hold it in one of five"


def test_platt_finds_the_probabilities_behind_distorted_scores() -> None:
    chance = np.random.default_rng(0)
    truth = chance.uniform(-4, 4, 4000)
    fake = chance.random(4000) < 1 / (1 + np.exp(-truth))
    distorted = 1 / (1 + np.exp(-(truth * 3 + 2)))  # far too sure of itself, and biased
    fitted = calibration.fit(distorted, fake, false_alarms=0.05)
    assert fitted.a == pytest.approx(1 / 3, abs=0.04)
    assert fitted.b == pytest.approx(-2 / 3, abs=0.15)
    scores = fitted(distorted)
    assert metrics.calibration_error(scores, fake) < 0.04 < metrics.calibration_error(distorted, fake)
    assert (scores[~fake] > fitted.manipulated_above).mean() <= 0.06
    assert fitted.little_below < fitted.manipulated_above


def test_a_perfectly_separated_set_does_not_run_off() -> None:
    fitted = calibration.fit([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1])
    assert np.isfinite([fitted.a, fitted.b]).all()
    assert fitted.little_below <= fitted.manipulated_above


def test_a_network_that_has_it_the_wrong_way_round_says_nothing() -> None:
    fitted = calibration.fit([0.9, 0.8, 0.3, 0.1], [0, 0, 1, 1])
    assert fitted([0.1, 0.9]) == pytest.approx([0.5, 0.5])
    assert fitted.little_below <= 0.5 <= fitted.manipulated_above, "inconclusive, whatever it says"


def test_rates_are_what_they_are_called() -> None:
    scores, fake = [0.1, 0.2, 0.3, 0.9, 0.4, 0.8, 0.95, 0.99], [0, 0, 0, 0, 1, 1, 1, 1]
    assert metrics.true_positives_at(scores, fake, 0.01) == 0.5
    assert metrics.true_positives_at(scores, fake, 0.25) == 1.0
    assert metrics.equal_error_rate(scores, fake) == pytest.approx(0.25)
    assert np.isnan(metrics.equal_error_rate([0.1], [0]))
    low, high = metrics.share_interval(0, 20)
    assert low == 0.0
    assert 0.15 < high < 0.18
    assert metrics.calibration_error([0.05, 0.95], [0, 1]) == pytest.approx(0.05)
