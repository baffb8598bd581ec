"""Whole films of one person, as files: a moving still or the beginning of a real film, and a fake of its frames."""

from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from .. import faces
from ..images import Pixels
from . import clips, compression, face_masks, mesh
from .clips import FILMS
from .face_dataset import Points
from .faces import Face
from .samples import FacePool, Recipe, read

FRAMES = 24  # inspection reads a film this short as a whole
RATE = 25
EYES = (22.0, 80.0)  # their distance in pixels, any size as often as its double
# Rate factors of H.264: nearly untouched, as websites store films ("c23"), and strongly compressed ("c40").
QUALITIES = (18, 23, 23, 28, 33, 40)
PRESETS = ("veryfast", "medium")


def moving_still(cast: FacePool, chance: np.random.Generator) -> list[Face]:
    """A photograph that drifts, turns and bends a little, as a head before a camera does."""
    still = _scaled(read(cast.real[int(chance.integers(len(cast.real)))], chance), chance)
    height, width = still.pixels.shape[:2]
    middle = still.landmarks.mean(0)
    field = face_masks.bend((height, width), chance, still.scale * chance.uniform(0.0, 0.03), still.scale * 0.7)
    turn, size, right, down, bend = (_wave(chance) for _ in range(5))
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    frames = []
    for number in range(FRAMES):
        matrix: Any = cv2.getRotationMatrix2D(
            (float(middle[0]), float(middle[1])), 2.5 * turn[number], 1 + 0.02 * size[number]
        )
        matrix[:, 2] += np.array([right[number], down[number]]) * 0.06 * still.scale
        back = cv2.invertAffineTransform(matrix).astype(np.float32)
        share = np.float32(bend[number])
        from_x = back[0, 0] * xs + back[0, 1] * ys + back[0, 2] + field[0] * share
        from_y = back[1, 0] * xs + back[1, 1] * ys + back[1, 2] + field[1] * share
        pixels = cv2.remap(still.pixels, from_x, from_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
        points: Points = (still.landmarks @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
        fitted = None if still.mesh is None else mesh.moved(still.mesh, matrix)
        frames.append(replace(still, pixels=np.asarray(pixels), landmarks=points, mesh=fitted))
    return frames


def beginning(path: Path) -> list[Face]:
    """The first frames of a real film in which its largest face is always seen; none where there are too few."""
    frames: list[Face] = []
    with av.open(str(path)) as film:
        for frame in islice(film.decode(video=0), FRAMES):
            pixels: Pixels = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            seen = max(faces.detect(pixels), key=lambda face: face.side, default=None)
            if seen is None:
                return []
            frames.append(Face(pixels, np.array(seen.landmarks, np.float32), person=path.stem))
    return frames if len(frames) == FRAMES else []


def real_films(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in FILMS)


def pair(
    frames: list[Face], kind: str, cast: FacePool, recipe: Recipe, chance: np.random.Generator
) -> tuple[list[Pixels], list[Pixels]]:
    """The frames as they are and faked, both lit and, now and then, softened in the same way."""
    faked = clips.faked(frames, kind, cast, chance)
    light, softness = int(chance.integers(2**31)), int(chance.integers(2**31))
    soft = chance.random() < recipe.blur_share

    def taken(source_frames: list[Face]) -> list[Pixels]:
        pictures = [compression.relit(face.pixels, np.random.default_rng(light)) for face in source_frames]
        if soft:
            pictures = [compression.blurred(picture, np.random.default_rng(softness)) for picture in pictures]
        return pictures

    return taken(frames), taken(faked)


def write(path: Path, pictures: list[Pixels], quality: int, preset: str) -> None:
    """As H.264 in an MP4 file; the same bytes every time."""
    height, width = (min(frame.shape[side] for frame in pictures) // 2 * 2 for side in (0, 1))
    with av.open(str(path), "w", format="mp4") as container:
        options = {"crf": str(quality), "preset": preset, "threads": "1", "x264-params": "mbtree=0"}
        stream: Any = container.add_stream("libx264", rate=Fraction(RATE), options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.thread_count = 1
        for picture in pictures:
            cut = np.ascontiguousarray(picture[:height, :width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(cut, "rgb24")))
        container.mux(stream.encode())


def _wave(chance: np.random.Generator) -> Any:
    """A slow, smooth movement between about -1 and 1, with a little trembling."""
    at = np.arange(FRAMES) / RATE
    slow = np.sin(2 * np.pi * (chance.uniform(0.2, 0.9) * at + chance.random())) * chance.uniform(0.2, 1.0)
    quick = np.sin(2 * np.pi * (chance.uniform(1.0, 2.5) * at + chance.random())) * chance.uniform(0.0, 0.3)
    return slow + quick + chance.normal(0, 0.01, FRAMES)


def _scaled(face: Face, chance: np.random.Generator) -> Face:
    scale = float(np.exp(chance.uniform(*np.log(EYES))))
    share = min(1.4, scale / face.scale)  # stored crops are small: more would only be blurred
    pixels = compression.resized(face.pixels, share, chance)
    share = pixels.shape[1] / face.pixels.shape[1]
    fitted = None if face.mesh is None else face.mesh * np.float32(share)
    return replace(face, pixels=pixels, landmarks=face.landmarks * share, mesh=fitted)
