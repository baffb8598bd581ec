"""Somebody's web server that is told of changes: takes them, or drops, delays, redirects and answers rubbish."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver:
    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.times: list[float] = []
        self.answers: list[Any] = []  # what to do with the next requests; then 204
        self.elsewhere: list[str] = []  # asked of other paths
        self.release = threading.Event()
        self.came = threading.Event()
        self.url = ""

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _headers, body in self.got]


class Quiet(BaseHTTPRequestHandler):
    """Says nothing, and bears that nobody listens to the end."""

    def log_message(self, *_said: Any) -> None:
        pass

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            self.close_connection = True


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(Quiet):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path != "/hook":
                receiver.elsewhere.append(self.path)
            receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            receiver.times.append(time.monotonic())
            receiver.came.set()
            answer = receiver.answers.pop(0) if receiver.answers else 204
            if answer == "drop":
                self.connection.shutdown(socket.SHUT_RDWR)
            elif answer == "late":
                receiver.release.wait(30)
            elif answer == "drip":
                self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                while not receiver.release.wait(0.05):
                    self.wfile.write(b"X-Slow: 1\r\n")
            elif answer == "rubbish":
                self.wfile.write(b"\x00\xff no HTTP at all\r\n\r\n")
            elif answer == "much":
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"x" * (8 << 20))
            elif answer == "redirect":
                self.send_response(302)
                self.send_header("Location", "/elsewhere")
                self.end_headers()
            else:
                self.send_response(answer)
                self.end_headers()

    return Handler


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """On this machine, at the address that is given."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def listening() -> Iterator[Receiver]:
    receiver = Receiver()
    with serving(_handler(receiver)) as address:
        receiver.url = f"{address}/hook"
        try:
            yield receiver
        finally:
            receiver.release.set()
