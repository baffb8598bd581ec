"""Real photos as a diffusion model's decoder draws them, prepared once for the kinds of fakes that need them.

Each face is made smaller, encoded and decoded. A third of them have their latents disturbed in between, so that the
picture differs from its source as a generator's own idea of it would.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..images import Pixels
from .face_dataset import FaceCrop, redrawn_path
from .tiny_autoencoder import Latents, TinyAutoencoder

GENERATOR = "redrawn.json"
SIDES = (120.0, 216.0)  # pixels of the longer side, any size as often as its double
DISTURBED_SHARE = 0.35
COMPRESSION = [cv2.IMWRITE_JPEG_QUALITY, 98, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]


def select_faces(faces: Sequence[FaceCrop], count: int | None) -> list[FaceCrop]:
    """The same faces every time, from all parts."""
    return sorted(faces, key=lambda face: hashlib.sha256(f"redrawn{face.name}".encode()).digest())[:count]


def reconstruct(
    faces: Sequence[FaceCrop], autoencoder: TinyAutoencoder, out: Path, progress: Callable[[int], None]
) -> None:
    """One picture for each face; those that are there are not drawn again."""
    generator = {"generator": autoencoder.name, "sha256": autoencoder.digest}
    if read_generator(out) not in ({}, generator):
        raise ValueError(f"What is in {out.name} was drawn by another generator: take another folder.")
    out.mkdir(parents=True, exist_ok=True)
    (out / GENERATOR).write_text(json.dumps(generator) + "\n")
    for number, face in enumerate(faces, 1):
        path = redrawn_path(out, face.name)
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            _, encoded = cv2.imencode(".jpg", reconstruction_of(face, autoencoder)[..., ::-1], COMPRESSION)
            path.with_suffix(".part").write_bytes(encoded.tobytes())
            path.with_suffix(".part").replace(path)
        progress(number)


def read_generator(folder: Path | None) -> dict[str, str]:
    """The generator of the pictures in a folder."""
    path = folder / GENERATOR if folder else None
    return dict(json.loads(path.read_text())) if path and path.is_file() else {}


def reconstruction_of(face: FaceCrop, autoencoder: TinyAutoencoder) -> Pixels:
    """The same for the same face every time."""
    chance = np.random.default_rng(int(hashlib.sha256(f"taef2{face.name}".encode()).hexdigest()[:8], 16))
    pixels = smaller(face.pixels(), float(np.exp(chance.uniform(*np.log(SIDES)))))
    latents = autoencoder.encode(pixels)
    if chance.random() < DISTURBED_SHARE:
        latents = disturbed(latents, chance)
    return autoencoder.decode(latents, pixels.shape[:2])


def smaller(pixels: Pixels, side: float) -> Pixels:
    height, width = pixels.shape[:2]
    share = min(1.0, side / max(height, width))
    size = max(8, round(width * share)), max(8, round(height * share))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def disturbed(latents: Latents, chance: np.random.Generator) -> Latents:
    """Noise on them, less fine detail in them, fewer levels, or a little of their mirror image."""
    spread = float(latents.std())
    how = int(chance.integers(4))
    if how == 0:
        noise = chance.standard_normal(latents.shape).astype(np.float32)
        return np.asarray(latents + noise * spread * chance.uniform(0.05, 0.3), np.float32)
    if how == 1:
        soft: Any = cv2.GaussianBlur(latents.transpose(1, 2, 0), (0, 0), 1.0).transpose(2, 0, 1)
        share = chance.uniform(0.15, 0.6)
        return np.asarray(latents * (1 - share) + soft * share, np.float32)
    if how == 2:
        step = spread * chance.uniform(0.3, 1.0)
        return np.asarray(np.round(latents / step) * step, np.float32)
    share = chance.uniform(0.05, 0.25)
    return np.asarray(latents * (1 - share) + latents[:, :, ::-1] * share, np.float32)
