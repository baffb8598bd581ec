"""Make a bundle of a model: read it without running its code, convert, try and describe it."""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import bundle as bundles
from . import model_cards, smoke_test
from .bundle import CARD, Bundle
from .errors import BadBundle
from .runtime import RUNTIME_ERRORS, KerasNet, Net, OnnxNet, Runner

Floats = NDArray[np.float32]

KERAS_FILES = (".keras", ".h5", ".hdf5")
PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".joblib", ".bin", ".ckpt")
VARIES = 1e-4  # smallest range of scores of a working model
CODE_LAYERS = ("Lambda", "TFOpLambda", "SlicingOpLambda")


@dataclass(frozen=True, slots=True)
class Description:
    """What a graph does not show of a model, given by the operator."""

    name: str
    version: str = "1"
    kind: str = "image"
    looks_at: str = "face"
    scaling: str = "0..1"
    colours: str = "rgb"
    size: int = 0  # 0: from the graph
    margin: float = 0.3
    frames: int = 0
    fake_is: int = 1
    output: str = ""  # empty: detected from its outputs
    cut: float | None = None  # threshold on the model's own output
    licence: str = "unknown"
    trained_on: str = "not told"


@dataclass(frozen=True, slots=True)
class Added:
    bundle: Bundle
    runtime: str
    scores: tuple[float, ...]  # on the photo and its variants
    notes: tuple[str, ...]


def add(
    source: Path, root: Path, description: Description, *, embedder: Path | None = None, replace: bool = False
) -> Added:
    """Write a bundle into `root`, complete or not at all."""
    target = root / description.name
    if target.exists() and not replace:
        raise BadBundle(f"There is already a bundle {description.name}. --replace overwrites it.")
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".adding-", dir=root) as temporary:
        folder = Path(temporary) / description.name
        folder.mkdir()
        notes = _convert(source, folder, "model")
        if embedder is not None:
            notes += _convert(embedder, folder, "embed")
        write_card(folder, describe(folder, description))
        bundle, scores = _smoke_test(folder, notes)
        (folder / "CARD.md").write_text(model_cards.markdown(bundle))
        if target.exists():
            shutil.rmtree(target)
        folder.rename(target)
    return Added(bundles.read_bundle(target), bundle.runtime, scores, tuple(notes))


def _convert(source: Path, folder: Path, name: str) -> list[str]:
    """Convert the network to Keras and ONNX, or to one of them."""
    if not source.exists():
        raise BadBundle(f"There is no file {source.name}.")
    if source.is_dir():
        if not (source / "saved_model.pb").is_file():
            raise BadBundle(f"The folder {source.name} is not a SavedModel.")
        _convert_saved_model(source, folder / f"{name}.onnx")
        return []
    ending = source.suffix.lower()
    if ending == ".onnx":
        return _convert_onnx(source, folder / f"{name}.onnx")
    if ending in KERAS_FILES:
        return _convert_keras(source, folder, name)
    if ending in PICKLES:
        raise BadBundle(f"{source.name} may run code when it is opened. Export the network to ONNX and add that.")
    raise BadBundle(f"{source.name} is not a model that can be read: .keras, .h5, .onnx or the folder of a SavedModel.")


def _convert_onnx(source: Path, target: Path) -> list[str]:
    import onnx

    try:
        graph = onnx.load(source, load_external_data=False)
        onnx.checker.check_model(graph)
    except Exception as error:
        raise BadBundle(f"{source.name} is not a valid ONNX graph.", detail=repr(error)) from error
    if any(tensor.external_data for tensor in graph.graph.initializer):
        raise BadBundle(f"{source.name} keeps its weights in other files. Save it as one file.")
    shutil.copyfile(source, target)
    return []


def _convert_keras(source: Path, folder: Path, name: str) -> list[str]:
    _refuse_code(source)
    from . import networks

    try:
        model = networks.load(source)
    except RUNTIME_ERRORS as error:
        raise BadBundle(
            f"{source.name} can't be loaded. A complete model with Keras' own layers is expected.", detail=repr(error)
        ) from error
    model.save(folder / f"{name}.keras")
    try:
        networks.export(model, folder / f"{name}.onnx")
        OnnxNet(folder / f"{name}.onnx")
    except RUNTIME_ERRORS as error:
        (folder / f"{name}.onnx").unlink(missing_ok=True)
        return [f"It could not be exported to ONNX ({type(error).__name__}), so it runs in Keras, which is slow."]
    return []


def _refuse_code(source: Path) -> None:
    """Refuse Lambda layers before loading. They contain Python code."""
    try:
        if zipfile.is_zipfile(source):
            with zipfile.ZipFile(source) as packed:
                config = json.loads(packed.read("config.json"))
        else:
            import h5py

            with h5py.File(source, "r") as file:
                config = json.loads(file.attrs["model_config"])
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise BadBundle(f"{source.name} holds only weights, not a complete model.", detail=repr(error)) from error
    if _names(config) & set(CODE_LAYERS):
        raise BadBundle(f"{source.name} contains code (a Lambda layer), which is never run here.")


def _names(config: Any) -> set[str]:
    if isinstance(config, dict):
        own = {config["class_name"]} if isinstance(config.get("class_name"), str) else set()
        return own.union(*(_names(value) for value in config.values()))
    if isinstance(config, list):
        return set().union(*(_names(value) for value in config))
    return set()


def _convert_saved_model(source: Path, target: Path) -> None:
    """Convert in a separate process, so that a bad graph can't harm this one."""
    command = [sys.executable, "-m", "tf2onnx.convert", "--saved-model", str(source), "--output", str(target)]
    command += ["--opset", "15"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)  # noqa: S603 (no shell)
    if done.returncode or not target.is_file():
        raise BadBundle(f"The SavedModel {source.name} could not be converted.", detail=done.stderr[-2000:])


def _open(folder: Path, name: str) -> Net:
    onnx = folder / f"{name}.onnx"
    try:
        return OnnxNet(onnx) if onnx.is_file() else KerasNet(folder / f"{name}.keras")
    except BadBundle:
        raise
    except RUNTIME_ERRORS as error:
        raise BadBundle("This network can't be loaded.", detail=repr(error)) from error


def describe(folder: Path, description: Description) -> dict[str, Any]:
    """The card, from the description and the graph."""
    net = _open(folder, "model")
    has_embedder = any(folder.glob("embed.*"))
    outer = _open(folder, "embed") if has_embedder else net
    layout, size = _input_layout(outer.shape, description, several=description.kind == "video" and not has_embedder)
    frames = 1
    if description.kind == "video":
        frames = description.frames or (net.shape[1] if isinstance(net.shape[1], int) else 0)
        if not frames:
            raise BadBundle("How many frames the network looks at can't be seen from its graph: say --frames.")
        if len(net.shape) == 3 and not has_embedder:
            raise BadBundle("This network looks at embeddings: name the network that makes them with --embedder.")
    low, high = _cuts(description)
    return {
        "format": bundles.FORMAT,
        "name": description.name,
        "version": description.version,
        "kind": description.kind,
        "input": {
            "looks_at": description.looks_at,
            "size": size,
            "scaling": description.scaling,
            "colours": description.colours,
            "layout": layout,
            "margin": description.margin,
            "frames": frames,
        },
        "output": {"is": description.output or "probability", "fake_is": description.fake_is},
        "cuts": {"little_below": low, "manipulated_above": high},
        "weights": file_digests(folder),
        "licence": description.licence,
        "training": {"summary": description.trained_on},
        "figures": [],
    }


def _input_layout(shape: tuple[Any, ...], description: Description, *, several: bool) -> tuple[str, int]:
    """Layout and size of the pictures that a graph takes."""
    inner = shape[2:] if several else shape[1:]
    if len(inner) != 3:
        raise BadBundle(f"This network takes an input of {len(shape)} dimensions; pictures are expected.")
    layout = "nchw" if inner[0] == 3 and inner[2] != 3 else "nhwc"
    if 3 not in (inner[0], inner[2]):
        raise BadBundle("This network does not take pictures with three colours.")
    height, width = inner[1:] if layout == "nchw" else inner[:2]
    sides = {side for side in (height, width) if isinstance(side, int) and side > 0}
    if len(sides) > 1:
        raise BadBundle(f"This network takes pictures of {width} by {height}; only square ones are supported.")
    size = description.size or (sides.pop() if sides else 0)
    if not size or (sides and size not in sides):
        raise BadBundle("The graph does not give this size of pictures. Give the right one with --size.")
    return layout, size


def _cuts(description: Description) -> tuple[float, float]:
    if description.cut is None:
        return 0.35, 0.8
    cut = description.cut if description.fake_is == 1 else 1 - description.cut
    return cut, cut


def file_digests(folder: Path) -> dict[str, str]:
    """Digests of all files that can change a score."""
    digests = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in (".onnx", ".keras", ".npz"):
            with path.open("rb") as file:
                digests[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests


def write_card(folder: Path, card: dict[str, Any]) -> None:
    (folder / CARD).write_text(json.dumps(card, indent=2) + "\n")


def _smoke_test(folder: Path, notes: list[str]) -> tuple[Bundle, tuple[float, ...]]:
    """Run it on a real photo: it must give probabilities that vary, and the same ones in both runtimes."""
    _detect_output(folder)
    bundle = bundles.read_bundle(folder)
    scores = smoke_test.answers(Runner(bundle))
    if np.ptp(scores) < VARIES:
        raise BadBundle("This model gives the same score to every picture. It is broken, or --scaling is wrong.")
    if {"model.onnx", "model.keras"} <= bundle.files.keys():
        apart = float(np.abs(scores - smoke_test.answers(Runner(bundle, runtime="keras"))).max())
        if apart > smoke_test.MAX_DIFFERENCE:
            (folder / "model.onnx").unlink()
            card = json.loads((folder / CARD).read_text())
            del card["weights"]["model.onnx"]
            write_card(folder, card)
            notes.append(f"Its ONNX export differs by {apart:.4f}, so it runs in Keras, which is slow.")
            bundle = bundles.read_bundle(folder)
    return bundle, tuple(float(score) for score in scores)


def _detect_output(folder: Path) -> None:
    """Detect the kind of output (one or two numbers, probabilities or logits) if it was not given."""
    card = json.loads((folder / CARD).read_text())
    probing = Runner(bundles.read_bundle(folder))
    values = probing.answers(smoke_test.pictures(probing.bundle))
    if values.shape[1] not in (1, 2):
        raise BadBundle(
            f"This model answers with {values.shape[1]} numbers; one, or one per class of two, is expected."
        )
    two = values.shape[1] == 2
    within = values.min() >= -1e-3 and values.max() <= 1.001
    sums = np.abs(values.sum(1) - 1).max() < 1e-3
    expected = card["output"]["is"]
    if two:
        card["output"]["is"] = "softmax" if within and sums else "logits"
    elif expected == "probability" and not within:
        card["output"]["is"] = "logit"
    write_card(folder, card)
