"""Cut-offs for every medium, fitted to files with known answers."""

from dataclasses import dataclass, replace
from math import ceil

from ..bundle import Thresholds
from ..panel import Panel
from . import calibration
from .evaluation import Row, ScoresMismatch, arrays


@dataclass(frozen=True, slots=True)
class FittedThresholds:
    """Thresholds of a panel, and their errors on the files that they were fitted on."""

    cuts: Thresholds
    reals: int
    alarms: int
    fakes: int
    missed: int


def fit_thresholds(rows: list[Row], panel: Panel, *, false_alarms: float, missed: float) -> FittedThresholds:
    """Fit thresholds to the panel's scores, whose error rates differ from those of each bundle."""
    if any(row.panel not in (panel.id, replace(panel, cuts=None).id) for row in rows):
        raise ScoresMismatch("These are the scores of another panel. Evaluate the files with this one.")
    scores, fake = arrays([row for row in rows if row.judged])
    for many, rate, what in ((scores[~fake], false_alarms, "real ones"), (scores[fake], missed, "fakes")):
        if len(many) * rate < 1:  # the threshold would depend on a single file
            raise ScoresMismatch(
                f"For a rate of {rate} it takes {ceil(1 / rate)} judged {what} or more; there are {len(many)}."
            )
    low, high = calibration.cuts(scores, fake, false_alarms=false_alarms, missed=missed)
    return FittedThresholds(
        Thresholds(low, high), int((~fake).sum()), int((scores[~fake] > high).sum()),
        int(fake.sum()), int((scores[fake] < low).sum()),
    )  # fmt: skip
