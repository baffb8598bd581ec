"""The faces to train on. A hash of the group puts every person into one split."""

import csv
import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..images import Pixels
from ..splits import part_of

Points = NDArray[np.float32]
LANDMARKS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
FACES, MESHES = "faces.csv", "meshes.npz"


class TrainingError(ValueError):
    """A training lacks something, or differs from what it began with."""


@dataclass(frozen=True, slots=True)
class FaceCrop:
    """A crop of a face with five landmarks and its source. Most are real."""

    name: str
    group: str
    source: str
    licence: str
    encoded: bytes
    landmarks: Points
    manipulation: str = ""  # of a fake that was made elsewhere
    given_part: str = ""  # the official split
    redrawn_at: Path | None = None  # the same picture, redrawn by a generator
    mesh: NDArray[np.float16] | None = None  # 468 points of the face, fitted by fit_meshes
    swapped_at: Path | None = None  # squares of it, drawn by swap_faces

    @property
    def part(self) -> str:
        return self.given_part or part_of(self.group)

    def pixels(self) -> Pixels:
        return _decoded(self.encoded)

    def redrawn(self) -> Pixels | None:
        return _decoded(self.redrawn_at.read_bytes()) if self.redrawn_at else None

    def swapped(self) -> tuple[Pixels, ...]:
        """The squares, which lie side by side in one file."""
        if self.swapped_at is None:
            return ()
        row = _decoded(self.swapped_at.read_bytes())
        return tuple(np.ascontiguousarray(square) for square in np.split(row, row.shape[1] // row.shape[0], axis=1))


def _decoded(encoded: bytes) -> Pixels:
    return np.asarray(cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR_RGB))


def digest(faces: Sequence[FaceCrop]) -> str:
    """Digest of all crops and landmarks. With the plan it identifies a training."""
    sha256 = hashlib.sha256()
    for face in sorted(faces, key=lambda face: face.name):
        sha256.update(face.encoded + face.landmarks.tobytes())
    return sha256.hexdigest()


def redrawn_path(folder: Path, name: str) -> Path:
    return folder / f"{name}.jpg"


def swapped_path(folder: Path, name: str) -> Path:
    return folder / "swapped" / f"{name}.png"


def read_meshes(folder: Path | None) -> dict[str, NDArray[np.float16]]:
    """What fit_meshes found, by the names of the crops."""
    path = folder / MESHES if folder else None
    if path is None or not path.is_file():
        return {}
    with np.load(path) as stored:
        return dict(zip(stored["names"].tolist(), stored["meshes"], strict=True))


def crop_path(folder: Path, name: str) -> Path:
    """The file of a crop that is in no archive."""
    return folder / "crops" / name[:2] / name


def read_faces(folders: Path | Sequence[Path], part: str = "", redrawn: Path | None = None) -> list[FaceCrop]:
    """Read the faces of folders with `faces.csv`. `redrawn`: see reconstruct_faces, fit_meshes, swap_faces."""
    each = [folders] if isinstance(folders, Path) else folders
    return [face for folder in each for face in _read_folder(folder, part, redrawn)]


def read_parts(
    folders: Path | Sequence[Path], parts: Sequence[str], redrawn: Path | None = None
) -> dict[str, list[FaceCrop]]:
    """Read the faces of several parts. Each needs at least one real face."""
    if redrawn is not None and not redrawn.is_dir():
        raise TrainingError(f"There is no folder {redrawn}. reconstruct_faces writes it.")
    faces_by_part = {part: read_faces(folders, part, redrawn) for part in parts}
    for part, faces in faces_by_part.items():
        if not any(not face.manipulation for face in faces):
            raise TrainingError(f"There is no real face for {part}. Add more people, or a data set with that part.")
    return faces_by_part


def _stored(folder: Path, row: dict[str, str], archives: dict[str, zipfile.ZipFile]) -> bytes:
    if not row["zip"]:
        return crop_path(folder, row["name"]).read_bytes()
    if row["zip"] not in archives:
        archives[row["zip"]] = zipfile.ZipFile(folder / row["zip"])
    return archives[row["zip"]].read(row["name"])


def _read_folder(folder: Path, part: str, redrawn: Path | None) -> list[FaceCrop]:
    if not (folder / FACES).is_file():
        raise TrainingError(f"There is no {FACES} in {folder}. prepare_faces writes it.")
    faces, meshes = [], read_meshes(redrawn)
    archives: dict[str, zipfile.ZipFile] = {}
    try:
        with (folder / FACES).open(newline="") as file:
            for row in csv.DictReader(file):
                if part and (row.get("part") or part_of(row["group"])) != part:
                    continue
                again = redrawn_path(redrawn, row["name"]) if redrawn else None
                squares = swapped_path(redrawn, row["name"]) if redrawn else None
                points = [[float(row[f"{name}_x"]), float(row[f"{name}_y"])] for name in LANDMARKS]
                faces.append(
                    FaceCrop(
                        name=row["name"],
                        group=row["group"],
                        source=row["source"],
                        licence=row["licence"],
                        encoded=_stored(folder, row, archives),
                        landmarks=np.array(points, np.float32),
                        manipulation=row.get("manipulation") or "",
                        given_part=row.get("part") or "",
                        redrawn_at=again if again and again.is_file() else None,
                        mesh=meshes.get(row["name"]),
                        swapped_at=squares if squares and squares.is_file() else None,
                    )
                )
    finally:
        for archive in archives.values():
            archive.close()
    return faces
