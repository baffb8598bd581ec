"""What the decoding processes cost: the same photo read by turns in this process and in one of them."""

import time
from pathlib import Path
from statistics import median

from ..limits import Clock, Limits
from ..reading import reading
from .pool import Sandbox


def measure(photo: Path, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds: directly, and in a decoding process that is warm."""
    sandbox = Sandbox(size=1)
    try:
        _read(photo, None), _read(photo, sandbox)
        pairs = [(_read(photo, None), _read(photo, sandbox)) for _ in range(rounds)]
    finally:
        sandbox.close()
    return [direct for direct, _ in pairs], [locked for _, locked in pairs]


def added(direct: list[float], locked: list[float]) -> float:
    """Milliseconds that a scan takes longer: the median of the differences of neighbouring readings."""
    return median(other - one for one, other in zip(direct, locked, strict=True)) * 1000


def _read(photo: Path, sandbox: Sandbox | None) -> float:
    """All that an inspection reads of a photo."""
    started = time.perf_counter()
    with reading(photo, Limits(), Clock(60), sandbox) as reader:
        int(reader.small().max())  # touches every pixel, as finding faces does
        reader.provenance(location=False, anchors="")
    return time.perf_counter() - started
