"""Decode pictures, upright and in RGB: reduced to find faces, in full to crop them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from .errors import Undecodable
from .limits import Clock, Limits
from .media import Media, check_size, decoding, open_image
from .sources import open_source

Pixels: TypeAlias = NDArray[np.uint8]

DETECTION_SIDE = 1280  # long side, enough to find faces
REDUCED = ((8, cv2.IMREAD_REDUCED_COLOR_8), (4, cv2.IMREAD_REDUCED_COLOR_4), (2, cv2.IMREAD_REDUCED_COLOR_2))


@dataclass(slots=True)
class Picture:
    """A still image that is decoded when it is needed, once."""

    media: Media
    limits: Limits
    _whole: Pixels | None = field(default=None, init=False)

    @property
    def whole(self) -> Pixels:
        if self._whole is None:
            self._whole = _read(self.media, self.limits, None)
        return self._whole

    def small(self) -> Pixels:
        """At least `DETECTION_SIDE` on its long side. JPEG is decoded reduced, up to four times faster."""
        long_side = max(self.media.width, self.media.height)
        if self._whole is not None or self.media.format != "jpeg" or long_side < 2 * DETECTION_SIDE:
            return self.whole
        return _read(self.media, self.limits, DETECTION_SIDE)


def _read(media: Media, limits: Limits, long_side: int | None) -> Pixels:
    if media.format == "jpeg" and media.codec in ("RGB", "L"):
        return _read_jpeg(media, long_side)
    with decoding(), open_image(media.path, media.format) as image:
        check_size(*image.size, limits)
        return upright(image)


def _read_jpeg(media: Media, long_side: int | None) -> Pixels:
    """OpenCV decodes JPEG five times faster than Pillow, and applies the rotation."""
    flag = cv2.IMREAD_COLOR_RGB
    if long_side is not None:
        flag = next(
            (reduced for by, reduced in REDUCED if max(media.width, media.height) >= by * long_side),
            cv2.IMREAD_COLOR_RGB,
        )
    try:
        with open_source(media.path) as file:
            pixels = cv2.imdecode(np.memmap(file, np.uint8, "r"), flag)
    except cv2.error as error:
        raise Undecodable(detail=repr(error)) from error
    if pixels is None:
        raise Undecodable(detail="no pixels came out")
    read: Pixels = pixels if flag == cv2.IMREAD_COLOR_RGB else cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)  # type: ignore[assignment]
    return read


def upright(image: Image.Image) -> Pixels:
    """Apply the EXIF rotation, put transparency on white, and convert to 8-bit RGB."""
    turned = ImageOps.exif_transpose(image)
    if turned.mode.startswith(("I", "F")):
        return _to_8_bit(turned)
    if turned.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in turned.info:
        turned = turned.convert("RGBA")
        ground = Image.new("RGBA", turned.size, "white")
        turned = Image.alpha_composite(ground, turned)
    return np.asarray(turned.convert("RGB"))


def _to_8_bit(image: Image.Image) -> Pixels:
    """Scale 16- and 32-bit greys, which Pillow would clip to white."""
    grey = np.nan_to_num(np.asarray(image, dtype=np.float32))
    top = 65535.0 if image.mode.startswith("I;16") or grey.max() > 255 else max(1.0, float(grey.max()))
    eight = np.clip(grey * (255.0 / top), 0, 255).astype(np.uint8)
    return np.repeat(eight[:, :, None], 3, axis=2)


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a video or animation."""

    index: int
    time: float
    run: int
    pixels: Pixels


def animation(media: Media, limits: Limits, clock: Clock, indices: set[int]) -> Iterator[Frame]:
    """The frames of these indices of an animated image, in order, with the time at which each is shown."""
    with decoding(), open_image(media.path, media.format) as image:
        time = 0.0
        for index in range(max(indices, default=-1) + 1):
            clock.check()
            try:
                image.seek(index)
            except EOFError:  # fewer frames than its blocks announce
                return
            if index in indices:
                yield Frame(index, time, index, upright(image))
            elif image.format == "WEBP" or image.format == "AVIF":
                image.load()  # the duration is known only after loading
            time += max(20.0, float(image.info.get("duration") or 100.0)) / 1000
