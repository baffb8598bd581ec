"""A score as people see it: one scale from 0 to 100, rounded in one way. Raw values are for programs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from ..models import Outcome

Cuts = Sequence[float]  # little evidence below the first, likely manipulated above the second


def points(score: float) -> int:
    """From 0 to 100; half a point is rounded up."""
    return int(score * 100 + 0.5)


def exact_points(score: float) -> float:
    """Where people set a cut-off: with one decimal."""
    return round(score * 100, 1)


def band_of(score: float, cuts: Cuts) -> Outcome:
    """The band that a score lies in; on a cut-off it is inconclusive."""
    if score < cuts[0]:
        return Outcome.LITTLE_EVIDENCE
    return Outcome.LIKELY_MANIPULATED if score > cuts[1] else Outcome.INCONCLUSIVE


@dataclass(frozen=True, slots=True)
class Score:
    """One score, and the band it lies in, where there are cut-offs to judge it by."""

    value: float
    band: Outcome | None

    @property
    def points(self) -> int:
        return points(self.value)

    @property
    def band_words(self) -> str:
        return str(self.band.label) if self.band else ""


def read(score: float | None, cuts: Cuts | None) -> Score | None:
    return None if score is None else Score(score, band_of(score, cuts) if cuts else None)


@dataclass(frozen=True, slots=True)
class Scale:
    """A score on its line from 0 to 100, with the cut-offs and the range of all models' scores."""

    score: Score
    cuts: tuple[float, float]
    least: float
    most: float
    calibrated: bool

    @property
    def low(self) -> int:
        return points(self.cuts[0])

    @property
    def high(self) -> int:
        return points(self.cuts[1])

    @property
    def close(self) -> bool:
        """The cut-offs lie so close that their labels would overlap."""
        return self.high - self.low < 8

    @property
    def number(self) -> str:
        """A probability only where calibration holds; never a certain one."""
        if not self.calibrated:
            return ""
        if self.score.points >= 100:
            return _("more than 99 %")
        return _("less than 1 %") if self.score.points < 1 else f"{self.score.points} %"

    # -- The drawing, in hundredths of its width ---------------------------------------------------------

    @property
    def mark(self) -> float:
        return self.score.value * 100

    @property
    def low_at(self) -> float:
        return self.cuts[0] * 100

    @property
    def high_at(self) -> float:
        return self.cuts[1] * 100

    @property
    def between_width(self) -> float:
        return self.high_at - self.low_at

    @property
    def high_width(self) -> float:
        return 100 - self.high_at

    @property
    def range_at(self) -> float:
        return self.least * 100

    @property
    def range_width(self) -> float:
        return max(0.5, (self.most - self.least) * 100)


def scale(score: float | None, cuts: Cuts | None, others: Iterable[float], *, calibrated: bool) -> Scale | None:
    """None where there is nothing to show: no score, or no cut-offs to judge it by."""
    if score is None or not cuts:
        return None
    everything = [score, *others]
    return Scale(Score(score, band_of(score, cuts)), (cuts[0], cuts[1]), min(everything), max(everything), calibrated)
