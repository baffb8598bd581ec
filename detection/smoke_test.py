"""A real photo and variants of it, on which every network can be tried."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from . import crops, faces
from .bundle import Bundle
from .images import Pixels
from .runtime import Runner

Floats = NDArray[np.float32]

PHOTO = Path(__file__).parent / "weights" / "portrait.jpg"
MAX_DIFFERENCE = 1e-4  # between the scores of Keras and ONNX


def answers(run: Runner) -> Floats:
    """Scores of the photo and its variants."""
    return run.raw(pictures(run.bundle))["score"]


def pictures(bundle: Bundle) -> NDArray[np.uint8]:
    whole = photo()
    if bundle.looks_at == "whole":
        crop = crops.resized(whole, bundle.size)
    else:
        face = max(faces.detect(whole), key=lambda face: face.side)
        crop = crops.cut(whole, face.box, margin=bundle.margin, size=bundle.size, fit=bundle.fit)
    chance = np.random.default_rng(0)
    noisy = (crop + chance.normal(0, 12, crop.shape)).clip(0, 255).astype(np.uint8)
    soft: Pixels = cv2.GaussianBlur(crop, (0, 0), bundle.size / 40)  # type: ignore[assignment]
    dark: Pixels = cv2.convertScaleAbs(crop, alpha=0.6)  # type: ignore[assignment]
    variants = np.stack([crop, crop[:, ::-1], soft, noisy, dark, crop[::-1]])
    if bundle.kind == "image":
        return variants
    return np.stack([np.resize(np.roll(variants, -i, 0), (bundle.frames, *crop.shape)) for i in range(len(variants))])


def photo() -> Pixels:
    return np.ascontiguousarray(np.asarray(cv2.imread(str(PHOTO)))[..., ::-1])
