"""Other cuts, tried on this site's own decided files: false alarms, misses, and the work that they would make."""

import datetime as dt
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from django.db.models import Q
from django.utils import timezone

from ..models import Assessment, Decision, ReviewItem
from ..models.decision import FAKE, REAL
from .accuracy import Share

WORK = dt.timedelta(days=28)
FEW = 30  # decided files of a kind below which an answer says little


@dataclass(frozen=True, slots=True)
class Simulation:
    low: float
    high: float
    false_alarms: Share
    misses: Share
    false_alarms_between: tuple[float, float] | None  # per cent, bootstrap
    misses_between: tuple[float, float] | None
    a_day: float  # items that the cuts send to people, of all assessments of four weeks
    hours_a_day: float
    seconds_each: float
    video: tuple[float, float] | None = None  # cuts for videos, where they are others

    @property
    def is_thin(self) -> bool:
        return min(self.false_alarms.total, self.misses.total) < FEW

    def to_dict(self) -> dict[str, Any]:
        return {
            "false_alarms": [self.false_alarms.count, self.false_alarms.total],
            "misses": [self.misses.count, self.misses.total],
            "items_a_day": round(self.a_day, 2),
            "hours_a_day": round(self.hours_a_day, 2),
        }


def simulate(low: float, high: float, video: tuple[float, float] | None = None) -> Simulation:
    """`video`: other cuts for videos, where the panel has some."""
    scores, fake, is_video = _decided()
    of_video = video or (low, high)
    lows, highs = (np.where(is_video, own, both) for own, both in zip(of_video, (low, high), strict=True))
    real_hit, fake_missed = (scores >= highs)[~fake], (scores < lows)[fake]
    since = timezone.now() - WORK
    recent = Assessment.objects.filter(scan__sandbox=False, at__gte=since, same_as=None)
    videos = Q(scan__kind="video")
    assessed = recent.filter((videos & Q(score__gte=of_video[0])) | (~videos & Q(score__gte=low))).count()
    seconds = _seconds_each()
    a_day = assessed / WORK.days
    return Simulation(
        low=low,
        high=high,
        false_alarms=Share(int(real_hit.sum()), len(real_hit)),
        misses=Share(int(fake_missed.sum()), len(fake_missed)),
        false_alarms_between=_between(real_hit),
        misses_between=_between(fake_missed),
        a_day=a_day,
        hours_a_day=a_day * seconds / 3600,
        seconds_each=seconds,
        video=of_video if of_video != (low, high) else None,
    )


def _decided() -> tuple[Any, Any, Any]:
    """Scores of the models, whether people call the file manipulated, and whether it is a video.

    What people could not tell is left out.
    """
    rows = Decision.objects.standing().filter(superseded_by=None, assessment__score__isnull=False)
    judged = [
        (score, label in FAKE, kind == "video")
        for score, label, kind in rows.values_list("assessment__score", "label", "scan__kind")
        if label in FAKE | REAL
    ]
    scores, fake, is_video = zip(*judged, strict=True) if judged else ((), (), ())
    return np.array(scores, float), np.array(fake, bool), np.array(is_video, bool)


def _between(hits: Any, rounds: int = 1000) -> tuple[float, float] | None:
    """95 % by bootstrap: of yes and no, drawing again is a binomial."""
    if not len(hits):
        return None
    drawn = np.random.default_rng(0).binomial(len(hits), hits.mean(), rounds) / len(hits)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(100 * low), float(100 * high)


def _seconds_each() -> float:
    """Median time for an item, from the last thousand; a minute if there are none."""
    recent = ReviewItem.objects.filter(closed_at__isnull=False, active_seconds__gt=0).order_by("-closed_at")
    took = list(recent.values_list("active_seconds", flat=True)[:1000])
    return median(took) if took else 60.0
