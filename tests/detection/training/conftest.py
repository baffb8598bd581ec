import csv
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from detection import faces
from detection.training.corpora import LANDMARKS, RealFace, read_faces

from ..judging import faking

PEOPLE = 60


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of faces as the training commands read it: one face, lit and framed as if it were sixty people's."""
    root = tmp_path_factory.mktemp("faces")
    chance = np.random.default_rng(1)
    with zipfile.ZipFile(root / "one.zip", "w") as archive, (root / "faces.csv").open("w", newline="") as file:
        points = [f"{name}_{axis}" for name in LANDMARKS for axis in "xy"]
        writer = csv.DictWriter(file, ["zip", "name", "source", "group", "licence", *points])
        writer.writeheader()
        for number in range(PEOPLE):
            picture = cv2.resize(np.ascontiguousarray(faking.photo(chance, manipulated=False)), (700, 700))
            face = faces.detect(picture)[0]
            left, top, right, bottom = (round(v) for v in face.box)
            wide, high = (right - left) // 2, (bottom - top) // 2
            x, y = max(0, left - wide), max(0, top - high)
            part = picture[y : bottom + high, x : right + wide]
            _, encoded = cv2.imencode(".jpg", part[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 93])
            archive.writestr(f"{number}.jpg", encoded.tobytes())
            where = [v for px, py in face.landmarks for v in (px - x, py - y)]
            writer.writerow(
                {"zip": "one.zip", "name": f"{number}.jpg", "source": "nasa", "group": f"person-{number}"}
                | {"licence": "public domain"}
                | dict(zip(points, where, strict=True))
            )
    return root


@pytest.fixture(scope="session")
def people(folder: Path) -> list[RealFace]:
    return read_faces(folder)
