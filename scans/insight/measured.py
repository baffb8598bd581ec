"""What was measured of all models together, for people who have never read of an AUC."""

from dataclasses import dataclass
from typing import Any

from .figures import LEAST


@dataclass(frozen=True, slots=True)
class MeasuredSet:
    """One set of files that the models were tried on."""

    name: str
    note: str  # how far the set was used to build what is measured
    manipulated: int
    real: int
    found: int  # manipulated, and called so
    false_alarms: int  # real, and called manipulated
    auc: float | None
    low: float | None
    high: float | None

    @property
    def enough(self) -> bool:
        """With fewer files of either kind a figure says nothing."""
        return self.auc is not None and self.low is not None and min(self.manipulated, self.real) >= LEAST

    # Places in a drawing, in per cent of its width.

    @property
    def at(self) -> float:
        return 100 * (self.auc or 0)

    @property
    def low_at(self) -> float:
        return 100 * (self.low or 0)

    @property
    def high_at(self) -> float:
        return 100 * (self.high or 0)


def measured_sets(figures: list[dict[str, Any]]) -> list[MeasuredSet]:
    """`figures`: as `analysis.measured` has them. The sets with most files first."""
    sets = [_read(row) for row in figures if row.get("outcomes")]
    return sorted(sets, key=lambda data: (not data.enough, -(data.manipulated + data.real)))


def _read(row: dict[str, Any]) -> MeasuredSet:
    name, _bracket, note = str(row.get("data", "")).partition(" (")
    low, high = row.get("auc_ci") or (None, None)
    of_real, of_fake = row["outcomes"].get("real", {}), row["outcomes"].get("fake", {})
    return MeasuredSet(
        name=name,
        note=note.removesuffix(")"),
        manipulated=row.get("n_fake") or 0,
        real=row.get("n_real") or 0,
        found=of_fake.get("likely_manipulated", 0),
        false_alarms=of_real.get("likely_manipulated", 0),
        auc=row.get("auc"),
        low=low,
        high=high,
    )
