"""The course of a film as a page draws it: scored moments, suspicious stretches and axes, in hundredths of the plot."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from . import scores

STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)  # seconds between two labels of the time axis
LABELS = 7
JOINED = 2.0  # seconds: dots that lie closer are joined by a line
NEAR = 20  # points: labels of the score axis that lie closer would overlap


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame that was looked at."""

    x: float
    y: float
    time: float
    faces: int
    clock: str
    score: scores.Score | None


@dataclass(frozen=True, slots=True)
class Stretch:
    x: float
    width: float
    start: float
    end: float
    score: scores.Score | None
    start_clock: str
    end_clock: str


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    label: str
    anchor: str = "middle"


class Timeline:
    def __init__(self, inspection: dict[str, Any]) -> None:
        self.frames: list[dict[str, Any]] = inspection.get("frames", [])
        self.cuts: scores.Cuts | None = inspection.get("cuts")
        self.stretches: list[dict[str, Any]] = inspection.get("segments", [])
        last = self.frames[-1]["time"] if self.frames else 0.0
        self.duration = max(float(inspection.get("media", {}).get("duration") or 0.0), last, 0.001)

    def _x(self, time: float) -> float:
        return round(100 * time / self.duration, 2)

    @property
    def moments(self) -> list[Moment]:
        return [
            Moment(
                self._x(frame["time"]),
                round(100 * (1 - (frame["score"] or 0.0)), 2),
                frame["time"],
                frame["faces"],
                clock(frame["time"]),
                scores.read(frame["score"], self.cuts),
            )
            for frame in self.frames
        ]

    @property
    def scored(self) -> list[Moment]:
        return [moment for moment in self.moments if moment.score is not None]

    @property
    def unscored(self) -> list[Moment]:
        return [moment for moment in self.moments if moment.score is None]

    @property
    def lines(self) -> list[tuple[Moment, Moment]]:
        """Pairs of neighbouring dots. Between dots that lie far apart nothing was looked at, so no line is drawn."""
        return [
            (point, following) for point, following in pairwise(self.scored) if following.time - point.time <= JOINED
        ]

    @property
    def segments(self) -> list[Stretch]:
        return [
            Stretch(
                self._x(stretch["start"]),
                max(0.6, round(self._x(stretch["end"]) - self._x(stretch["start"]), 2)),
                stretch["start"],
                stretch["end"],
                scores.read(stretch["score"], self.cuts),
                clock(stretch["start"]),
                clock(stretch["end"]),
            )
            for stretch in self.stretches
        ]

    # -- Axes ------------------------------------------------------------------------------------------------

    @property
    def low(self) -> int | None:
        return scores.points(self.cuts[0]) if self.cuts else None

    @property
    def high(self) -> int | None:
        return scores.points(self.cuts[1]) if self.cuts else None

    @property
    def low_y(self) -> float:
        return round(100 * (1 - self.cuts[0]), 2) if self.cuts else 100.0

    @property
    def high_y(self) -> float:
        return round(100 * (1 - self.cuts[1]), 2) if self.cuts else 0.0

    @property
    def between_height(self) -> float:
        return round(self.low_y - self.high_y, 2)

    @property
    def low_height(self) -> float:
        return round(100 - self.low_y, 2)

    @property
    def score_ticks(self) -> list[Tick]:
        """The ends of the axis, where no cut-off lies too close to them."""
        ticks = []
        if self.low is None or self.low >= NEAR:
            ticks.append(Tick(100.0, "0"))
        if self.high is None or self.high <= 100 - NEAR:
            ticks.append(Tick(0.0, "100"))
        return ticks

    @property
    def time_ticks(self) -> list[Tick]:
        step = next((step for step in STEPS if self.duration / step <= LABELS), STEPS[-1])
        count = int(self.duration / step)
        ticks = [Tick(self._x(number * step), minutes(number * step)) for number in range(1, count + 1)]
        # The last label needs room for half of itself.
        return [Tick(0.0, "0:00", "start"), *(tick for tick in ticks if tick.at <= 97)]

    @property
    def data(self) -> dict[str, Any]:
        """For the script: where moments and stretches lie."""
        return {
            "duration": round(self.duration, 3),
            "moments": [
                [
                    round(moment.time, 3),
                    moment.score.points if moment.score else None,
                    moment.score.band_words if moment.score else "",
                ]
                for moment in self.moments
            ],
            "stretches": [stretch["start"] for stretch in self.stretches],
        }


def clock(seconds: float) -> str:
    whole, rest = divmod(round(seconds, 1), 60)
    return f"{int(whole)}:{rest:04.1f}"


def minutes(seconds: float) -> str:
    whole, rest = divmod(int(seconds), 60)
    return f"{whole}:{rest:02d}"
