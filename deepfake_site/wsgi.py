"""The web server's door."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deepfake_site.settings")


class BodyBrokenOff(ConnectionError):
    """A client went away before its whole request had arrived. `piece` is what was read last."""

    def __init__(self, missing: int, piece: bytes) -> None:
        super().__init__(f"{missing} bytes of the request are missing")
        self.piece = piece


class CompleteBody:
    """A request's body that ends with an error if it is shorter than its Content-Length.

    Django takes the end of the connection for the end of the body, so half of a form would be a form of its own.
    """

    def __init__(self, stream: Any, length: int) -> None:
        self.stream, self.left = stream, length

    def read(self, size: int = -1) -> bytes:
        wanted = self.left if size < 0 else min(size, self.left)
        return self._counted(self.stream.read(wanted), wanted)

    def readline(self, size: int = -1) -> bytes:
        wanted = self.left if size < 0 else min(size, self.left)
        line = self.stream.readline(wanted)
        return self._counted(line, len(line) if line.endswith(b"\n") else wanted)

    def _counted(self, piece: bytes, wanted: int) -> bytes:
        if len(piece) < wanted:
            raise BodyBrokenOff(self.left - len(piece), piece)
        self.left -= len(piece)
        return piece


def requiring_complete_bodies(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    def respond(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH") or ""
        if length.isdecimal():
            environ["wsgi.input"] = CompleteBody(environ["wsgi.input"], int(length))
        return application(environ, start_response)

    return respond


application = requiring_complete_bodies(get_wsgi_application())
