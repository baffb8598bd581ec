"""Training an image network in PyTorch from caches of samples. It goes on at the very step where it was ended."""

import csv
import json
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import torch
from torch.nn import functional

from .. import crops
from ..metrics import auc
from . import image, loader, plots, provenance_log, samples
from .cache import Cache
from .face_dataset import TrainingError
from .image import SCALING, Plan
from .loader import Batch, Position
from .provenance_log import BEGUN, EMA_WEIGHTS
from .torch_network import TorchNetwork

STATE = "state.pt"
CACHES = "caches.json"
CHECKPOINTS = "checkpoints"  # one for each check
EMA_EVERY = 5  # steps
SMOOTHING = 0.02  # of labels


class Training:
    """A network, its slow mean, the optimizer, and where in the caches it is."""

    def __init__(self, plan: Plan, folder: Path, init: Path | None) -> None:
        self.plan, self.folder = plan, folder
        self.keras_model = image.build(plan, init)
        for layer in self.keras_model.layers:
            if type(layer).__name__ == "BatchNormalization":
                layer.trainable = plan.norms == "learnt"
        self.net = TorchNetwork(self.keras_model, fixed_norms=plan.norms == "fixed").to(
            memory_format=torch.channels_last
        )
        self.mean = TorchNetwork(self.keras_model, fixed_norms=plan.norms == "fixed").to(
            memory_format=torch.channels_last
        )
        self.mean.eval()
        self.trained = [p for p in self.net.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(self.trained, lr=plan.rate, weight_decay=plan.decay)
        self.step = 0
        self.position = Position()
        if (folder / STATE).is_file():
            self._resume()

    def learn(self, batch: Batch) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = rate_at(self.step, self.plan)
        self.net.train()
        outputs = self.net(_tensor(batch.pixels))
        loss = self._loss(outputs, batch)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.trained, 1.0)
        self.optimizer.step()
        self.step, self.position = self.step + 1, batch.after
        if self.step % EMA_EVERY == 0:
            self._follow()
        return float(loss.detach())

    def _loss(self, outputs: list[torch.Tensor], batch: Batch) -> torch.Tensor:
        targets = torch.tensor(batch.labels * (1 - SMOOTHING) + SMOOTHING / 2, dtype=torch.float32)
        loss = functional.binary_cross_entropy_with_logits(outputs[0][:, 0], targets)
        groups = [samples.group_of(kind) for kind in batch.kinds]
        with_group = [at for at, group in enumerate(groups) if group is not None]
        if len(outputs) > 1 and with_group and self.plan.kinds_weight:
            classes = torch.tensor([groups[at] for at in with_group])
            of_kinds = functional.cross_entropy(outputs[1][with_group], classes, reduction="sum") / len(groups)
            loss = loss + self.plan.kinds_weight * of_kinds
        return loss

    def _follow(self) -> None:
        share = min(self.plan.ema**EMA_EVERY, self.step / (self.step + 100))
        with torch.no_grad():
            for mean, now in zip(self.mean.parameters(), self.net.parameters(), strict=True):
                mean.lerp_(now, 1 - share)
            for mean, now in zip(self.mean.buffers(), self.net.buffers(), strict=True):
                mean.copy_(now)

    def scores(self, cache: Cache) -> Any:
        """Log-odds of a cache's samples, by the mean network."""
        with torch.no_grad():
            return np.concatenate([self.mean(_tensor(pixels))[0][:, 0].numpy() for pixels in cache.middles()])

    def save(self) -> None:
        """The new checkpoint replaces the old one only when it is whole."""
        state = {
            "net": self.net.state_dict(),
            "mean": self.mean.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "torch": torch.get_rng_state(),
            "step": self.step,
            "position": self.position.to_dict(),
        }
        _replace(self.folder / STATE, lambda path: torch.save(state, path))
        steady = self.mean.write_back(self.keras_model)
        steady.save_weights(self.folder / "next.weights.h5")
        (self.folder / "next.weights.h5").replace(self.folder / EMA_WEIGHTS)
        (self.folder / "step.txt").write_text(str(self.step))

    def keep(self) -> None:
        """Copy what an export needs: on files by others an earlier step is often better than the last one."""
        kept = self.folder / CHECKPOINTS / f"{self.step:06}"
        kept.mkdir(parents=True, exist_ok=True)
        for name in (EMA_WEIGHTS, "plan.json", "step.txt", BEGUN):
            if (self.folder / name).is_file():
                shutil.copy(self.folder / name, kept)

    def _resume(self) -> None:
        state = torch.load(self.folder / STATE, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["mean"])
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["torch"])
        self.step, self.position = state["step"], Position.from_dict(state["position"])


def train(
    plan: Plan,
    caches: Sequence[Path],
    validation: Sequence[Path],
    folder: Path,
    *,
    init: Path | None = None,
    init_licence: str = "",
    progress: Callable[[int, dict[str, float]], None] = lambda step, figures: None,
    until: float = float("inf"),
    save_every: float = 120.0,  # seconds
) -> None:
    """Begin, or go on from the last checkpoint in `folder`. Ends after the plan's steps, or at a time of day."""
    folder.mkdir(parents=True, exist_ok=True)
    first = not (folder / STATE).is_file()
    _check_resumable(plan, caches, validation, folder)
    if first and init is None and plan.norms == "fixed":
        raise TrainingError(
            "The plan keeps the norms as they came with --init. Say it, or make them “learnt” in a plan."
        )
    keras.utils.set_random_seed(plan.seed)
    torch.manual_seed(plan.seed)
    training = Training(plan, folder, init if first else None)
    if first:
        plan.write(folder / "plan.json")
        _record_start(folder, init, init_licence, caches)
    checks = {path.name: Cache(path) for path in validation}
    losses: list[float] = []
    saved = time.monotonic()
    reading = loader.batches(caches, batch=plan.batch, seed=plan.seed, position=training.position)
    try:
        while training.step < plan.steps and time.time() < until:
            losses.append(training.learn(next(reading)))
            done = training.step == plan.steps
            if done or training.step % plan.check_every == 0:
                figures = {"loss": float(np.mean(losses))}
                for name, cache in checks.items():
                    figures |= figures_of(training.scores(cache), cache, name)
                losses.clear()
                _log(folder, training.step, figures)
                progress(training.step, figures)
                training.save()
                training.keep()
            elif time.monotonic() - saved > save_every:
                saved = time.monotonic()
                training.save()
    finally:
        reading.close()  # type: ignore[attr-defined]
    training.save()


def figures_of(logits: Any, cache: Cache, name: str) -> dict[str, float]:
    """AUC of all its fakes and of each kind against its real samples, and the share of false alarms."""
    kinds = cache.all("kinds")
    real = kinds == samples.REAL
    figures = {f"{name}: auc": auc(logits, ~real), f"{name}: false alarms": float((logits[real] > 1.386).mean())}
    for kind in sorted(set(kinds[~real].tolist())):
        rows = real | (kinds == kind)
        figures[f"{name}: {kind}"] = auc(logits[rows], kinds[rows] == kind)
    return figures


def rate_at(step: int, plan: Plan) -> float:
    """Up to the plan's rate, then down along a cosine to a fiftieth of it."""
    warm = min(plan.warm, plan.steps // 2)
    if step < warm:
        return plan.rate * (0.05 + 0.95 * step / warm)
    share = (step - warm) / max(1, plan.steps - warm)
    return float(plan.rate * (0.02 + 0.98 * (1 + np.cos(np.pi * share)) / 2))


def _tensor(pixels: Any) -> torch.Tensor:
    scaled = torch.from_numpy(crops.normalise(pixels, SCALING, "rgb"))
    return scaled.permute(0, 3, 1, 2)  # a view: its memory is channels last already


def _check_resumable(plan: Plan, caches: Sequence[Path], validation: Sequence[Path], folder: Path) -> None:
    """Refuse to resume with another plan or without a cache, and to check on training samples."""
    digests = {path.name: Cache(path).digest for path in caches}
    if set(digests.values()) & {Cache(path).digest for path in validation}:
        raise TrainingError("A cache is named for training and for checking.")
    if any(Cache(path).part != "train" for path in caches):
        raise TrainingError("Only samples of the part “train” may be trained on.")
    if any(Cache(path).size != plan.recipe.size for path in (*caches, *validation)):
        raise TrainingError(f"The plan wants crops of {plan.recipe.size} pixels, and the caches have others.")
    stored = folder / CACHES
    earlier = json.loads(stored.read_text()) if stored.is_file() else {}
    if any(digests.get(name) != digest for name, digest in earlier.items()):
        raise TrainingError(f"{folder} began with other caches. More may be named, but none left out.")
    stored.write_text(json.dumps(digests, indent=2) + "\n")
    if (folder / STATE).is_file() and (folder / "plan.json").is_file():
        before = Plan.read(folder / "plan.json")
        if any(
            getattr(before, name) != getattr(plan, name) for name in ("network", "recipe", "batch", "seed", "norms")
        ):
            raise TrainingError(f"{folder} began with another plan.")
        plan.write(folder / "plan.json")  # more steps, another rate


def _record_start(folder: Path, init: Path | None, licence: str, caches: Sequence[Path]) -> None:
    opened = [Cache(path) for path in caches]
    digests = [cache.digest for cache in opened]
    more = {"caches": digests, "software": f"PyTorch {torch.__version__}"}
    provenance_log.record_start_digest(folder, init, opened[0].faces, licence=licence, **more)


def _log(folder: Path, step: int, figures: dict[str, float]) -> None:
    log = folder / "log.csv"
    fresh = not log.is_file()
    with log.open("a", newline="") as file:
        writer = csv.DictWriter(file, ["step", *figures])
        if fresh:
            writer.writeheader()
        writer.writerow({"step": step, **{name: round(value, 4) for name, value in figures.items()}})
    plots.progress(log, folder / "log.svg")


def _replace(path: Path, write: Callable[[Path], Any]) -> None:
    fresh = path.with_name(f"{path.name}.part")
    write(fresh)
    fresh.replace(path)
