"""Record what a training began with, for its card and for a second run."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from . import face_dataset
from .face_dataset import FaceCrop, TrainingError
from .plans import PlanFile

BEGUN = "begun.json"
EMA_WEIGHTS = "ema.weights.h5"  # in a training's folder: the moving average of its weights
EARLIER_EMA_WEIGHTS = "steady.weights.h5"  # the same file in folders of earlier versions


def record_start(folder: Path, weights: Path | None, faces: Sequence[FaceCrop], **more: Any) -> None:
    """Write the record. Only a new training does, not a resumed one."""
    record_start_digest(folder, weights, face_dataset.digest(faces), **more)


def record_start_digest(folder: Path, weights: Path | None, faces: str, **more: Any) -> None:
    """The same where only the digest of the faces is at hand."""
    record = {"faces": faces, "code": code_digest(), **more}
    if weights is not None:
        name = f"{weights.parent.name}/{weights.name}" if weights.name == "model.keras" else weights.name  # of a bundle
        record |= {"weights": name, "sha256": digest(weights)}
    (folder / BEGUN).write_text(json.dumps({name: value for name, value in record.items() if value}, indent=2) + "\n")


def check_unchanged(
    folder: Path, plan: PlanFile, weights: Path | None, faces: Sequence[FaceCrop], free: Collection[str], **more: Any
) -> None:
    """Refuse to resume a training with another plan, other faces or other first weights."""
    record = read_record(folder)
    if not record:
        return
    begun: Any = type(plan).read(folder / "plan.json")
    bound = [field.name for field in fields(begun) if field.name not in free]
    other = [name for name in bound if getattr(begun, name) != getattr(plan, name)]
    other += ["faces"] if record.get("faces", face_dataset.digest(faces)) != face_dataset.digest(faces) else []
    other += ["first weights"] if weights is not None and record.get("sha256") != digest(weights) else []
    other += [name for name, value in more.items() if record.get(name, 0) != value]
    if other:
        raise TrainingError(
            f"In {folder} is a training with other {', '.join(other)}."
            " Resume it with its own settings, or begin in another folder."
        )


def code_digest() -> str:
    """Digest of the code that makes samples, networks and crops."""
    home, sha256 = Path(__file__).parent, hashlib.sha256()
    beside = [home.parent / name for name in ("networks.py", "crops.py")]
    for path in sorted([*home.glob("*.py"), *home.rglob("*.onnx"), *beside]):
        sha256.update(path.name.encode() + path.read_bytes())
    return sha256.hexdigest()


def ema_weights(folder: Path) -> Path:
    """The averaged weights in a training's folder."""
    earlier = folder / EARLIER_EMA_WEIGHTS
    return earlier if earlier.is_file() and not (folder / EMA_WEIGHTS).is_file() else folder / EMA_WEIGHTS


def weights_file(weights: Path) -> Path:
    """A file of weights; of a training's folder, its averaged weights."""
    return ema_weights(weights) if weights.is_dir() else weights


def digest(weights: Path) -> str:
    return hashlib.sha256(weights_file(weights).read_bytes()).hexdigest()


def read_record(folder: Path) -> dict[str, Any]:
    """Read the record. It names no weights if the training began with random ones."""
    path = folder / BEGUN
    return json.loads(path.read_text()) if path.is_file() else {}
