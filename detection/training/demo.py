"""A tiny data set: variants of the photo that comes with the detector, labelled as many people."""

import csv
import zipfile
from pathlib import Path

import cv2
import numpy as np

from .. import faces, smoke_test
from ..images import Pixels
from .face_dataset import LANDMARKS

PEOPLE = 60


def make(folder: Path, people: int = PEOPLE) -> Path:
    """Write a folder of faces for the training commands."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(1)
    with zipfile.ZipFile(folder / "demo.zip", "w") as archive, (folder / "faces.csv").open("w", newline="") as file:
        points = [f"{name}_{axis}" for name in LANDMARKS for axis in "xy"]
        writer = csv.DictWriter(file, ["zip", "name", "source", "group", "licence", *points])
        writer.writeheader()
        for number in range(people):
            part, where = _cut_out(_varied(smoke_test.photo(), chance))
            _, encoded = cv2.imencode(".jpg", part[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 93])
            archive.writestr(f"{number}.jpg", encoded.tobytes())
            writer.writerow(
                {"zip": "demo.zip", "name": f"{number}.jpg", "source": "demo", "group": f"person-{number}"}
                | {"licence": "public domain"}
                | dict(zip(points, where, strict=True))
            )
    return folder


def _varied(photo: Pixels, chance: np.random.Generator) -> Pixels:
    height, width = photo.shape[:2]
    left, top = int(chance.integers(0, width // 12)), int(chance.integers(0, height // 40))
    side = min(height - top, width - left, round(width * 0.85))
    picture = cv2.resize(photo[top : top + side, left : left + side], (700, 700), interpolation=cv2.INTER_AREA)
    if chance.random() < 0.5:
        picture = picture[:, ::-1]
    lit = cv2.convertScaleAbs(picture, alpha=chance.uniform(0.8, 1.15), beta=chance.uniform(-10, 10))
    return np.ascontiguousarray(lit)


def _cut_out(picture: Pixels) -> tuple[Pixels, list[float]]:
    """The crop of the face with a margin of half its size, and the landmarks in it."""
    face = faces.detect(picture)[0]
    left, top, right, bottom = (round(v) for v in face.box)
    wide, high = (right - left) // 2, (bottom - top) // 2
    x, y = max(0, left - wide), max(0, top - high)
    where = [v for px, py in face.landmarks for v in (px - x, py - y)]
    return picture[y : bottom + high, x : right + wide], where


def network(folder: Path) -> Path:
    """An untrained image network for the demo of a video training."""
    import keras  # here: faces are made without the seconds that it takes to load

    from . import image

    path = folder / "image.keras"
    if not path.is_file():
        keras.utils.set_random_seed(1)
        image.build(image.Plan.demo()).save(path)
    return path
