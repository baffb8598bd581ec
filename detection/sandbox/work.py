"""What a decoding process offers to its jobs: the file, and the memory that it shares with the site."""

import mmap
import os
import socket
from collections.abc import Callable
from typing import Any

import numpy as np

from ..images import Pixels
from . import wire
from .wire import Message

Job = Callable[..., Message]

AHEAD = 2  # frames that lie in the shared memory at the same time


class Work:
    """What a job may use: the file, and the memory that is shared with the site."""

    def __init__(self, site: socket.socket, memory: mmap.mmap) -> None:
        self._site, self._memory = site, memory
        self.file = -1
        self.state: dict[str, Any] = {}
        self._used = self._emitted = 0

    def begin(self, file: int) -> None:
        self.end()
        self.file = file

    def end(self) -> None:
        if self.file >= 0:
            os.close(self.file)
        self.file = -1
        self.state.clear()
        self._used = self._emitted = 0

    def show(self, pixels: Pixels) -> Message:
        """Put pixels beside those that were shown before."""
        shown = self._put(pixels, self._used)
        self._used += -(-pixels.nbytes // 4096) * 4096
        return shown

    def show_by_turns(self, pixels: Pixels) -> Message:
        """Put pixels where the site has taken others away."""
        if self._emitted >= AHEAD:
            wire.receive(self._site)
        return self._put(pixels, (self._emitted % AHEAD) * (len(self._memory) // AHEAD))

    def emit(self, message: Message) -> None:
        self._emitted += 1
        wire.send(self._site, {"part": message})

    def taken(self) -> None:
        """Wait until the site has taken all frames."""
        for _ in range(min(self._emitted, AHEAD)):
            wire.receive(self._site)
        self._emitted = 0

    def _put(self, pixels: Pixels, offset: int) -> Message:
        height, width, _ = pixels.shape
        room = np.frombuffer(self._memory, np.uint8, pixels.nbytes, offset).reshape(pixels.shape)
        np.copyto(room, pixels)
        return {"offset": offset, "height": height, "width": width}
