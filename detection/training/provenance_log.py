"""What a training began with, noted beside it: a card has to tell it, and a second run needs the same."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from . import face_dataset
from .face_dataset import CannotTrain, RealFace
from .plans import Written

BEGUN = "begun.json"
STEADY = "steady.weights.h5"  # in a training's folder: its averaged weights


def note(folder: Path, weights: Path | None, faces: Sequence[RealFace], **more: Any) -> None:
    """Once, when a training begins; one that goes on began with nothing new."""
    said = {"faces": face_dataset.digest(faces), "code": code(), **more}
    if weights is not None:
        name = f"{weights.parent.name}/{weights.name}" if weights.name == "model.keras" else weights.name  # a bundle's
        said |= {"weights": name, "sha256": digest(weights)}
    (folder / BEGUN).write_text(json.dumps({name: value for name, value in said.items() if value}, indent=2) + "\n")


def agree(
    folder: Path, plan: Written, weights: Path | None, faces: Sequence[RealFace], free: Collection[str], **more: Any
) -> None:
    """A training that goes on is the one that was begun: checkpoints and films know nothing of another plan."""
    said = told(folder)
    if not said:
        return
    begun: Any = type(plan).read(folder / "plan.json")
    bound = [one.name for one in fields(begun) if one.name not in free]
    other = [name for name in bound if getattr(begun, name) != getattr(plan, name)]
    other += ["faces"] if said.get("faces", face_dataset.digest(faces)) != face_dataset.digest(faces) else []
    other += ["first weights"] if weights is not None and said.get("sha256") != digest(weights) else []
    other += [name for name, value in more.items() if said.get(name, 0) != value]
    if other:
        raise CannotTrain(
            f"In {folder} is a training with other {', '.join(other)}. Go on with its own, or begin in another folder."
        )


def code() -> str:
    """Of all that makes samples, networks and crops: other code may make another network of the same plan."""
    home, made = Path(__file__).parent, hashlib.sha256()
    beside = [home.parent / name for name in ("networks.py", "crops.py")]
    for path in sorted([*home.glob("*.py"), *home.rglob("*.onnx"), *beside]):
        made.update(path.name.encode() + path.read_bytes())
    return made.hexdigest()


def file_of(weights: Path) -> Path:
    """A file of weights, or of a training's folder what it came to."""
    return weights / STEADY if weights.is_dir() else weights


def digest(weights: Path) -> str:
    return hashlib.sha256(file_of(weights).read_bytes()).hexdigest()


def told(folder: Path) -> dict[str, Any]:
    """As it was noted; no weights if the training began with chance."""
    path = folder / BEGUN
    return json.loads(path.read_text()) if path.is_file() else {}
