"""Resizing, noise and compression between a camera and an upload, the same for real and fake."""

import io
from typing import Any

import av
import cv2
import numpy as np

from ..images import Pixels

SMALLER = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)
LARGER = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_AREA, cv2.INTER_LANCZOS4)


def compress(pixels: Pixels, chance: np.random.Generator) -> Pixels:
    """Random resizing, noise, blur and colour, then JPEG or video compression."""
    if chance.random() < 0.3:
        pixels = resized(pixels, chance.uniform(0.6, 1.3), chance)
    if chance.random() < 0.1:
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), chance.uniform(0.4, 1.1)))
    if chance.random() < 0.15:
        noise = chance.normal(0, chance.uniform(1, 6), pixels.shape)
        pixels = (pixels + noise).clip(0, 255).astype(np.uint8)
    if chance.random() < 0.15:
        soft = cv2.GaussianBlur(pixels, (0, 0), 1.5)
        pixels = np.asarray(cv2.addWeighted(pixels, 1 + (share := chance.uniform(0.2, 0.8)), soft, -share, 0))
    pixels = relit(pixels, chance)
    kind = chance.random()
    if kind < 0.4:
        pixels = jpeg_encoded(pixels, int(chance.integers(45, 98)))
        if chance.random() < 0.25:
            pixels = jpeg_encoded(resized(pixels, chance.uniform(0.7, 1.0), chance), int(chance.integers(45, 95)))
    elif kind < 0.7:
        pixels = video_encoded(pixels, int(chance.integers(17, 31)), chance)
    return pixels


def resized(pixels: Pixels, share: float, chance: np.random.Generator) -> Pixels:
    height, width = pixels.shape[:2]
    size = (max(24, round(width * share)), max(24, round(height * share)))
    how = int(chance.choice(LARGER if share > 1 else SMALLER))
    return np.asarray(cv2.resize(pixels, size, interpolation=how))


def blurred(pixels: Pixels, chance: np.random.Generator) -> Pixels:
    """Blur, or downscale and upscale. Real pictures get it, so that blur does not indicate a fake."""
    height, width = pixels.shape[:2]
    if chance.random() < 0.3:
        return np.asarray(cv2.GaussianBlur(pixels, (0, 0), chance.uniform(0.4, 1.2)))
    small = resized(pixels, chance.uniform(0.45, 0.9), chance)
    return np.asarray(cv2.resize(small, (width, height), interpolation=int(chance.choice(LARGER))))


def reposted(pixels: Pixels, chance: np.random.Generator) -> Pixels:
    """Downscaled and saved by one site, enlarged by another."""
    height, width = pixels.shape[:2]
    small = jpeg_encoded(resized(pixels, chance.uniform(0.4, 0.95), chance), int(chance.integers(40, 93)))
    return np.asarray(cv2.resize(small, (width, height), interpolation=int(chance.choice(LARGER))))


def noisy(pixels: Pixels, chance: np.random.Generator) -> Pixels:
    """Fine and coarse sensor noise, stronger in dark areas."""
    fine = chance.standard_normal((*pixels.shape[:2], 1), np.float32) * np.float32(chance.uniform(1, 10))
    coarse: Any = chance.standard_normal(pixels.shape, np.float32) * np.float32(chance.uniform(2, 35))
    coarse = cv2.GaussianBlur(coarse, (0, 0), 1.2)
    share = np.float32(1.3) - cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[..., None] / np.float32(255)
    return np.asarray((pixels + (fine + coarse) * share).clip(0, 255).astype(np.uint8))


def recompressed(pixels: Pixels, chance: np.random.Generator) -> Pixels:
    """One earlier compression, noise or resizing, so that two parts of a composite differ."""
    how = chance.random()
    if how < 0.4:
        return noisy(pixels, chance)
    return jpeg_encoded(pixels, int(chance.integers(30, 85))) if how < 0.7 else reposted(pixels, chance)


def relit(pixels: Pixels, chance: np.random.Generator, much: float = 1.0) -> Pixels:
    """Random contrast, brightness, gamma, saturation and colour casts."""
    if chance.random() < 0.6:
        values = np.arange(256) / 255
        values = values ** chance.uniform(1 - 0.3 * much, 1 + 0.35 * much)
        values = (values - 0.5) * chance.uniform(1 - 0.25 * much, 1 + 0.25 * much) + 0.5
        values = values + chance.uniform(-0.1, 0.1) * much
        curves = np.stack([values * chance.uniform(1 - 0.06 * much, 1 + 0.06 * much) for _ in range(3)], -1)
        pixels = np.asarray(cv2.LUT(pixels, (curves * 255).clip(0, 255).astype(np.uint8)[:, None]))
    if chance.random() < 0.35:
        grey = cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        share = chance.uniform(0.5, 1.6) if chance.random() < 0.9 else 0.0
        pixels = np.asarray(cv2.addWeighted(pixels, share, grey, 1 - share, 0))
    return pixels


def jpeg_encoded(pixels: Pixels, quality: int) -> Pixels:
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB))


def video_encoded(pixels: Pixels, crf: int, chance: np.random.Generator) -> Pixels:
    """Encode with H.264, as a late frame of a slightly moving picture."""
    height, width = (side // 2 * 2 for side in pixels.shape[:2])
    if min(height, width) < 32:
        return pixels
    pixels = pixels[:height, :width]
    before = int(chance.integers(0, 3))
    step = chance.normal(0, 1.2, 2)
    frames = [_shifted(pixels, step * (before - number)) for number in range(before)] + [pixels]
    return film(frames, crf, kept=slice(-1, None))[-1]


def _shifted(pixels: Pixels, by: Any) -> Pixels:
    matrix = np.array([[1, 0, by[0]], [0, 1, by[1]]], np.float32)
    return np.asarray(cv2.warpAffine(pixels, matrix, pixels.shape[1::-1], borderMode=cv2.BORDER_REFLECT))


def film(frames: list[Pixels], crf: int, preset: str = "veryfast", *, kept: slice = slice(None)) -> list[Pixels]:
    """Encode frames with H.264 and decode them again, or only the `kept` ones."""
    file = io.BytesIO()
    height, width = frames[0].shape[:2]
    with av.open(file, "w", format="mp4") as container:
        # Without mbtree, as it makes the result vary between runs.
        options = {"crf": str(crf), "preset": preset, "threads": "1", "x264-params": "mbtree=0"}
        stream: Any = container.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.thread_count = 1
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24")))
        container.mux(stream.encode())
    file.seek(0)
    with av.open(file, "r") as read:
        read.streams.video[0].thread_count = 1
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in [*read.decode(video=0)][kept]]
