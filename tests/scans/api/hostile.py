"""Machines that never come to an end, each in a way of its own, over real sockets."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

WAYS = ["connect", "tls", "silent", "headers", "body", "chunks", "hundreds"]
BEGINNING = {
    "headers": b"HTTP/1.1 200 OK\r\n",
    "body": b"HTTP/1.1 200 OK\r\n\r\n",  # no Content-Length: it ends when the connection does
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
}
DRIP = {"headers": b"a", "body": b"x", "chunks": b"1\r\nx\r\n", "hundreds": b"HTTP/1.1 100 Continue\r\n\r\n"}


@contextmanager
def listening(how: str) -> Iterator[str]:
    """Takes connections and never finishes; `connect` does not even take them."""
    over = threading.Event()
    threads: list[threading.Thread] = []
    with contextlib.ExitStack() as sockets:
        server = sockets.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0 if how == "connect" else 128)
        where = server.getsockname()
        if how == "connect":  # a full queue: the kernel answers no further ones
            for _ in range(4):
                waiting = sockets.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(where)
        else:
            threads.append(threading.Thread(target=_take, args=(server, how, over, threads), daemon=True))
            threads[0].start()
        try:
            yield f"{'https' if how == 'tls' else 'http'}://127.0.0.1:{where[1]}/hook"
        finally:
            over.set()
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join(5)


def _take(server: socket.socket, how: str, over: threading.Event, threads: list[threading.Thread]) -> None:
    while not over.is_set():
        try:
            connection, _address = server.accept()
        except OSError:
            return
        threads.append(threading.Thread(target=_drip, args=(connection, how, over), daemon=True))
        threads[-1].start()


def _drip(connection: socket.socket, how: str, over: threading.Event) -> None:
    with connection, contextlib.suppress(OSError):
        connection.sendall(BEGINNING.get(how, b""))
        while not over.wait(0.05):
            connection.sendall(DRIP.get(how, b""))
