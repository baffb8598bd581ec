"""What a chart shows: titles, axes with their units, series, and the same numbers for a table.

The page draws it with uPlot (static/charts.js). Without JavaScript the table is shown instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Series:
    name: Any
    values: Sequence[float | None]  # nothing is known: None
    intervals: Sequence[Interval | None] = ()  # of 95 %, for each value
    counts: Sequence[tuple[int, int]] = ()  # count and total behind each share


@dataclass(frozen=True, slots=True)
class Value:
    """One cell of the table."""

    value: float | None
    interval: Interval | None = None
    count: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    id: str
    title: Any
    x_title: Any  # with its unit
    y_title: Any
    categories: Sequence[str]
    series: Sequence[Series]
    unit: str = ""  # behind each value, such as " %"
    digits: int = 0
    is_points: bool = False  # points with intervals instead of columns
    most: float | None = None  # upper end of the axis, where it is fixed

    @property
    def is_empty(self) -> bool:
        return not any(value for series in self.series for value in series.values)

    @property
    def rows(self) -> list[tuple[str, list[Value]]]:
        return [
            (category, [_value(series, place) for series in self.series])
            for place, category in enumerate(self.categories)
        ]

    def as_json(self) -> dict[str, Any]:
        return {
            "x": str(self.x_title),
            "y": str(self.y_title),
            "unit": self.unit,
            "digits": self.digits,
            "points": self.is_points,
            "most": self.most,
            "categories": list(self.categories),
            "series": [
                {
                    "name": str(series.name),
                    "values": list(series.values),
                    "intervals": list(series.intervals),
                    "counts": list(series.counts),
                }
                for series in self.series
            ],
        }


def _value(series: Series, place: int) -> Value:
    return Value(
        series.values[place],
        series.intervals[place] if series.intervals else None,
        series.counts[place] if series.counts else None,
    )
