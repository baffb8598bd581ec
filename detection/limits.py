"""Limits for one file, and the clock that enforces the time limit."""

import time
from dataclasses import dataclass, field

from .errors import OutOfTime


@dataclass(frozen=True, slots=True)
class Limits:
    bytes: int = 500 * 2**20
    pixels: int = 40_000_000
    seconds: float = 600.0
    frames: int = 75_000  # a little over ten minutes at 120 frames per second
    wall_seconds: float = 120.0
    memory: int = 1 << 30
    animation_frames: int = 2_000


@dataclass(slots=True)
class Clock:
    """Decoders can't be interrupted, so they are called in small steps and the clock is checked between them."""

    seconds: float
    started: float = field(default_factory=time.monotonic)

    def check(self) -> None:
        if self.spent > self.seconds:
            raise OutOfTime()

    @property
    def spent(self) -> float:
        return time.monotonic() - self.started
