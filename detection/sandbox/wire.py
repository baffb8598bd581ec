"""Messages between the site and its decoding processes: JSON with its length before it, and descriptors."""

import json
import socket
import struct
import time
from typing import Any

LENGTH = struct.Struct("<I")
MOST = 4 << 20  # bytes of one message: a process that was taken over may claim anything

Message = dict[str, Any]


class Closed(Exception):
    """The other side is gone, or does not speak like it should."""


def send(to: socket.socket, message: Message, *descriptors: int, seconds: float | None = None) -> None:
    """TimeoutError where the other side does not take it within `seconds`."""
    content = json.dumps(message).encode()
    data = LENGTH.pack(len(content)) + content
    try:
        if seconds is not None:  # a locked-down process may not change that
            to.settimeout(seconds)
        sent = socket.send_fds(to, [data], list(descriptors)) if descriptors else 0
        to.sendall(data[sent:])
    except TimeoutError:
        raise
    except OSError as error:
        raise Closed(repr(error)) from error


def receive(source: socket.socket, *, deadline: float | None = None) -> Message:
    """The next message. TimeoutError once `deadline` (of the monotonic clock) is over."""
    size = LENGTH.unpack(_exactly(source, LENGTH.size, deadline))[0]
    if size > MOST:
        raise Closed(f"a message of {size} bytes")
    content = _exactly(source, size, deadline)
    try:
        message = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Closed(repr(error)) from error
    if not isinstance(message, dict):
        raise Closed("not a message")
    return message


def receive_with_descriptors(source: socket.socket, most: int) -> tuple[Message, list[int]]:
    """Of a side that is trusted."""
    try:
        head, descriptors, _, _ = socket.recv_fds(source, LENGTH.size, most)
    except OSError as error:
        raise Closed(repr(error)) from error
    if not head:
        raise Closed("the end")
    head += _exactly(source, LENGTH.size - len(head), None)
    message: Message = json.loads(_exactly(source, LENGTH.unpack(head)[0], None))
    return message, descriptors


def _exactly(source: socket.socket, size: int, deadline: float | None) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        try:
            if deadline is not None:
                source.settimeout(max(0.001, deadline - time.monotonic()))
            part = source.recv(min(size - len(parts), 1 << 20))
        except TimeoutError:
            raise
        except OSError as error:
            raise Closed(repr(error)) from error
        if not part:
            raise Closed("the end")
        parts += part
    return bytes(parts)
