"""Training an image network: endless fakes, checked now and then on people it has not seen. It can be interrupted."""

import csv
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from .. import crops, efficientnet_lite, networks
from ..metrics import auc
from . import data_loader, plots, provenance_log, samples
from .face_dataset import FaceCrop, TrainingError
from .plans import PlanFile
from .provenance_log import EMA_WEIGHTS, ema_weights
from .pseudofakes import GROUPS
from .samples import Recipe

SCALING = "-1..1"
LAST = "last.keras"  # the checkpoint
SETTLE = 24  # batches


@dataclass(frozen=True, slots=True)
class Plan(PlanFile):
    """Of an image network."""

    name: str = "image"
    network: str = "mobilenetv2"  # one of networks.NETWORKS
    width: int = 16  # channels that the residual network begins with
    recipe: Recipe = field(default_factory=Recipe)
    batch: int = 32
    steps: int = 6000
    rate: float = 1e-3
    warm: int = 200
    decay: float = 1e-4
    ema: float = 0.998
    norms: str = "fixed"  # statistics of the batch norms: as they came with --init (half the time of a step), or learnt
    kinds_weight: float = 0.1
    where_weight: float = 0.0  # how much it counts that it tells where a fake is fake; 0: it isn't asked
    check_every: int = 200
    each: int = 40  # validation samples of each kind
    workers: int = 2
    seed: int = 1

    def __post_init__(self) -> None:
        self.check(
            {"width": 1, "batch": 1, "steps": 1, "check_every": 1, "each": 1, "workers": 0, "warm": 0, "seed": 0}
        )
        for name, allowed in (("network", tuple(networks.NETWORKS)), ("norms", ("fixed", "learnt"))):
            if getattr(self, name) not in allowed:
                raise TrainingError(f"{name} is {getattr(self, name)!r}, and has to be one of {', '.join(allowed)}")

    @classmethod
    def demo(cls) -> "Plan":
        """A minute on any machine; it learns next to nothing."""
        recipe = Recipe(size=48)
        small = {"batch": 8, "steps": 12, "check_every": 6, "each": 1, "workers": 0, "warm": 2}
        return cls("demo", "tiny", recipe=recipe, norms="learnt", **small)


def build(plan: Plan, init: Path | None = None) -> Any:
    model = networks.NETWORKS[plan.network](plan.recipe.size, plan.width, len(GROUPS))
    if init is not None:
        try:
            _start_from(model, init)
        except (ValueError, KeyError, OSError) as error:
            raise TrainingError(f"{init.name} is not of the build that the plan wants: {error}") from error
    return model


def _start_from(model: Any, init: Path) -> None:
    """What a training of the same build came to, or a network, or ImageNet's weights for the backbone, by name."""
    import keras

    if init.is_dir():
        model.load_weights(ema_weights(init))
        return
    if init.suffix == ".keras":
        model.set_weights(networks.load(init).get_weights())
        return
    if init.suffix == ".pth":
        efficientnet_lite.read_imagenet(init, model)
        return
    source = keras.applications.MobileNetV2(include_top=False, input_shape=(224, 224, 3), weights=None)
    source.load_weights(init)
    names = {layer.name: layer for layer in model.layers}
    for layer in source.layers:
        if layer.weights:
            names[layer.name].set_weights(layer.get_weights())


def train(
    plan: Plan,
    faces: dict[str, list[FaceCrop]],
    folder: Path,
    *,
    init: Path | None = None,
    init_licence: str = "",
    progress: Callable[[int, dict[str, float]], None] = lambda step, figures: None,
    until: float = float("inf"),
) -> Any:
    """Go on from the last checkpoint in `folder`, or begin. Ends after the plan's steps, or at a time of day."""
    import keras

    folder.mkdir(parents=True, exist_ok=True)
    if (folder / LAST).is_file():
        provenance_log.check_unchanged(folder, plan, init, faces["train"], free=("workers",))
    elif init is None and plan.norms == "fixed":
        raise TrainingError(
            "The plan keeps the norms that come with --init. Give --init, or a plan whose norms are “learnt”."
        )
    keras.utils.set_random_seed(plan.seed)
    model, step = _last(folder), _steps_done(folder)
    if model is None:
        model = build(plan, init)
        plan.write(folder / "plan.json")
        provenance_log.record_start(folder, init, faces["train"], licence=init_licence)
        if plan.where_weight:
            model = networks.with_localisation_head(model)
        _compile(model, plan)
    if plan.norms == "learnt":
        _follow_quickly(model)
    steady = _MovingAverage(model, plan, folder)
    checks = samples.fixed(faces["validation"], plan.recipe, each=plan.each, seed=99)
    batches = data_loader.stream(
        faces["train"], plan.recipe, batch=plan.batch, seed=plan.seed * 1000 + step, workers=plan.workers,
        make=samples.batch_of,
    )  # fmt: skip
    losses: list[float] = []
    try:
        while step < plan.steps and time.time() < until:
            losses.append(float(_step(model, *next(batches))))
            step += 1
            steady.follow(step)
            if step % plan.check_every == 0 or step == plan.steps:
                if plan.norms == "learnt":
                    steady.settle([next(batches)[0] for _ in range(SETTLE)])
                figures = {"loss": float(np.mean(losses)), **_check(steady.net, checks)}
                losses.clear()
                _save(folder, model, steady, step, figures)
                progress(step, figures)
    finally:
        batches.close()  # type: ignore[attr-defined]
    return steady.net


def _follow_quickly(model: Any, momentum: float = 0.95) -> None:
    """Batch norms made for a million steps keep statistics of a thousand steps ago: then nothing is right when used."""
    import keras

    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = momentum


def _compile(model: Any, plan: Plan) -> None:
    import keras

    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = plan.norms == "learnt"
    warm = min(plan.warm, plan.steps // 2)
    rate = keras.optimizers.schedules.CosineDecay(
        plan.rate / 20, plan.steps - warm, alpha=0.02, warmup_target=plan.rate, warmup_steps=warm
    )
    yes_or_no = keras.losses.BinaryCrossentropy(label_smoothing=0.02)
    model.compile(
        keras.optimizers.AdamW(rate, weight_decay=plan.decay, clipnorm=1.0),
        loss=[yes_or_no, keras.losses.SparseCategoricalCrossentropy(), yes_or_no][: len(model.outputs)],
        loss_weights=[1.0, plan.kinds_weight, plan.where_weight][: len(model.outputs)],
    )


def _step(model: Any, pictures: Any, kinds: list[str], where: Any) -> Any:
    """Real ones, and fakes made by others, have no kind that is known: they weigh nothing there."""
    fake = np.array([[float(kind != samples.REAL)] for kind in kinds], np.float32)
    groups_or_none = [samples.group_of(kind) for kind in kinds]
    groups = np.array([group or 0 for group in groups_or_none], np.int32)
    weights = np.array([float(group is not None) for group in groups_or_none], np.float32)
    targets: list[Any] = [fake, groups]
    counted: list[Any] = [np.ones(len(kinds)), weights]
    if len(model.outputs) > len(targets):
        side = model.outputs[-1].shape[1]
        small = np.stack([cv2.resize(mask, (side, side), interpolation=cv2.INTER_AREA) for mask in where])
        targets.append(small[..., None].astype(np.float32) / 255)
        counted.append(np.ones(small.shape))
    values = model.train_on_batch(crops.normalise(pictures, SCALING, "rgb"), targets, sample_weight=counted)
    return values[0] if isinstance(values, list | tuple | np.ndarray) else values


class _MovingAverage:
    """A second network that follows the trained one slowly: its weights are a mean over the last steps."""

    def __init__(self, model: Any, plan: Plan, folder: Path) -> None:
        import keras

        self.model = keras.Model(model.inputs[0], model.outputs[:2], name=model.name)  # nobody asks it where, later
        self.share = plan.ema
        self.net = keras.models.clone_model(self.model)
        kept = ema_weights(folder)
        if kept.is_file():
            self.net.load_weights(kept)
        else:
            self.net.set_weights(self.model.get_weights())

    def settle(self, pictures: list[Any]) -> None:
        """Averaged weights need batch statistics of their own."""
        _follow_quickly(self.net, 0.85)
        for batch in pictures:
            self.net(crops.normalise(batch, SCALING, "rgb"), training=True)

    def follow(self, step: int) -> None:
        if step % 5:  # often enough, and five times cheaper
            return
        share = min(self.share**5, step / (step + 100))
        for average, trained in zip(self.net.trainable_weights, self.model.trainable_weights, strict=True):
            average.assign(average * share + trained * (1 - share))


def scores(net: Any, pictures: Any, *, batch: int = 32) -> Any:
    """P(manipulated) and shares of kinds, for 8-bit crops."""
    outputs = [
        [np.asarray(out) for out in net(crops.normalise(pictures[i : i + batch], SCALING, "rgb"), training=False)]
        for i in range(0, len(pictures), batch)
    ]
    return np.concatenate([m[0][:, 0] for m in outputs]), np.concatenate([m[1] for m in outputs])


def _check(net: Any, checks: list[samples.Sample]) -> dict[str, float]:
    scored, _ = scores(net, np.stack([sample.pixels for sample in checks]))
    kinds = np.array([sample.kind for sample in checks])
    real = kinds == samples.REAL
    figures = {"auc": auc(scored, ~real), "false_alarms": float((scored[real] > 0.8).mean())}
    for kind in dict.fromkeys(kinds[~real]):
        compared = real | (kinds == kind)
        figures[str(kind)] = auc(scored[compared], kinds[compared] == kind)
    return figures


def _save(folder: Path, model: Any, steady: _MovingAverage, step: int, figures: dict[str, float]) -> None:
    """The new checkpoint replaces the old one only when it is whole."""
    model.save(folder / "next.keras")
    (folder / "next.keras").replace(folder / LAST)
    steady.net.save_weights(folder / "next.weights.h5")
    (folder / "next.weights.h5").replace(folder / EMA_WEIGHTS)
    log = folder / "log.csv"
    fresh = not log.is_file()
    with log.open("a", newline="") as file:
        writer = csv.DictWriter(file, ["step", *figures])
        if fresh:
            writer.writeheader()
        writer.writerow({"step": step, **{name: round(value, 4) for name, value in figures.items()}})
    plots.progress(log, folder / "log.svg")
    (folder / "step.txt").write_text(str(step))


def _last(folder: Path) -> Any:
    import keras

    path = folder / LAST
    return keras.saving.load_model(path) if path.is_file() else None


def _steps_done(folder: Path) -> int:
    path = folder / "step.txt"
    return int(path.read_text()) if path.is_file() else 0
