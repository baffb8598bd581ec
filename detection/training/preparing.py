"""From files with known answers to crops with landmarks, in the folder that `corpora.read_faces` reads."""

import csv
import hashlib
import json
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2

from .. import faces, videos
from ..errors import DetectionError
from ..faces import Face
from ..images import Picture, Pixels
from ..limits import Clock, Limits
from ..media import Kind, probe
from .corpora import LANDMARKS
from .layouts import Item

WIDE = 1.9  # of the crop, in heights of the face
SIDE = 336  # at most
LEAST = 60.0  # pixels of a face
POINTS = [f"{name}_{axis}" for name in LANDMARKS for axis in "xy"]
COLUMNS = ["zip", "name", "source", "group", "licence", "manipulation", "part", "file", "time", *POINTS]
DONE = "manifest.jsonl"


def prepare(
    found: list[Item], out: Path, *, source: str, licence: str, frames: int, told: Callable[[int], None]
) -> dict[str, int]:
    """One line of the manifest for each file that was gone through: it is not gone through again."""
    out.mkdir(parents=True, exist_ok=True)
    done = {json.loads(line)["file"] for line in _lines(out / DONE)}
    counts: Counter[str] = Counter(files=len(found))
    for number, item in enumerate(found, 1):
        if item.name not in done:
            kept = _prepare_one(item, out, source, licence, frames)
            with (out / DONE).open("a") as manifest:
                manifest.write(json.dumps({"file": item.name, **kept}) + "\n")
        told(number)
    for line in _lines(out / DONE):
        said = json.loads(line)
        counts["faces"] += said["faces"]
        counts[said["refused"] or ("files with faces" if said["faces"] else "files without a face")] += 1
    return dict(counts)


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.is_file() else []


def _prepare_one(item: Item, out: Path, source: str, licence: str, frames: int) -> dict[str, Any]:
    rows: list[list[Any]] = []
    refused = ""
    archive = f"faces-{hashlib.sha256(item.group.encode()).hexdigest()[:1]}.zip"
    try:
        with zipfile.ZipFile(out / archive, "a") as kept:
            taken = set(kept.namelist())
            for time, pixels, face in _seen(item.path, frames):
                crop, shift, share = _cut(pixels, face)
                name = f"{hashlib.sha256(item.name.encode()).hexdigest()[:20]}-{len(rows)}.jpg"
                if name not in taken:  # left behind by a run that was cut off before its row was written
                    _, encoded = cv2.imencode(".jpg", crop[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
                    kept.writestr(name, encoded.tobytes())
                where = [(v - s) * share for point in face.landmarks for v, s in zip(point, shift, strict=True)]
                about = [archive, name, source, item.group, licence, item.manipulation or ("fake" if item.fake else "")]
                rows.append([*about, _part(item), item.name, round(time, 3), *(round(v, 2) for v in where)])
    except DetectionError as error:
        refused = error.code
    _write(out / "faces.csv", rows)
    return {"faces": len(rows), "refused": refused}


def _part(item: Item) -> str:
    """Official splits have no part for calibration: it gets half of the validation's groups."""
    if item.part != "validation":
        return item.part
    return "calibration" if hashlib.sha256(item.group.encode()).digest()[0] % 2 else "validation"


def _write(path: Path, rows: list[list[Any]]) -> None:
    fresh = not path.is_file()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if fresh:
            writer.writerow(COLUMNS)
        writer.writerows(rows)


def _seen(path: Path, frames: int) -> Iterator[tuple[float, Pixels, Face]]:
    """The largest face of a picture, or of some frames of a video."""
    limits = Limits()
    media, clock = probe(path, limits), Clock(limits.wall_seconds)
    if media.kind is Kind.IMAGE:
        pictures: Iterator[tuple[float, Pixels]] = iter([(0.0, Picture(media, limits).whole)])
    else:
        pictures = _spread(media, limits, clock, frames)
    for time, pixels in pictures:
        found = [face for face in faces.detect(pixels, least=LEAST) if face.side >= LEAST]
        if found:
            yield time, pixels, max(found, key=lambda face: face.side)


def _spread(media: Any, limits: Limits, clock: Clock, frames: int) -> Iterator[tuple[float, Pixels]]:
    runs: set[int] = set()
    for still in videos.sample(media, limits, clock, places=frames):
        if still.run not in runs and len(runs) < frames:
            runs.add(still.run)
            yield still.time, still.pixels


def _cut(pixels: Pixels, face: Face) -> tuple[Pixels, tuple[int, int], float]:
    """Around the face, as wide as the training faces are; what was cut off, and by how much it was shrunk."""
    left, top, right, bottom = face.box
    half = (bottom - top) * WIDE / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    x0, y0 = max(0, round(x - half)), max(0, round(y - half))
    crop = pixels[y0 : round(y + half), x0 : round(x + half)]
    share = min(1.0, SIDE / max(crop.shape[:2]))
    if share < 1:
        size = (max(1, round(crop.shape[1] * share)), max(1, round(crop.shape[0] * share)))
        crop = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    return crop, (x0, y0), share
