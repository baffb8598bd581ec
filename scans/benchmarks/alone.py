"""The detector without a site, in processes of its own: they import this module, and no Django."""

import multiprocessing
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path

import detection

PATIENCE = 120.0  # seconds until all have loaded their models


def photos_a_second(photo: Path, bundles: Path, count: int, processes: int) -> float:
    """All models loaded before it counts."""
    spawning = multiprocessing.get_context("spawn")
    each = -(-count // processes)
    together = spawning.Barrier(processes + 1)
    args = (str(photo), str(bundles), each, together)
    workers = [spawning.Process(target=_inspect, args=args, daemon=True) for _core in range(processes)]
    for worker in workers:
        worker.start()
    together.wait(PATIENCE)
    started = time.perf_counter()
    for worker in workers:
        worker.join()
    return each * processes / (time.perf_counter() - started)


def _inspect(photo: str, bundles: str, count: int, together: Barrier) -> None:
    panel = detection.read_panel(bundles)
    detection.inspect(photo, bundles=panel)
    together.wait(PATIENCE)
    for _time in range(count):
        detection.inspect(photo, bundles=panel)
