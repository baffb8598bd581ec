"""Samples without end, made by processes of their own while a network learns from those before."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, Full
from typing import Any, TypeVar

import cv2
import numpy as np

from .face_dataset import FaceCrop
from .samples import FacePool, Recipe

Made = TypeVar("Made")


def stream(
    faces: Sequence[FaceCrop],
    recipe: Recipe,
    *,
    batch: int,
    seed: int,
    workers: int,
    make: Callable[[FacePool, Recipe, int, np.random.Generator], Made],
) -> Iterator[Made]:
    """Batches for ever, from processes of their own; without `workers`, from this one."""
    cast = FacePool.from_faces(faces, recipe)
    if not workers:
        chance = np.random.default_rng(seed)
        while True:
            yield make(cast, recipe, batch, chance)
    context: Any = multiprocessing.get_context("spawn")
    queue = context.Queue(maxsize=24)
    started = [
        context.Process(target=_fill, args=(queue, make, cast, recipe, batch, seed + number), daemon=True)
        for number in range(workers)
    ]
    for process in started:
        process.start()
    try:
        while True:
            yield _next(queue, started)
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.join()


def _next(queue: Any, makers: Sequence[Any]) -> Any:
    """Nobody waits for who has died: it said why on its own, and the checkpoint is there."""
    while True:
        if ended := [process.exitcode for process in makers if not process.is_alive()]:
            raise RuntimeError(f"A process that makes samples ended by itself, with exit code {ended[0]}.")
        try:
            return queue.get(timeout=1)
        except Empty:
            continue


def _fill(queue: Any, make: Any, cast: FacePool, recipe: Recipe, batch: int, seed: int) -> None:
    cv2.setNumThreads(1)
    queue.cancel_join_thread()  # whoever ends has nobody left to hand the rest to
    chance = np.random.default_rng(seed)
    while True:
        waiting = make(cast, recipe, batch, chance)
        while True:
            try:
                queue.put(waiting, timeout=60)
                break
            except Full:
                if not multiprocessing.parent_process().is_alive():  # type: ignore[union-attr]
                    return
