from pathlib import Path

import pytest

from detection.training import demo
from detection.training.face_dataset import FaceCrop, read_faces


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demo.make(tmp_path_factory.mktemp("faces"))


@pytest.fixture(scope="session")
def people(folder: Path) -> list[FaceCrop]:
    return read_faces(folder)
