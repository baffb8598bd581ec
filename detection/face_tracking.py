"""Find and track the faces of a file, and keep their crops. The frames themselves are not kept."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from . import crops, faces, quality, videos
from .faces import Face
from .finding import Reason
from .images import Frame, Pixels
from .limits import Clock
from .media import Kind, Media
from .reading import Reader

PREVIEW_IMAGE, PREVIEW_FRAME = 1280, 480  # long sides
MAX_FACES = 8  # the largest faces of a frame that are tracked
LEAST = (
    quality.QualityThresholds().side
)  # smaller faces can't be judged; they are searched for only where there is no larger one
NEAR = 0.3  # overlap of one face in two consecutive frames
AGAIN = 0.15  # overlap in frames that lie seconds apart, if the colours match
ALIKE = 0.5

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class CropSpec:
    """The crops that a bundle takes."""

    size: int
    margin: float
    fit: str
    looks_at: str

    def crop(self, pixels: Pixels, face: Face) -> Pixels:
        return crops.cut(pixels, face.box, margin=self.margin, size=self.size, fit=self.fit)


@dataclass(slots=True)
class TrackedFace:
    """One face in one frame."""

    frame: int
    time: float
    run: int
    face: Face
    reasons: tuple[Reason, ...]
    clarity: float
    crops: dict[CropSpec, Pixels]

    @property
    def applicable(self) -> bool:
        return not self.reasons


@dataclass(slots=True)
class Track:
    """One person's face through a video, matched by place and colours."""

    id: int
    seen: list[TrackedFace] = field(default_factory=list)
    colours: NDArray[np.float32] | None = None

    @property
    def judged(self) -> list[TrackedFace]:
        return [seen for seen in self.seen if seen.applicable]

    @property
    def height(self) -> float:
        """Of the face where it is largest, in pixels of the file."""
        return max(seen.face.box[3] - seen.face.box[1] for seen in self.seen)

    @property
    def best(self) -> int:
        """The index of the clearest sighting. Sightings that can be judged come first."""
        return max(range(len(self.seen)), key=lambda i: (self.seen[i].applicable, self.seen[i].clarity))


@dataclass(slots=True)
class TrackedMedia:
    """What is kept of a file: its tracks, crops and previews."""

    media: Media
    tracks: list[Track] = field(default_factory=list)
    frames: list[tuple[int, float, int]] = field(default_factory=list)  # index, time, run
    wholes: dict[CropSpec, list[Pixels]] = field(default_factory=dict)  # one for each of `frames`
    previews: list[tuple[int, float, Pixels]] = field(default_factory=list)  # index, time; of each run the first


def track_faces(reader: Reader, clock: Clock, cuts: Iterable[CropSpec], progress: Progress) -> TrackedMedia:
    """Find every face in an image, or in the sampled frames of a video."""
    cuts, media = set(cuts), reader.media
    view = TrackedMedia(media, wholes={cut: [] for cut in cuts if cut.looks_at == "whole"})
    if media.kind is Kind.IMAGE:
        _track_in_image(view, reader, cuts)
        progress(1.0)
    else:
        _track_in_frames(view, reader, cuts, progress)
    clock.check()
    return view


def _track_in_image(view: TrackedMedia, reader: Reader, cuts: set[CropSpec]) -> None:
    pixels = reader.small()
    share = view.media.width / pixels.shape[1]
    detected = faces.detect(pixels, least=LEAST / share)
    if share > 1 and not _enough_pixels(detected, cuts):
        pixels, detected, share = reader.whole(), [face.scaled(share) for face in detected], 1.0
    view.frames.append((0, 0.0, 0))
    view.previews.append((0, 0.0, crops.within(pixels, PREVIEW_IMAGE)))
    _keep_whole(view, pixels)
    for number, face in enumerate(detected):
        seen = _seen(Frame(0, 0.0, 0, pixels), face, cuts)
        seen.face = face.scaled(share)
        view.tracks.append(Track(number, [seen]))


def _enough_pixels(detected: list[Face], cuts: set[CropSpec]) -> bool:
    """Whether a reduced picture has more pixels of every face than any network takes.

    Then the full picture need not be decoded.
    """
    face_cuts = [cut for cut in cuts if cut.looks_at == "face"]
    return all(
        cut.fit == "resize"
        and max(face.box[2] - face.box[0], face.box[3] - face.box[1]) * (1 + 2 * cut.margin) >= cut.size
        for face in detected
        for cut in face_cuts
    )


def _track_in_frames(view: TrackedMedia, reader: Reader, cuts: set[CropSpec], progress: Progress) -> None:
    expected = videos.expected(view.media)
    run, current = -1, list[Track]()
    for number, frame in enumerate(reader.frames()):
        view.frames.append((frame.index, frame.time, frame.run))
        if frame.run != run:
            view.previews.append((frame.index, frame.time, crops.within(frame.pixels, PREVIEW_FRAME)))
        _keep_whole(view, frame.pixels)
        followed = _follow(frame, current) if frame.run == run else None
        if followed is None:
            followed = _detect_and_match(view, frame, current if frame.run == run else [])
        for track, face in followed:
            track.seen.append(_seen(frame, face, cuts))
        run, current = frame.run, [track for track, _ in followed]
        progress(min(1.0, (number + 1) / expected))
    _drop_isolated_detections(view)


def _drop_isolated_detections(view: TrackedMedia) -> None:
    """Drop detections in a single frame that neither neighbouring frame confirms."""
    alone = {run for run, count in Counter(run for _, _, run in view.frames).items() if count == 1}
    view.tracks = [track for track in view.tracks if len(track.seen) > 1 or track.seen[0].run in alone]
    for number, track in enumerate(view.tracks):
        track.id = number


def _keep_whole(view: TrackedMedia, pixels: Pixels) -> None:
    for cut, kept in view.wholes.items():
        kept.append(crops.resized(pixels, cut.size))


def _follow(frame: Frame, current: list[Track]) -> list[tuple[Track, Face]] | None:
    """The faces of the previous frame, or None if any of them is lost."""
    followed = faces.follow(frame.pixels, [track.seen[-1].face for track in current])
    if not current or any(face is None for face in followed):
        return None
    return [(track, face) for track, face in zip(current, followed, strict=True) if face is not None]


def _detect_and_match(view: TrackedMedia, frame: Frame, current: list[Track]) -> list[tuple[Track, Face]]:
    """Detect faces anew, and match them to the tracks."""
    detected = faces.detect(frame.pixels, least=LEAST)[:MAX_FACES]
    palettes = [_colour_histogram(frame.pixels, face) for face in detected]
    near = sorted(
        ((_match_score(track, face, palette, track in current), t, f)
         for t, track in enumerate(view.tracks)
         for f, (face, palette) in enumerate(zip(detected, palettes, strict=True))),
        reverse=True,
    )  # fmt: skip
    taken: dict[int, int] = {}
    for likeness, t, f in near:
        if likeness > 0 and f not in taken and t not in taken.values():
            taken[f] = t
    matched = []
    for f, face in enumerate(detected):
        if f not in taken:
            taken[f] = len(view.tracks)
            view.tracks.append(Track(taken[f]))
        track = view.tracks[taken[f]]
        track.colours = palettes[f]
        matched.append((track, face))
    return matched


def _match_score(track: Track, face: Face, palette: NDArray[np.float32], just_now: bool) -> float:
    shared = faces.overlap(track.seen[-1].face, face)
    if just_now:
        return shared if shared >= NEAR else 0.0
    if shared < AGAIN or track.colours is None:
        return 0.0
    alike = float(np.minimum(track.colours, palette).sum())
    return shared * alike if alike >= ALIKE else 0.0


def _colour_histogram(pixels: Pixels, face: Face) -> NDArray[np.float32]:
    """Histogram of hue and saturation. After a cut it separates two people in the same place."""
    patch = crops.square(pixels, face.box, 0.2, 48)
    hsv = cv2.cvtColor(patch, cv2.COLOR_RGB2HSV)
    counts = cv2.calcHist([hsv], [0, 1], None, [12, 8], [0, 180, 0, 256])
    return np.asarray(counts / max(1.0, float(counts.sum())), np.float32)


def _seen(frame: Frame, face: Face, cuts: set[CropSpec]) -> TrackedFace:
    reasons = quality.quality_problems(frame.pixels, face)
    return TrackedFace(
        frame=frame.index,
        time=frame.time,
        run=frame.run,
        face=face,
        reasons=reasons,
        clarity=quality.clarity(frame.pixels, face),
        crops={} if reasons else {cut: cut.crop(frame.pixels, face) for cut in cuts if cut.looks_at == "face"},
    )
