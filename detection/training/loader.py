"""Batches of pairs out of caches, in an order that a seed decides: where it stood is three numbers."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any

import cv2
import numpy as np

from ..images import Pixels
from . import compression
from .cache import Cache
from .face_dataset import TrainingError


@dataclass(frozen=True, slots=True)
class Position:
    """Epochs are counted over what was drawn when they began: a cache may grow while it is trained on."""

    epoch: int = 0
    pairs: int = 0  # of this epoch that were handed out
    shards: tuple[int, ...] = ()  # of each cache, in this epoch

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "Position":
        return cls(stored["epoch"], stored["pairs"], tuple(stored["shards"]))


@dataclass(frozen=True, slots=True)
class Batch:
    pixels: Any  # 8 bit, RGB
    kinds: list[str]
    labels: Any
    after: Position  # where the loader stands behind it


def batches(folders: Sequence[Any], *, batch: int, seed: int, position: Position, ahead: int = 6) -> Iterator[Batch]:
    """For ever. Those ahead are read by a thread."""
    if position.shards and len(position.shards) != len(folders):  # a cache was added
        position = Position(position.epoch + 1)
    caches = _opened(folders, position.shards)
    position = replace(position, shards=tuple(cache.shards for cache in caches))
    pairs = batch // 2
    with ThreadPoolExecutor(1) as reader:
        waiting: list[Any] = []
        while True:
            total = sum(len(cache) for cache in caches)
            order = np.random.default_rng([seed, position.epoch]).permutation(total)
            for start in range(position.pairs, total - pairs + 1, pairs):
                position = replace(position, pairs=start + pairs)
                chance = np.random.default_rng([seed, position.epoch, start])
                waiting.append(reader.submit(_read, caches, order[start : start + pairs], chance, position))
                if len(waiting) > ahead:
                    yield waiting.pop(0).result()
            caches = _opened(folders, ())
            position = Position(position.epoch + 1, 0, tuple(cache.shards for cache in caches))


def _opened(folders: Sequence[Any], shards: Sequence[int]) -> list[Cache]:
    caches = [Cache(folder, count) for folder, count in zip(folders, shards or [0] * len(folders), strict=True)]
    if len({(cache.side, cache.size) for cache in caches}) > 1:
        raise TrainingError("These caches hold crops of different sizes.")
    return caches


def _read(caches: Sequence[Cache], numbers: Any, chance: np.random.Generator, after: Position) -> Batch:
    pixels, kinds, labels = [], [], []
    for number in numbers:
        for cache in caches:
            if number < len(cache):
                break
            number -= len(cache)
        pair, pair_kinds, label = cache.pair(int(number))
        pixels += augmented(pair, cache.size, chance)
        kinds += pair_kinds
        labels.append(label)
    return Batch(np.stack(pixels), kinds, np.concatenate(labels), after)


def augmented(pair: Any, size: int, chance: np.random.Generator) -> list[Pixels]:
    """Another window, a mirror image, another light and compression: the same for both of a pair."""
    room = pair.shape[1] - size
    top, left = (int(at) for at in chance.integers(0, room + 1, 2))
    mirrored, saved, lit = chance.random() < 0.5, chance.random() < 0.35, chance.random() < 0.3
    quality, seed = int(chance.integers(50, 96)), int(chance.integers(2**62))
    result = []
    for stored in pair:
        pixels = stored[top : top + size, left : left + size]
        pixels = np.ascontiguousarray(pixels[:, ::-1] if mirrored else pixels)
        if lit:
            pixels = compression.relit(pixels, np.random.default_rng(seed), 0.6)
        result.append(compression.jpeg_encoded(pixels, quality) if saved else pixels)
    return result


cv2.setNumThreads(1)
