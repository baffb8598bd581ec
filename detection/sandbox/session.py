"""A file that is read by another process, seen from the site. What that process says is checked, and never trusted."""

import mmap
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from .. import errors
from ..errors import DetectionError, UnsafeToRead
from ..images import Frame, Pixels
from ..limits import Clock, Limits
from ..media import DEMUXERS, PILLOW, Kind, Media, check_size
from ..provenance import Credentials, Provenance, clean_fact
from ..sources import open_source
from . import wire
from .wire import Closed, Message

GRACE = 5.0  # seconds for a process to notice by itself that its time is over

REFUSALS = {
    kind.code: kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, DetectionError)
}


class Child:
    """One decoding process. `end` ends it and returns how it ended."""

    def __init__(self, pid: int, site: socket.socket, memory: mmap.mmap, end: Callable[["Child"], str]) -> None:
        self.pid, self.site, self.memory, self._end = pid, site, memory, end
        self.files = self._most = 0
        self.usable = True

    def ask(self, job: str, *descriptors: int, cpu: float, seconds: float, **arguments: Any) -> Message:
        """Have a job done. `cpu`: seconds of a processor until it is ended; `seconds`: by the clock."""
        (*_, done) = self._messages(job, descriptors, cpu, seconds, arguments)
        return done

    def parts(self, job: str, *, cpu: float, seconds: float, **arguments: Any) -> Iterator[Message]:
        """Have a job done that answers bit by bit. What lies in the shared memory is gone when the next is taken."""
        for message in self._messages(job, (), cpu, seconds, arguments):
            if "part" in message:
                yield message["part"]
                self._send({"taken": True})

    def _messages(
        self, job: str, descriptors: tuple[int, ...], cpu: float, seconds: float, arguments: Message
    ) -> Iterator[Message]:
        deadline = time.monotonic() + seconds
        self.usable = False  # until it is done: whoever breaks off leaves a process in the middle of something
        self._send({"job": job, "cpu": cpu, **arguments}, *descriptors)
        while True:
            message = self._receive(deadline)
            if "part" in message:
                yield message
            elif "done" in message:
                self.usable = True
                yield message["done"]
                return
            else:
                raise self._refusal(message)

    def _refusal(self, message: Message) -> DetectionError:
        kind = REFUSALS.get(str(message.get("refused")))
        if kind is None or kind is UnsafeToRead:
            return UnsafeToRead(detail=str(message.get("failed"))[:1000])
        self.usable = kind is not errors.TooMuchMemory  # what it holds is better given back
        return kind(str(message.get("sentence"))[:300], detail=str(message.get("detail"))[:1000])

    def _send(self, message: Message, *descriptors: int) -> None:
        try:
            wire.send(self.site, message, *descriptors, seconds=GRACE)
        except (Closed, TimeoutError) as error:
            raise UnsafeToRead(detail=f"{self._end(self)}; {error!r}") from error

    def _receive(self, deadline: float) -> Message:
        try:
            return wire.receive(self.site, deadline=deadline)
        except (Closed, TimeoutError) as error:
            raise UnsafeToRead(detail=f"{self._end(self)}; {error!r}") from error

    def let_go(self) -> bool:
        """Of the file. False where this process is no longer there."""
        try:
            wire.send(self.site, {"job": "end"}, seconds=GRACE)
        except (Closed, TimeoutError):
            return False
        return True

    def close(self) -> None:
        self.site.close()
        with suppress(BufferError):  # of pixels that somebody still looks at
            self.memory.close()

    def give_memory_back(self, held: int) -> None:
        """After a large picture."""
        if self._most > held and hasattr(mmap, "MADV_REMOVE"):
            self.memory.madvise(mmap.MADV_REMOVE)
            self._most = 0

    def pixels(self, shown: Message) -> Pixels:
        """The pixels in the shared memory, not copied."""
        offset, height, width = (_whole(shown, name) for name in ("offset", "height", "width"))
        size = height * width * 3
        if not size or offset + size > len(self.memory):
            raise _nonsense("pixels outside of the shared memory")
        self._most = max(self._most, size)
        view: Pixels = np.frombuffer(self.memory, np.uint8, size, offset).reshape(height, width, 3)
        view.flags.writeable = False
        return view


class SandboxedReader:
    """Reads in a process of the pool. Pixels are valid until that process gets another file."""

    def __init__(self, child: Child, path: Path, limits: Limits, clock: Clock, cpu: float) -> None:
        self._child, self._clock, self._cpu = child, clock, cpu
        with open_source(path) as file:
            self.media = _media(path, self._ask("open", file.fileno(), limits=asdict(limits)), limits)
        self._small: Pixels | None = None
        self._whole: Pixels | None = None

    def _ask(self, job: str, *descriptors: int, **arguments: Any) -> Message:
        left = self._left()
        return self._child.ask(job, *descriptors, cpu=min(self._cpu, left), seconds=left + GRACE, **arguments)

    def _left(self) -> float:
        self._clock.check()
        return self._clock.seconds - self._clock.spent

    def small(self) -> Pixels:
        if self._whole is not None:
            return self._whole
        if self._small is None:
            self._small = self._child.pixels(self._ask("small"))
        return self._small

    def whole(self) -> Pixels:
        if self._whole is None:
            self._whole = self._child.pixels(self._ask("whole"))
        return self._whole

    def frames(self) -> Iterator[Frame]:
        left = self._left()
        for part in self._child.parts("frames", cpu=left, seconds=left + GRACE, limit=left):
            pixels = self._child.pixels(part).copy()
            yield Frame(_whole(part, "index"), _number(part, "time"), _whole(part, "run"), pixels)

    def provenance(self, *, location: bool, anchors: str) -> Provenance:
        answer = self._ask("metadata", location=location, anchors=anchors)
        try:
            return Provenance(
                tuple(clean_fact(fact["group"], fact["name"], fact["value"]) for fact in answer["facts"]),
                Credentials(
                    state=_word(answer["credentials"]["state"]),
                    generator=_word(answer["credentials"]["generator"]),
                    signer=_word(answer["credentials"]["signer"]),
                    actions=tuple(
                        {name: _word(action[name]) for name in ("action", "source", "tool")}
                        for action in answer["credentials"]["actions"]
                    ),
                    problems=tuple(_word(problem) for problem in answer["credentials"]["problems"]),
                    generated=answer["credentials"]["generated"] is True,
                ),
            )
        except (KeyError, TypeError) as error:
            raise _nonsense(repr(error)) from error


def _media(path: Path, answer: Message, limits: Limits) -> Media:
    try:
        media = Media(
            path=path,
            kind=Kind(answer["kind"]),
            format=_word(answer["format"]),
            codec=_word(answer["codec"]),
            sha256=_word(answer["sha256"]),
            bytes=_whole(answer, "bytes"),
            width=_whole(answer, "width"),
            height=_whole(answer, "height"),
            duration=None if answer["duration"] is None else _number(answer, "duration"),
            frames=None if answer["frames"] is None else _whole(answer, "frames"),
            rate=None if answer["rate"] is None else _number(answer, "rate"),
            animated=answer["animated"] is True,
        )
        int(media.sha256, 16)
    except (KeyError, ValueError) as error:
        raise _nonsense(repr(error)) from error
    if media.format not in PILLOW | DEMUXERS:
        raise _nonsense(media.format)
    check_size(media.width, media.height, limits)
    return media


def _whole(answer: Message, name: str) -> int:
    value = answer.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _nonsense(f"{name} is {value!r}")
    return value


def _number(answer: Message, name: str) -> float:
    value = answer.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        raise _nonsense(f"{name} is {value!r}")
    return float(value)


def _word(value: object) -> str:
    return clean_fact("", "", value)["value"]


def _nonsense(detail: str) -> UnsafeToRead:
    return UnsafeToRead(detail=f"nonsense from the decoding process: {detail}"[:1000])
