"""Run networks in ONNX Runtime, or in Keras (imported late) where a bundle has no ONNX file."""

import copy
import os
import threading
from collections import OrderedDict
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from . import crops
from .bundle import Bundle
from .errors import BadBundle

Floats = NDArray[np.float32]

THREADS = max(1, len(os.sched_getaffinity(0)))
BATCH = 2  # on a CPU as fast as 8, and its activations take 80 MB less for a film
KEPT = 6  # most bundles in memory
HEATMAP, EMBEDDING = "cam", "embedding"  # names of further outputs of an exported network


def onnx_session(source: Path | bytes, *, threads: int = 0) -> Any:
    """A session whose threads don't spin between calls."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or THREADS
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    content = source if isinstance(source, bytes) else str(source)
    return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])


class Net(Protocol):
    """A network: floats in, named floats out. The first output is the score."""

    outputs: tuple[str, ...]
    shape: tuple[Any, ...]

    def __call__(self, batch: Floats) -> dict[str, Floats]: ...

    def scrambled(self) -> "Net": ...


class OnnxNet:
    def __init__(self, source: Path | bytes, *, threads: int = 0) -> None:
        self.source = source
        self.session = onnx_session(source, threads=threads)
        inputs = self.session.get_inputs()
        if len(inputs) != 1:
            raise BadBundle(f"This network has {len(inputs)} inputs; one is expected.")
        self.input = inputs[0].name
        self.shape: tuple[Any, ...] = tuple(inputs[0].shape)
        # Some exports take only one picture at a time.
        self.batch = self.shape[0] if isinstance(self.shape[0], int) and self.shape[0] > 0 else None
        self.outputs = tuple(output.name for output in self.session.get_outputs())

    def __call__(self, batch: Floats) -> dict[str, Floats]:
        if self.batch is None:
            parts = [self.session.run(None, {self.input: batch})]
        elif self.batch == 1:
            parts = [self.session.run(None, {self.input: picture[None]}) for picture in batch]
        else:
            raise BadBundle(f"This network takes {self.batch} pictures at a time; any number or 1 is expected.")
        return {name: np.concatenate([p[i] for p in parts]) for i, name in enumerate(self.outputs)}

    def scrambled(self) -> "OnnxNet":
        import onnx
        from onnx import numpy_helper

        content = self.source if isinstance(self.source, bytes) else self.source.read_bytes()
        graph = onnx.load_from_string(content)
        chance = np.random.default_rng(0)
        for tensor in graph.graph.initializer:
            values = numpy_helper.to_array(tensor)
            if values.dtype == np.float32 and values.ndim > 1:
                tensor.CopyFrom(numpy_helper.from_array(_shuffled(values, chance), tensor.name))
        return OnnxNet(graph.SerializeToString())


class KerasNet:
    """A network in Keras. The first one takes eleven seconds and 700 MB."""

    def __init__(self, path: Path) -> None:
        from .networks import load, with_class_map

        self.path = path
        model = load(path)
        self.model = with_class_map(model) or model
        self.outputs = tuple(self.model.output_names) if isinstance(self.model.output, list | dict) else ("score",)
        if isinstance(self.model.output, dict):
            self.outputs = tuple(self.model.output)
        self.shape: tuple[Any, ...] = tuple(self.model.inputs[0].shape)

    def __call__(self, batch: Floats) -> dict[str, Floats]:
        outputs = self.model(batch, training=False)
        if isinstance(outputs, dict):
            return {name: np.asarray(value) for name, value in outputs.items()}
        values = outputs if isinstance(outputs, list | tuple) else [outputs]
        return {name: np.asarray(value) for name, value in zip(self.outputs, values, strict=True)}

    def scrambled(self) -> "KerasNet":
        other, chance = KerasNet(self.path), np.random.default_rng(0)
        weights = [_shuffled(w, chance) if w.ndim > 1 else w for w in other.model.get_weights()]
        other.model.set_weights(weights)
        return other


def _shuffled(values: Floats, chance: np.random.Generator) -> Floats:
    """The same values in random order: the scale stays, the training is lost."""
    mixed: Floats = chance.permutation(values.reshape(-1)).reshape(values.shape)
    return mixed


def open_net(path: Path) -> Net:
    try:
        return OnnxNet(path) if path.suffix == ".onnx" else KerasNet(path)
    except BadBundle:
        raise
    except RUNTIME_ERRORS as error:
        raise BadBundle(f"The network {path.name} can't be loaded.", detail=repr(error)) from error


# What ONNX Runtime and Keras raise for a bad graph or input, with ONNX Runtime's own classes.
RUNTIME_ERRORS: tuple[type[Exception], ...] = (
    BadBundle,
    RuntimeError,
    ValueError,
    TypeError,
    OSError,
    LookupError,
    ImportError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    AssertionError,
    *(
        error
        for name in dir(ort.capi.onnxruntime_pybind11_state)
        if isinstance(error := getattr(ort.capi.onnxruntime_pybind11_state, name), type)
        and issubclass(error, Exception)
    ),
)


class Runner:
    """A verified bundle with its network loaded: crops in, P(manipulated) out."""

    def __init__(self, bundle: Bundle, *, runtime: str = "") -> None:
        bundle.verify()
        self.bundle = bundle
        self.runtime = runtime or bundle.runtime
        self.net = open_net(bundle.folder / f"model.{self.runtime}")
        self.embed = open_net(bundle.embedder) if bundle.embedder else None
        self.training_distribution = _read_distribution(bundle)

    def raw(self, pictures: NDArray[np.uint8]) -> dict[str, Floats]:
        """All outputs for RGB pictures (n, [frames,] size, size, 3). `score` is P(manipulated)."""
        parts: list[dict[str, Floats]] = []
        for start in range(0, len(pictures), BATCH if self.bundle.kind == "image" else 1):
            step = pictures[start : start + (BATCH if self.bundle.kind == "image" else 1)]
            outputs = self.net(self._network_input(step))
            score = self._direction(outputs.pop(self.net.outputs[0]), len(step))
            if self.bundle.mirror:
                again = self.net(self._network_input(step[..., ::-1, :]))
                score = average_odds(score, self._direction(again[self.net.outputs[0]], len(step)))
            parts.append({"score": score, **outputs})
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def is_out_of_distribution(self, outputs: dict[str, Floats]) -> bool:
        """Whether a face is further from the training faces than 99 % of them."""
        if self.training_distribution is None or EMBEDDING not in outputs:
            return False
        mean, precision, threshold = self.training_distribution
        off = outputs[EMBEDDING].mean(0).reshape(-1) - mean
        squared = float(off @ precision @ off) if precision.ndim == 2 else float((off * off * precision).sum())
        return squared > threshold * threshold

    @cached_property
    def scrambled(self) -> "Runner":
        """The same network with shuffled weights. Its heat map must differ."""
        other = copy.copy(self)
        other.__dict__.pop("scrambled", None)
        other.net = self.net.scrambled()
        return other

    def answers(self, pictures: NDArray[np.uint8]) -> Floats:
        """The raw first output of the network, to find out how to read it."""
        name = self.net.outputs[0]
        outputs = [np.asarray(self.net(self._network_input(picture[None]))[name], np.float32) for picture in pictures]
        return np.stack([values.reshape(-1) for values in outputs])

    def _network_input(self, pictures: NDArray[np.uint8]) -> Floats:
        values = crops.normalise(pictures, self.bundle.scaling, self.bundle.colours)
        if self.bundle.layout == "nchw":
            values = np.ascontiguousarray(np.moveaxis(values, -1, -3))
        if self.embed is None:
            return values
        embed, flat = self.embed, values.reshape(-1, *values.shape[2:])
        embeddings = [embed(flat[i : i + BATCH])[embed.outputs[0]] for i in range(0, len(flat), BATCH)]
        return np.concatenate(embeddings).reshape(values.shape[0], values.shape[1], -1)

    def _direction(self, output: Floats, count: int) -> Floats:
        """Convert the output of a network to P(manipulated)."""
        values = np.asarray(output, np.float32).reshape(count, -1)
        two = self.bundle.output in ("softmax", "logits")
        if values.shape[1] != (2 if two else 1):
            raise BadBundle(f"The bundle {self.bundle.label} gave {values.shape[1]} numbers for one picture.")
        if self.bundle.output == "logits":
            powers = np.exp(values - values.max(1, keepdims=True))
            values = powers / powers.sum(1, keepdims=True)
        elif self.bundle.output == "logit":
            values = (1 / (1 + np.exp(-np.clip(values, -60, 60)))).astype(np.float32)
        score = values[:, self.bundle.fake_is] if two else values[:, 0]
        if not two and self.bundle.fake_is == 0:
            score = 1 - score
        if not np.isfinite(score).all() or score.min() < -1e-3 or score.max() > 1.001:
            raise BadBundle(f"The bundle {self.bundle.label} gave a number that is no probability.")
        clipped: Floats = score.clip(0.0, 1.0).astype(np.float32)
        return clipped


def average_odds(first: Floats, second: Floats) -> Floats:
    """The mean of two probabilities, in log-odds."""
    odds = [np.log(p / (1 - p)) for p in (x.astype(np.float64).clip(1e-6, 1 - 1e-6) for x in (first, second))]
    middle: Floats = (1 / (1 + np.exp(-(odds[0] + odds[1]) / 2))).astype(np.float32)
    return middle


def _read_distribution(bundle: Bundle) -> tuple[Floats, Floats, float] | None:
    """Mean, precision, and the distance that 1 % of the training faces exceed."""
    if not bundle.out_of_distribution:
        return None
    try:
        threshold = float(bundle.out_of_distribution["threshold"])
        with np.load(bundle.distribution, allow_pickle=False) as kept:
            return kept["mean"].astype(np.float32), kept["precision"].astype(np.float32), threshold
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise BadBundle(
            f"The bundle {bundle.label} lacks a readable {bundle.distribution.name}.", detail=repr(error)
        ) from error


_open: "OrderedDict[tuple[str, str, str], Runner]" = OrderedDict()
_lock = threading.Lock()


def runner(bundle: Bundle) -> Runner:
    """The runner of a bundle, loaded once per process and set of weights."""
    key = (str(bundle.folder), bundle.card_sha256, _stamps(bundle))
    with _lock:
        if key in _open:
            _open.move_to_end(key)
            return _open[key]
        loaded = Runner(bundle)
        _open[key] = loaded
        while len(_open) > KEPT:
            _open.popitem(last=False)
        return loaded


def _stamps(bundle: Bundle) -> str:
    """Part of the cache key, so that replaced weights are loaded and verified."""
    stamps = []
    for name in sorted(bundle.files):
        path = bundle.folder / name
        stat = path.stat() if path.is_file() else None
        stamps.append(f"{name}:{stat.st_mtime_ns}:{stat.st_size}" if stat else f"{name}:gone")
    return ",".join(stamps)
