"""What a training began with, noted beside it: a card has to tell it, and a second run needs the same."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import corpora
from .corpora import RealFace

BEGUN = "begun.json"
STEADY = "steady.weights.h5"  # in a training's folder: its averaged weights


def note(folder: Path, weights: Path | None, faces: Sequence[RealFace], **more: Any) -> None:
    """Once, when a training begins; one that goes on began with nothing new."""
    said = {"faces": corpora.digest(faces), **more}
    if weights is not None:
        name = f"{weights.parent.name}/{weights.name}" if weights.name == "model.keras" else weights.name  # a bundle's
        said |= {"weights": name, "sha256": digest(weights)}
    (folder / BEGUN).write_text(json.dumps({name: value for name, value in said.items() if value}, indent=2) + "\n")


def file_of(weights: Path) -> Path:
    """A file of weights, or of a training's folder what it came to."""
    return weights / STEADY if weights.is_dir() else weights


def digest(weights: Path) -> str:
    return hashlib.sha256(file_of(weights).read_bytes()).hexdigest()


def told(folder: Path) -> dict[str, Any]:
    """As it was noted; no weights if the training began with chance."""
    path = folder / BEGUN
    return json.loads(path.read_text()) if path.is_file() else {}
