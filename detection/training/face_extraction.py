"""Extract faces with landmarks from labelled files, into a folder that `face_dataset.read_faces` reads."""

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

import cv2

from .. import faces, videos
from ..errors import DetectionError
from ..faces import Face
from ..images import Picture, Pixels
from ..limits import Clock, Limits
from ..media import Kind, probe
from ..splits import part_of
from .datasets import DatasetError, LabelledFile
from .face_dataset import FACES, LANDMARKS, crop_path

WIDE = 1.9  # width of the crop, in heights of the face
SIDE = 336  # largest side of a crop
LEAST = 60.0  # smallest side of a face in pixels
POINTS = [f"{name}_{axis}" for name in LANDMARKS for axis in "xy"]
COLUMNS = ["zip", "name", "source", "group", "licence", "manipulation", "part", "file", "time", *POINTS]
DONE = "manifest.jsonl"


def prepare(
    files: list[LabelledFile], out: Path, *, source: str, licence: str, frames: int, progress: Callable[[int], None]
) -> dict[str, int]:
    """Write one line of the manifest for each finished file. A resumed run skips those."""
    out.mkdir(parents=True, exist_ok=True)
    done = _read_finished(out)
    for number, item in enumerate(files, 1):
        size = item.path.stat().st_size if item.path.is_file() else 0
        if item.name in done and done[item.name].get("bytes", size) != size:
            raise DatasetError(f"{out} has the faces of another {item.name}. Name another folder for these.")
        if item.name not in done:
            done[item.name] = {"file": item.name, "bytes": size, **_prepare_one(item, out, source, licence, frames)}
            with (out / DONE).open("a") as manifest:
                manifest.write(json.dumps(done[item.name]) + "\n")
        progress(number)
    counts: Counter[str] = Counter(files=len(files))
    for entry in done.values():
        counts["faces"] += entry["faces"]
        counts[entry["refused"] or ("files with faces" if entry["faces"] else "files without a face")] += 1
    for row in _rows(out):
        counts[f"faces for {row['part'] or part_of(row['group'])}"] += 1
    return dict(counts)


def _read_finished(out: Path) -> dict[str, dict[str, Any]]:
    """Read the manifest, and remove the rows of a file that an interrupted run did not finish."""
    done: dict[str, dict[str, Any]] = {}
    for line in (out / DONE).read_text().splitlines() if (out / DONE).is_file() else []:
        with suppress(ValueError):  # an incomplete line
            entry = json.loads(line)
            done[entry["file"]] = entry
    rows = [list(row.values()) for row in _rows(out) if row["file"] in done]
    _replace(out / DONE, lambda file: file.writelines(json.dumps(entry) + "\n" for entry in done.values()))
    _replace(out / FACES, lambda file: csv.writer(file).writerows([COLUMNS, *rows]))
    return done


def _rows(out: Path) -> list[dict[str, str]]:
    path = out / FACES
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _replace(path: Path, write: Callable[[TextIO], Any]) -> None:
    """Replace a file as a whole, or not at all."""
    fresh = path.with_name(f"{path.name}.part")
    with fresh.open("w", newline="") as file:
        write(file)
    fresh.replace(path)


def _prepare_one(item: LabelledFile, out: Path, source: str, licence: str, frames: int) -> dict[str, Any]:
    rows: list[list[Any]] = []
    refused = ""
    try:
        for time, pixels, face in _seen(item.path, frames):
            crop, shift, share = _cut(pixels, face)
            name = f"{hashlib.sha256(item.name.encode()).hexdigest()[:20]}-{len(rows)}.jpg"
            path = crop_path(out, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            _, encoded = cv2.imencode(".jpg", crop[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
            path.write_bytes(encoded.tobytes())
            where = [(v - s) * share for point in face.landmarks for v, s in zip(point, shift, strict=True)]
            source_columns = ["", name, source, item.group, licence, item.manipulation or ("fake" if item.fake else "")]
            rows.append([*source_columns, _part(item), item.name, round(time, 3), *(round(v, 2) for v in where)])
    except DetectionError as error:
        refused = error.code
    with (out / FACES).open("a", newline="") as file:
        csv.writer(file).writerows(rows)
    return {"faces": len(rows), "refused": refused}


def _part(item: LabelledFile) -> str:
    """Official splits have no calibration part, so half of the validation groups become one."""
    if item.part != "validation":
        return item.part
    return part_of(item.group, (("validation", 50), ("calibration", 100)))


def _seen(path: Path, frames: int) -> Iterator[tuple[float, Pixels, Face]]:
    """The largest face of a picture, or of some frames of a video."""
    limits = Limits()
    media, clock = probe(path, limits), Clock(limits.wall_seconds)
    if media.kind is Kind.IMAGE:
        pictures: Iterator[tuple[float, Pixels]] = iter([(0.0, Picture(media, limits).whole)])
    else:
        pictures = _spread(media, limits, clock, frames)
    for time, pixels in pictures:
        detected = [face for face in faces.detect(pixels, least=LEAST) if face.side >= LEAST]
        if detected:
            yield time, pixels, max(detected, key=lambda face: face.side)


def _spread(media: Any, limits: Limits, clock: Clock, frames: int) -> Iterator[tuple[float, Pixels]]:
    runs: set[int] = set()
    for still in videos.sample(media, limits, clock, places=frames):
        if still.run not in runs and len(runs) < frames:
            runs.add(still.run)
            yield still.time, still.pixels


def _cut(pixels: Pixels, face: Face) -> tuple[Pixels, tuple[int, int], float]:
    """The crop around a face, its offset, and its scale."""
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
