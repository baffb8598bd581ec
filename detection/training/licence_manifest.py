"""List the crops that shaped a bundle: where each came from, under which licence, and how that is known."""

import csv
import gzip
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from ..bundle import Bundle
from .face_dataset import FACES, FaceCrop, TrainingError, digest, read_faces

COLUMNS = ("name", "part", "source", "url", "licence", "known", "sha256", "bundles")
STATED, INFERRED = "stated by the source", "inferred"


@dataclass(frozen=True, slots=True)
class Manifest:
    """The rows, and the labels of bundles whose training faces are none of the given folders."""

    rows: list[dict[str, str]]
    unmatched: list[str]


def build(folders: Sequence[Path], bundles: Sequence[Bundle]) -> Manifest:
    """List all crops of `folders`. A bundle is named at those whose digest is the one on its card."""
    faces = {folder: read_faces(folder) for folder in folders}
    trained = {bundle.label: _folders_of(bundle, faces) for bundle in bundles}
    rows = []
    for folder, crops in faces.items():
        urls = _urls(folder)
        labels = sorted(label for label, used in trained.items() if folder in used)
        rows += [_row(crop, urls.get(crop.name, ""), labels if crop.part == "train" else []) for crop in crops]
    return Manifest(rows, sorted(label for label, used in trained.items() if not used))


def _row(crop: FaceCrop, url: str, bundles: Sequence[str]) -> dict[str, str]:
    return {
        "name": crop.name,
        "part": crop.part,
        "source": crop.source,
        "url": url,
        "licence": crop.licence,
        "known": INFERRED if "inferred" in crop.licence else STATED,
        "sha256": hashlib.sha256(crop.encoded).hexdigest(),
        "bundles": " ".join(bundles),
    }


def _folders_of(bundle: Bundle, faces: dict[Path, list[FaceCrop]]) -> tuple[Path, ...]:
    """The folders whose training crops have the digest on the bundle's card; none if no combination has."""
    wanted = (bundle.card.get("training") or {}).get("faces sha256")
    for count in range(1, len(faces) + 1):
        for folders in combinations(faces, count):
            if digest([crop for folder in folders for crop in faces[folder] if crop.part == "train"]) == wanted:
                return folders
    return ()


def _urls(folder: Path) -> dict[str, str]:
    """Where each crop's photo was published, by the crop's name, if the list says so."""
    with (folder / FACES).open(newline="") as file:
        return {
            row["name"]: f"https://github.com/{row['repository']}/blob/{row['commit']}/{row['path']}"
            for row in csv.DictReader(file)
            if row.get("repository") and row.get("commit") and row.get("path")
        }


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
