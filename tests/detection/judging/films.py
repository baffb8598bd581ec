"""Short films of the one public face, encoded for real."""

from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np

from . import faking


def film(path: Path, frames: Iterable[np.ndarray], rate: int = 12) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "16", "g": "12"})
        stream.pix_fmt = "yuv420p"
        for number, pixels in enumerate(frames):
            if number == 0:
                stream.height, stream.width = pixels.shape[:2]
            for packet in stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def portrait(seconds: float, manipulated: tuple[float, float] = (0, 0), rate: int = 12) -> Iterable[np.ndarray]:
    """A head that sways a little, with traces of a manipulation between two moments."""
    chance = np.random.default_rng(5)
    for number in range(round(seconds * rate)):
        sway = round(6 * np.sin(number / 9))
        picture = faking.ASTRONAUT[4 : 404 - 20, 40 + sway : 424 + sway]
        if manipulated[0] <= number / rate < manipulated[1]:
            picture = faking.paste(picture, chance)
        yield picture


def moved(picture: np.ndarray, right: int) -> np.ndarray:
    return np.roll(picture, right, axis=1)
