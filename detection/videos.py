"""Sample short runs of consecutive frames from a video, at places chosen by the hash of the file."""

import random
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import images
from .errors import TooLong, TooManyFrames, Undecodable
from .images import Frame, Pixels
from .limits import Clock, Limits
from .media import DECODER_ERRORS, Media, check_size, decoding, open_video

RUN = 4  # consecutive frames at one place, the input of the temporal head
PLACES = 12  # up to twice as many in a long video
ENOUGH = 8  # places; if there are fewer key frames, some lie between them
SHORT = 48  # a video with at most this many frames is read whole
SKIP = 6  # most frames skipped after a key frame, as key frames are predictable and compressed least


@dataclass(frozen=True, slots=True)
class Contents:
    """Times of all frames and key frames, from the packets, without decoding."""

    times: tuple[float, ...]
    keys: tuple[float, ...]

    @property
    def duration(self) -> float:
        if len(self.times) < 2:
            return 0.0
        return self.times[-1] + (self.times[-1] - self.times[0]) / (len(self.times) - 1)


@dataclass(frozen=True, slots=True)
class Visit:
    """Seek to `key`, then take a run of frames from each time in `starts` (seconds)."""

    key: float
    starts: tuple[float, ...]


def sample(media: Media, limits: Limits, clock: Clock, *, places: int = 0) -> Iterator[Frame]:
    """Yield the sampled frames in order of time, decoded one at a time."""
    if media.animated:
        count = places or PLACES
        return images.animation(media, limits, clock, _spread(media.frames or 1, count, media.seed))
    return _sample_video(media, limits, clock, places)


def expected(media: Media) -> int:
    """About how many frames `sample` yields, for a progress bar."""
    return max(1, min(media.frames or SHORT, max(SHORT, _places(media.duration or 0.0) * RUN)))


def plan(contents: Contents, seed: int, places: int = 0) -> list[Visit]:
    """Choose the places to sample. The same seed gives the same places."""
    if len(contents.times) <= SHORT:
        return [Visit(contents.times[0], (contents.times[0],))]
    chance = random.Random(seed)  # noqa: S311 (it must be reproducible)
    count = places or _places(contents.duration)
    step = contents.duration / count
    near: dict[float, list[float]] = {}
    between: list[tuple[float, float]] = []
    for i in range(count):
        wish, skip = step * (i + chance.uniform(0.05, 0.95)), chance.randint(1, SKIP)
        key = contents.keys[max(0, bisect_right(contents.keys, wish) - 1)]
        if key not in near:
            at = bisect_left(contents.times, key) + skip
            near[key] = [contents.times[min(at, len(contents.times) - RUN)]]
        else:
            between.append((wish, key))
    chance.shuffle(between)
    for wish, key in between[: max(0, min(ENOUGH, count) - len(near))]:
        near[key].append(wish)
    return [Visit(key, tuple(sorted(starts))) for key, starts in sorted(near.items())]


def _places(duration: float) -> int:
    return min(2 * PLACES, PLACES + max(0, int((duration - 60) / 45)))


def _spread(frames: int, places: int, seed: int) -> set[int]:
    if frames <= places * RUN:
        return set(range(frames))
    chance = random.Random(seed)  # noqa: S311
    step = frames / places
    starts = (int(step * i + chance.uniform(0, max(0.0, step - RUN))) for i in range(places))
    return {start + i for start in starts for i in range(RUN)}


def _sample_video(media: Media, limits: Limits, clock: Clock, places: int) -> Iterator[Frame]:
    count = 0
    with decoding(), open_video(media.path, media.format) as container:
        stream = container.streams.video[0]
        contents = _read_contents(container, stream, limits, clock)
        visits = plan(contents, media.seed, places)
        whole = len(contents.times) <= SHORT
        last = -1.0
        # No frame threads: they decode far ahead of a short run, and on a broken HEVC file
        # they can deadlock.
        stream.thread_type = "SLICE"
        begin = float((stream.start_time or 0) * (stream.time_base or 0))
        run = -1
        for visit in visits:
            clock.check()
            _seek(container, stream, visit.key + begin)
            starts, left = list(visit.starts), 0
            for frame in _frames(container, stream, clock):
                at = _seconds(frame, begin)
                if at <= last:
                    continue
                if not left and starts and at >= starts[0] - 1e-4:
                    starts.pop(0)
                    run += 1  # runs of one visit may lie seconds apart
                    left = SHORT if whole else RUN
                if left:
                    index = min(bisect_left(contents.times, at - 1e-4), len(contents.times) - 1)
                    yield Frame(index, at, run, _pixels(frame, limits))
                    last, count, left = at, count + 1, left - 1
                if not left and not starts:
                    break
    if not count:
        raise Undecodable(detail="no frame came out")


def _read_contents(container: Any, stream: Any, limits: Limits, clock: Clock) -> Contents:
    """Read the times from the packets. The length in a header may be missing or wrong."""
    times: list[float] = []
    keys: list[float] = []
    base, begin = float(stream.time_base or 0), stream.start_time or 0
    for number, packet in enumerate(container.demux(stream)):
        if number % 256 == 0:
            clock.check()
        stamp = packet.pts if packet.pts is not None else packet.dts
        if packet.size == 0 or stamp is None:
            continue
        time = max(0.0, (stamp - begin) * base)
        times.append(time)
        if packet.is_keyframe and not packet.is_corrupt:
            keys.append(time)
        if len(times) > limits.frames:
            raise TooManyFrames()
    if not times:
        raise Undecodable(detail="no packets")
    times.sort()
    if times[-1] > limits.seconds:
        raise TooLong()
    return Contents(tuple(times), tuple(sorted(keys)) or (times[0],))


def _seek(container: Any, stream: Any, seconds: float) -> None:
    container.seek(max(0, int(seconds / float(stream.time_base))), stream=stream, backward=True)


def _frames(container: Any, stream: Any, clock: Clock) -> Iterator[Any]:
    """Decode frames. Single broken frames are skipped; a mostly broken video is refused."""
    good = bad = 0
    for packet in container.demux(stream):
        clock.check()
        try:
            frames = packet.decode()
        except DECODER_ERRORS as error:
            bad += 1
            if bad > 50 and bad > good:
                raise Undecodable(detail=repr(error)) from error
            continue
        for frame in frames:
            good += 1
            yield frame


def _seconds(frame: Any, begin: float) -> float:
    stamp = frame.pts if frame.pts is not None else frame.dts
    return max(0.0, float((stamp or 0) * (frame.time_base or 0)) - begin)


def _pixels(frame: Any, limits: Limits) -> Pixels:
    check_size(frame.width, frame.height, limits)  # the size may change within a stream
    pixels: Pixels = frame.to_ndarray(format="rgb24")
    quarter = round((frame.rotation or 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, quarter)) if quarter else pixels
