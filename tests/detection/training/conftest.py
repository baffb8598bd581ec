import shutil
from pathlib import Path

import pytest

from detection.training import demo
from detection.training.face_dataset import FaceCrop, read_faces

from ... import prepared


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sources = (
        "detection/*.py",
        "detection/weights/*",
        "detection/training/demo.py",
        "detection/training/face_dataset.py",
    )
    kept = prepared.prepare(prepared.place("faces", *sources), demo.make)
    return shutil.copytree(kept, tmp_path_factory.mktemp("demo") / "faces")


@pytest.fixture(scope="session")
def people(folder: Path) -> list[FaceCrop]:
    return read_faces(folder)
