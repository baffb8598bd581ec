"""Samples drawn once, in shards on disk, for any number of trainings.

A sample is a crop somewhat larger than a network's input, so that a loader can still shift, mirror and recompress it.
Neighbours belong together: a real one, and a fake that was made of it or goes beside it. Every shard has its own seed,
so a cache can be drawn by several processes, interrupted, and made larger later.
"""

import hashlib
import json
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from .. import scalings
from . import face_dataset, samples
from .face_dataset import FaceCrop, TrainingError
from .samples import FacePool, Recipe

FORMAT = 1
ABOUT = "cache.json"
PAIRS = 256  # of each shard
ROOM = 1.075  # of a crop's side, in sides of the input


@dataclass(frozen=True, slots=True)
class CachePlan:
    """What a cache holds. A cache that holds something else is refused."""

    recipe: Recipe
    part: str
    faces: str  # their digest
    redrawn: str  # of which of them a generator drew pictures, and which have meshes
    seed: int = 1

    @classmethod
    def for_faces(cls, recipe: Recipe, faces: Sequence[FaceCrop], part: str, seed: int = 1) -> "CachePlan":
        drawn = "".join(sorted(face.name for face in faces if face.redrawn_at))
        fitted = "".join(sorted(face.name for face in faces if face.mesh is not None))
        redrawn = hashlib.sha256(f"{drawn} {fitted}".encode()).hexdigest() if drawn or fitted else ""
        return cls(replace(recipe, paired=True), part, face_dataset.digest(faces), redrawn, seed)

    @property
    def side(self) -> int:
        """Of the stored crops: even, as the input is, so that it can be cut from the middle."""
        return round(self.recipe.size * ROOM / 2) * 2

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        return {"format": FORMAT, "preprocessing": scalings.PREPROCESSING, "side": self.side, **asdict(self)}


def draw(
    folder: Path,
    plan: CachePlan,
    faces: Sequence[FaceCrop],
    shards: int,
    *,
    workers: int = 1,
    progress: Callable[[int], None] = lambda done: None,
) -> None:
    """Until there are so many shards; those that are there stay. Refuses to add to a cache of another plan."""
    folder.mkdir(parents=True, exist_ok=True)
    plan_file = folder / ABOUT
    if plan_file.is_file() and json.loads(plan_file.read_text())["digest"] != plan.digest:
        raise TrainingError(f"{folder} holds samples of another recipe or other faces: take another folder.")
    plan_file.write_text(json.dumps({"digest": plan.digest, **plan.to_dict()}, indent=2) + "\n")
    missing = [number for number in range(shards) if not _whole(folder, number)]
    progress(shards - len(missing))
    cast = FacePool.from_faces(faces, plan.recipe)
    if workers < 2:
        for number in missing:
            _draw_shard((folder, plan, number), cast)
            progress(shards - len(missing) + missing.index(number) + 1)
        return
    context: Any = multiprocessing.get_context("spawn")
    with context.Pool(workers, _start_worker, (cast,)) as pool:
        for done, _ in enumerate(pool.imap_unordered(_drawn_by_worker, [(folder, plan, n) for n in missing]), 1):
            progress(shards - len(missing) + done)


_cast: FacePool | None = None  # of a worker process


def _start_worker(cast: FacePool) -> None:
    global _cast
    _cast = cast


def _drawn_by_worker(task: tuple[Path, CachePlan, int]) -> None:
    assert _cast is not None
    _draw_shard(task, _cast)


def _draw_shard(task: tuple[Path, CachePlan, int], cast: FacePool) -> None:
    folder, plan, number = task
    cv2.setNumThreads(1)
    chance = np.random.default_rng([plan.seed, number, int(plan.digest[:8], 16)])
    share = plan.side / plan.recipe.size
    margin = ((1 + 2 * plan.recipe.margin) * share - 1) / 2
    wider = replace(plan.recipe, size=plan.side, margin=margin)
    drawn = [sample for _ in range(PAIRS) for sample in samples.pair(cast, wider, chance)]
    np.savez(
        folder / f"{number:05}.part.npz",
        kinds=np.array([sample.kind for sample in drawn]),
        groups=np.array([sample.person for sample in drawn]),
        labels=np.array([_label(sample) for sample in drawn], np.float32),
    )
    np.save(folder / f"{number:05}.part.npy", np.stack([sample.pixels for sample in drawn]))
    for suffix in ("npz", "npy"):  # the pixels last: a shard with pixels is whole
        (folder / f"{number:05}.part.{suffix}").replace(folder / f"{number:05}.{suffix}")


def _label(sample: samples.Sample) -> float:
    """Less than one where even the most altered pixel is partly what it was."""
    return float(np.clip(sample.where.max() / 255, 0.5, 1)) if sample.fake else 0.0


def _whole(folder: Path, number: int) -> bool:
    return (folder / f"{number:05}.npy").is_file()


class Cache:
    """What is in a folder now. Pixels stay on disk until they are read."""

    def __init__(self, folder: Path, shards: int = 0) -> None:
        if not (folder / ABOUT).is_file():
            raise TrainingError(f"There is no cache in {folder}: draw_cache makes it.")
        stored_plan = json.loads((folder / ABOUT).read_text())
        self.digest, self.side, self.size = stored_plan["digest"], stored_plan["side"], stored_plan["recipe"]["size"]
        self.faces, self.part = stored_plan["faces"], stored_plan["part"]
        whole = 0
        while _whole(folder, whole) and (not shards or whole < shards):
            whole += 1
        if whole < max(1, shards):
            raise TrainingError(f"{folder} has {whole} shards in a row, and has to have {max(1, shards)}.")
        self.folder, self.shards = folder, whole

    def __len__(self) -> int:
        """In pairs."""
        return self.shards * PAIRS

    @cached_property
    def _pixels(self) -> list[Any]:
        return [np.load(self.folder / f"{number:05}.npy", mmap_mode="r") for number in range(self.shards)]

    @cached_property
    def _about(self) -> list[dict[str, Any]]:
        return [dict(np.load(self.folder / f"{number:05}.npz")) for number in range(self.shards)]

    def all(self, field: str) -> Any:
        """kinds, groups or labels of all samples, a pair beside each other."""
        return np.concatenate([each[field] for each in self._about])

    def pair(self, number: int) -> tuple[Any, list[str], Any]:
        """Pixels, kinds and labels of a real sample and the fake beside it."""
        shard, at = divmod(number, PAIRS)
        both = slice(at * 2, at * 2 + 2)
        arrays = self._about[shard]
        return self._pixels[shard][both], [str(kind) for kind in arrays["kinds"][both]], arrays["labels"][both]

    def middles(self, batch: int = 64) -> Iterator[Any]:
        """All samples, cut from the middle: for checks, which must not depend on chance."""
        at = (self.side - self.size) // 2
        for shard in self._pixels:
            for start in range(0, len(shard), batch):
                yield np.asarray(shard[start : start + batch, at : at + self.size, at : at + self.size])
