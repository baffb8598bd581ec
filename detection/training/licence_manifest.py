"""List the crops that shaped a bundle: where each came from, under which licence, and how that is known."""

import csv
import gzip
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from ..bundle import Bundle
from .face_dataset import FACES, FaceCrop, TrainingError, digest, read_faces

COLUMNS = ("name", "part", "source", "origin", "licence", "known", "sha256", "bundles")
STATED, INFERRED = "stated by the source", "inferred"


@dataclass(frozen=True, slots=True)
class Manifest:
    """The rows, and the labels of bundles that no row names, or only because as many crops have each licence."""

    rows: list[dict[str, str]]
    unmatched: list[str]
    by_count: list[str]


def build(folders: Sequence[Path], bundles: Sequence[Bundle]) -> Manifest:
    """List all crops of `folders`. A bundle is named at training crops that have its card's digest, or its counts."""
    faces = {folder: read_faces(folder) for folder in folders}
    by_digest = {bundle.label: _folders_of(bundle, faces, _has_digest) for bundle in bundles}
    by_count = {
        bundle.label: _folders_of(bundle, faces, _has_counts) for bundle in bundles if not by_digest[bundle.label]
    }
    trained = by_digest | by_count
    rows = []
    for folder, crops in faces.items():
        origins = _origins(folder)
        labels = sorted(label for label, used in trained.items() if folder in used)
        rows += [_row(crop, origins.get(crop.name, ""), labels if crop.part == "train" else []) for crop in crops]
    unmatched = sorted(label for label, used in trained.items() if not used)
    return Manifest(rows, unmatched, sorted(label for label, used in by_count.items() if used))


def _row(crop: FaceCrop, origin: str, bundles: Sequence[str]) -> dict[str, str]:
    return {
        "name": crop.name,
        "part": crop.part,
        "source": crop.source,
        "origin": origin,
        "licence": crop.licence,
        "known": INFERRED if "inferred" in crop.licence else STATED,
        "sha256": hashlib.sha256(crop.encoded).hexdigest(),
        "bundles": " ".join(bundles),
    }


def _folders_of(
    bundle: Bundle, faces: dict[Path, list[FaceCrop]], fits: Callable[[list[FaceCrop], dict[str, Any]], bool]
) -> tuple[Path, ...]:
    """The folders whose training crops fit the bundle's card; none if no combination does."""
    training = bundle.card.get("training") or {}
    for count in range(1, len(faces) + 1):
        for folders in combinations(faces, count):
            if fits([crop for folder in folders for crop in faces[folder] if crop.part == "train"], training):
                return folders
    return ()


def _has_digest(crops: list[FaceCrop], training: dict[str, Any]) -> bool:
    return digest(crops) == training.get("faces sha256")


def _has_counts(crops: list[FaceCrop], training: dict[str, Any]) -> bool:
    return Counter(crop.licence for crop in crops) == training.get("licences")


def _origins(folder: Path) -> dict[str, str]:
    """Where each crop comes from, by the crop's name: the photo's address, or else the file of the data set."""
    with (folder / FACES).open(newline="") as file:
        return {row["name"]: _address(row) or row.get("file") or "" for row in csv.DictReader(file)}


def _address(row: dict[str, str]) -> str:
    parts = [row.get(name) or "" for name in ("repository", "commit", "path")]
    return "https://github.com/{}/blob/{}/{}".format(*parts) if all(parts) else ""


def write(rows: Sequence[dict[str, str]], path: Path) -> None:
    """Write the rows as CSV, packed by gzip. The same rows make the same file."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: (row["source"], row["name"])))
    path.write_bytes(gzip.compress(text.getvalue().encode(), 9, mtime=0))


def read(path: Path) -> Iterator[dict[str, str]]:
    try:
        text = gzip.decompress(path.read_bytes()).decode()
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path} is no manifest: {error}") from error
    yield from csv.DictReader(io.StringIO(text))
