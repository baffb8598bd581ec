"""Train a video network: embed generated clips with an image network, then train a small head on them.

The embeddings take hours and are stored in parts. The head takes minutes and is trained anew each time.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import crops, networks
from ..metrics import auc
from ..runtime import OnnxNet
from . import clips, data_loader, plots, provenance_log, samples
from .clips import FRAMES, Stretch
from .face_dataset import FaceCrop, TrainingError
from .image import SCALING
from .plans import PlanFile
from .pseudofakes import REDRAWN
from .samples import Recipe

EMBED, HEAD = "embed.onnx", "head.keras"
HEAD_ONLY = ("units", "epochs", "patience", "batch", "rate", "workers")  # settings that the clips don't depend on


@dataclass(frozen=True, slots=True)
class Plan(PlanFile):
    """Settings of a video network."""

    name: str = "video"
    recipe: Recipe = field(default_factory=Recipe)
    films: int = 4000
    checks: int = 600  # clips of other people, for early stopping
    units: int = 64
    epochs: int = 40
    patience: int = 8
    batch: int = 64
    rate: float = 5e-4
    part: int = 50  # clips in one file
    workers: int = 2
    seed: int = 1

    def __post_init__(self) -> None:
        least = dict.fromkeys(("films", "checks", "units", "epochs", "patience", "batch", "part"), 1)
        self.check({**least, "workers": 0, "seed": 0})
        if {kind for kind, share in self.recipe.weights if share} & set(REDRAWN):
            raise TrainingError("Clips can't be made of redrawn faces. Choose a plan without those kinds.")

    @classmethod
    def demo(cls) -> "Plan":
        recipe = Recipe(size=48, weights=(("self_blend", 0.5), ("mouth_redone", 0.5)))
        return cls("demo-video", recipe, films=16, checks=8, part=8, units=4, epochs=2, workers=0)


@dataclass(frozen=True, slots=True)
class Films:
    """Embeddings (clips, frames, width), and the kind of each clip."""

    embeddings: NDArray[np.float32]
    kinds: NDArray[np.str_]

    @property
    def fake(self) -> NDArray[np.bool_]:
        return np.asarray(self.kinds != samples.REAL)


def train(
    plan: Plan,
    faces: dict[str, list[FaceCrop]],
    folder: Path,
    image: Path,
    *,
    stretches: tuple[Stretch, ...] = (),
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> Any:
    """Train on the embeddings of `image`, a .keras file. An interrupted training is resumed."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / EMBED).is_file():
        provenance_log.check_unchanged(folder, plan, image, faces["train"], free=HEAD_ONLY, films=len(stretches))
    else:
        network = networks.load(image)
        if network.input_shape[1] != plan.recipe.size:
            raise TrainingError(f"{image} takes {network.input_shape[1]} pixels; the plan says {plan.recipe.size}.")
        provenance_log.record_start(folder, image, faces["train"], films=len(stretches))
        networks.export_plain(networks.embedding_of(network), folder / EMBED)
    plan.write(folder / "plan.json")
    film_sets = {}
    # Real videos are used for training only. They are few, and validation needs people of its own.
    for part, count, seed, real in (("train", plan.films, plan.seed, stretches), ("validation", plan.checks, 99, ())):
        film_sets[part] = films(plan, faces[part], folder, part, count, seed=seed, stretches=real, progress=progress)
    return fit(plan, film_sets["train"], film_sets["validation"], folder, progress=progress)


def films(
    plan: Plan,
    faces: list[FaceCrop],
    folder: Path,
    part: str,
    count: int,
    *,
    seed: int,
    stretches: tuple[Stretch, ...] = (),
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> Films:
    """Embeddings of `count` clips of these people. Stored ones are read."""
    kept = folder / "films"
    kept.mkdir(exist_ok=True)
    embed = OnnxNet(folder / EMBED)
    numbers = range(-(-count // plan.part))
    missing = [number for number in numbers if not (kept / f"{part}-{number:04}.npz").is_file()]
    stream = data_loader.stream(
        faces, plan.recipe, batch=plan.part, seed=seed * 1000 + len(numbers) - len(missing), workers=plan.workers,
        make=partial(clips.batch_of, stretches=stretches),
    )  # fmt: skip
    try:
        for number in missing:
            pixels, kinds = next(stream)
            path = kept / f"{part}-{number:04}.npz"
            with path.with_suffix(".part").open("wb") as file:
                np.savez(file, embeddings=embed_clips(embed, pixels).astype(np.float16), kinds=np.array(kinds))
            path.with_suffix(".part").replace(path)
            progress(f"films for {part}", (number + 1) * plan.part, count)
    finally:
        stream.close()  # type: ignore[attr-defined]
    parts = [np.load(kept / f"{part}-{number:04}.npz") for number in numbers]
    return Films(
        np.concatenate([part_file["embeddings"] for part_file in parts])[:count].astype(np.float32),
        np.concatenate([part_file["kinds"] for part_file in parts])[:count],
    )


def embed_clips(embed: OnnxNet, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Embed every frame of the clips with the image network, as inspection does."""
    flat = pixels.reshape(-1, *pixels.shape[2:])
    embeddings = [embed(batch)[embed.outputs[0]] for batch in _normalised_batches(flat)]
    return np.concatenate(embeddings).reshape(*pixels.shape[:2], -1)


def _normalised_batches(pictures: NDArray[np.uint8], batch: int = 16) -> Iterator[NDArray[np.float32]]:
    for start in range(0, len(pictures), batch):
        yield crops.normalise(pictures[start : start + batch], SCALING, "rgb")


def fit(
    plan: Plan,
    training: Films,
    checks: Films,
    folder: Path,
    *,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> Any:
    """Train the head with early stopping on the validation clips. The best epoch is kept."""
    import keras

    keras.utils.set_random_seed(plan.seed)
    head = networks.temporal_head(FRAMES, training.embeddings.shape[-1], units=plan.units)
    head.compile(keras.optimizers.AdamW(plan.rate, weight_decay=1e-3, clipnorm=1.0), loss="binary_crossentropy")
    best, since = -1.0, 0
    with (folder / "log.csv").open("w", newline="") as file:
        log = csv.writer(file)
        log.writerow(["epoch", "loss", "auc"])
        for epoch in range(1, plan.epochs + 1):
            loss = head.fit(training.embeddings, training.fake.astype(np.float32), batch_size=plan.batch, verbose=0)
            reached = auc(head.predict(checks.embeddings, verbose=0)[:, 0], checks.fake)
            log.writerow([epoch, round(loss.history["loss"][-1], 4), round(reached, 4)])
            progress("epochs", epoch, plan.epochs)
            since += 1
            if reached > best or not np.isfinite(reached):
                best, since = reached, 0
                head.save(folder / HEAD)
            if since >= plan.patience:
                break
    plots.progress(folder / "log.csv", folder / "log.svg")
    return networks.load(folder / HEAD)
