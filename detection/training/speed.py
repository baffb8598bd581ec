"""How long a training step takes for each sample, by network, size and the way it is computed."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

TENSORFLOW, KERAS_TORCH, TORCH, FIRST, COMPILED, HALF = WAYS = (
    "tensorflow",  # Keras on TensorFlow: what `train_image` does
    "keras on torch",
    "torch",  # channels last, batch norms folded in: what a training from a cache does
    "torch, channels first",
    "torch, compiled",
    "torch, bfloat16",
)


@dataclass(frozen=True, slots=True)
class Speed:
    """Of forward and backward pass and the optimizer's step, in ms for each sample."""

    network: str
    size: int
    way: str
    wall: float  # as the clock tells
    processor: float  # of all cores together: tells the same on a busy machine


def measure_apart(network: str, size: int, way: str, *, batch: int, steps: int) -> Speed:
    """In a process of its own: Keras knows one backend in each."""
    code = f"from detection.training import speed; speed.print_measured({network!r}, {size}, {way!r}, {batch}, {steps})"
    backend = "torch" if way != TENSORFLOW else "tensorflow"
    environment = {**os.environ, "KERAS_BACKEND": backend}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 (own code)
    if done.returncode:
        raise RuntimeError(f"{network}, {size} px, {way}: {done.stderr.strip().splitlines()[-1]}")
    return Speed(**json.loads(done.stdout.splitlines()[-1]))


def print_measured(network: str, size: int, way: str, batch: int, steps: int) -> None:
    """The best of the steps: what lies above it is other work on the machine."""
    make = _keras_step if way in (TENSORFLOW, KERAS_TORCH) else _torch_step
    step = make(network, size, batch, way)
    for _ in range(2):
        step()
    walls, processors = [], []
    for _ in range(steps):
        wall, processor = time.perf_counter(), time.process_time()
        step()
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    wall, processor = (round(1000 * min(values) / batch, 1) for values in (walls, processors))
    sys.stdout.write(json.dumps(asdict(Speed(network, size, way, wall, processor))) + "\n")


def _network(network: str, size: int) -> Any:
    import keras

    from .. import networks

    model = networks.image_network(size, network)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    return model


def _samples(size: int, batch: int) -> tuple[Any, Any]:
    chance = np.random.default_rng(1)
    pixels = chance.uniform(-1, 1, (batch, size, size, 3)).astype(np.float32)
    return pixels, (np.arange(batch)[:, None] % 2).astype(np.float32)


def _keras_step(network: str, size: int, batch: int, way: str) -> Callable[[], Any]:
    import keras

    model = _network(network, size)
    model.compile(keras.optimizers.AdamW(1e-4, clipnorm=1.0), loss="binary_crossentropy")
    pixels, labels = _samples(size, batch)
    return lambda: model.train_on_batch(pixels, labels)


def _torch_step(network: str, size: int, batch: int, way: str) -> Callable[[], Any]:
    import torch

    from .torch_network import TorchNetwork

    layout = torch.contiguous_format if way == FIRST else torch.channels_last
    module: Any = TorchNetwork(_network(network, size)).to(memory_format=layout)
    optimizer = torch.optim.AdamW([p for p in module.parameters() if p.requires_grad], 1e-4)
    if way == COMPILED:
        module = torch.compile(module)
    pixels, labels = (torch.tensor(values) for values in _samples(size, batch))
    pixels = pixels.permute(0, 3, 1, 2).contiguous(memory_format=layout)

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=way == HALF):
            loss = torch.nn.functional.binary_cross_entropy_with_logits(module(pixels)[0].float(), labels)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()

    return step
