"""Reading a file for an inspection: its header, pixels and metadata; in this process, or in a locked-down one."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from . import provenance, videos
from .images import Frame, Picture, Pixels
from .limits import Clock, Limits
from .media import Media, probe
from .provenance import Provenance

if TYPE_CHECKING:
    from .sandbox.pool import Sandbox


class Reader(Protocol):
    """One file that is being read. Pixels are valid only as long as the reader is open."""

    @property
    def media(self) -> Media: ...
    def small(self) -> Pixels: ...
    def whole(self) -> Pixels: ...
    def frames(self) -> Iterator[Frame]: ...
    def provenance(self, *, location: bool, anchors: str) -> Provenance: ...


def reading(path: Path, limits: Limits, clock: Clock, sandbox: "Sandbox | None") -> AbstractContextManager[Reader]:
    return _directly(path, limits, clock) if sandbox is None else sandbox.reading(path, limits, clock)


@contextmanager
def _directly(path: Path, limits: Limits, clock: Clock) -> Iterator[Reader]:
    yield DirectReader(probe(path, limits), limits, clock)


class DirectReader:
    """Reads in this process: what makes a decoder crash, crashes all of it."""

    def __init__(self, media: Media, limits: Limits, clock: Clock) -> None:
        self.media, self._limits, self._clock = media, limits, clock
        self._picture = Picture(media, limits)

    def small(self) -> Pixels:
        return self._picture.small()

    def whole(self) -> Pixels:
        return self._picture.whole

    def frames(self) -> Iterator[Frame]:
        return videos.sample(self.media, self._limits, self._clock)

    def provenance(self, *, location: bool, anchors: str) -> Provenance:
        return provenance.read(self.media, location=location, anchors=anchors)
