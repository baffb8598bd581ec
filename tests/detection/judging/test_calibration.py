"""A calibration moves a score's odds."""

import pytest

from detection.bundle import Calibration


def test_a_calibration_moves_the_odds_and_never_leaves_the_range() -> None:
    assert Calibration(5.0, 5.0)(0.3) == 0.3, "where nothing was fitted the score is the network's own"
    doubled = Calibration(2.0, 0.0, fitted=True)
    assert doubled(0.75) == pytest.approx(0.9)  # odds of 3 become 9
    assert Calibration(1.0, 1.0986122887, fitted=True)(0.5) == pytest.approx(0.75)
    for extreme in (Calibration(100.0, 100.0, fitted=True), Calibration(100.0, -100.0, fitted=True)):
        assert 0.0 <= extreme(0.0) <= extreme(0.5) <= extreme(1.0) <= 1.0
