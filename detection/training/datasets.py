"""Labelled files in folders, archives, CSV lists, and the layouts of FaceForensics++, Celeb-DF and DFDC."""

import csv
import json
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LABELS = {"real": False, "0": False, "0.0": False, "fake": True, "1": True, "1.0": True}
PARTS = ("train", "validation", "calibration", "test")
FILMS = (".mp4", ".avi", ".mov", ".mkv", ".webm")


@dataclass(frozen=True, slots=True)
class LabelledFile:
    """A file with its label."""

    name: str
    fake: bool
    manipulation: str
    group: str  # a split never separates the files of one group
    path: Path
    part: str = ""  # train, validation or test, where the data set has official splits


class DatasetError(ValueError):
    """A source whose labels can't be read."""


@contextmanager
def items(source: Path) -> Iterator[list[LabelledFile]]:
    """The files of a folder, of an archive of one, or of a CSV (file, label, manipulation, group, part)."""
    with tempfile.TemporaryDirectory(prefix="files-") as unpacked:
        yield _read_source(source, Path(unpacked))


def _read_source(source: Path, unpacked: Path) -> list[LabelledFile]:
    try:
        if source.suffix.lower() == ".csv":
            return _read_csv(source)
        if source.is_dir():
            return _read_folder(source)
        if zipfile.is_zipfile(source):
            with zipfile.ZipFile(source) as archive:
                archive.extractall(unpacked)
            return _read_folder(unpacked)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{source.name} can't be read: {error}") from error
    raise DatasetError(f"{source} is neither a folder with real/ and fake/, nor an archive of them, nor a CSV.")


def _read_folder(root: Path) -> list[LabelledFile]:
    if files := list(_read_plain(root)):
        return files
    for sign, read in LAYOUTS.items():
        if next(root.glob(sign), None) is not None:
            return list(read(root))
    return []


def _read_plain(root: Path) -> Iterator[LabelledFile]:
    """real/ and fake/, which may have a folder for each manipulation."""
    for path in sorted(p for p in root.rglob("*") if p.is_file() and not p.name.startswith(".")):
        parts = path.relative_to(root).parts
        label = next((part for part in parts[:-1] if part.lower() in ("real", "fake")), None)
        if label is None:
            continue
        inner = parts[parts.index(label) + 1 : -1]
        name = "/".join(parts)
        fake = label.lower() == "fake"
        yield LabelledFile(name, fake, inner[0] if inner and fake else "", name, path)


def _read_csv(source: Path) -> list[LabelledFile]:
    with source.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        if lacking := {"file", "label"} - set(rows.fieldnames or ()):
            raise ValueError(f"it lacks the column {' and the column '.join(sorted(lacking))}.")
        files = [
            LabelledFile(
                row["file"],
                _is_fake(row["label"], rows.line_num),
                row.get("manipulation") or "",
                row.get("group") or row["file"],
                (source.parent / row["file"]).resolve(),
                _part(row.get("part"), rows.line_num),
            )
            for row in rows
        ]
    if twice := [name for name, times in Counter(item.name for item in files).items() if times > 1]:
        raise ValueError(f"it names {twice[0]} twice.")
    return files


def _part(text: str | None, line: int) -> str:
    if text and text not in PARTS:
        raise ValueError(f"in line {line} the part is “{text}”, none of {', '.join(PARTS)}.")
    return text or ""


def _is_fake(label: object, line: int) -> bool:
    """Whether a label means fake. Unknown labels are refused."""
    text = str(label).strip().lower()
    if text not in LABELS:
        raise ValueError(f"in line {line} the label is “{label}”, neither real nor fake.")
    return LABELS[text]


def _find_films(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in FILMS)


def _faceforensics(root: Path) -> Iterator[LabelledFile]:
    """`012.mp4` is real, `012_026.mp4` shows the face of 026. Such pairs form one group.

    Actors (`01__walking.mp4`, `01_02__walking.mp4`) are all joined by their swaps: there the one with the head counts.
    """
    parts = _official_splits(root)
    fakes = [
        path for path in _find_films(root / "manipulated_sequences") if "masks" not in path.relative_to(root).parts
    ]
    pairs = {
        video: "_".join(sorted(pair)) for path in fakes if len(pair := path.stem.split("_")) == 2 for video in pair
    }
    for path in [*_find_films(root / "original_sequences"), *fakes]:
        where, first = path.relative_to(root), path.stem.split("_")[0]
        fake = where.parts[0] == "manipulated_sequences"
        manipulation = where.parts[1] if fake else ""
        yield LabelledFile(str(where), fake, manipulation, pairs.get(first, first), path, parts.get(first, ""))


def _official_splits(root: Path) -> dict[str, str]:
    splits: dict[str, str] = {}
    for part, name in (("train", "train"), ("validation", "val"), ("test", "test")):
        for file in (root / "splits" / f"{name}.json", root / f"{name}.json"):
            if file.is_file():
                splits |= {str(video): part for pair in json.loads(file.read_text()) for video in pair}
    return splits


def _celeb_df(root: Path) -> Iterator[LabelledFile]:
    """`id0_0001.mp4` is real, `id0_id1_0001.mp4` shows the face of id1 on id0. A list names the test files.

    That list goes by films: people in it are in other films too, which its makers leave for training.
    """
    listed = root / "List_of_testing_videos.txt"
    lines = listed.read_text().splitlines() if listed.is_file() else []
    testing = {line.split()[1] for line in lines if line.strip()}
    for folder, fake in (("Celeb-real", False), ("YouTube-real", False), ("Celeb-synthesis", True)):
        for path in _find_films(root / folder):
            name = str(path.relative_to(root))
            group = path.stem.split("_")[0] if folder.startswith("Celeb") else path.stem
            yield LabelledFile(name, fake, "face_swap" if fake else "", group, path, "test" if name in testing else "")


def _dfdc(root: Path) -> Iterator[LabelledFile]:
    """`metadata.json` in each folder has the label, the split, and the original of a fake.

    Where everything is for training, as in what the contestants got, the set has no parts: the hash makes them.
    """
    described = [
        (metadata.parent / name, entry)
        for metadata in sorted(root.rglob("metadata.json"))
        for name, entry in sorted(json.loads(metadata.read_text()).items())
    ]
    splits = {entry.get("split", "") for _, entry in described}
    names = {"train": "train", "validation": "validation", "test": "test"} if splits & {"validation", "test"} else {}
    for path, entry in described:  # also absent files, which are counted as missing
        fake = LABELS[str(entry["label"] if "label" in entry else entry["is_fake"]).lower()]
        where, group = str(path.relative_to(root)), entry.get("original") or path.name
        yield LabelledFile(where, fake, "dfdc" if fake else "", group, path, names.get(entry.get("split", ""), ""))


LAYOUTS: dict[str, Callable[[Path], Iterator[LabelledFile]]] = {
    "*_sequences": _faceforensics,
    "Celeb-synthesis": _celeb_df,
    "**/metadata.json": _dfdc,
}
