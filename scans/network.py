"""Asking other machines for something, at addresses that people from outside have named.

A name is resolved once, every address that it has is checked, and the connection goes to the address that was checked:
a name that means something else a moment later leads nowhere. Redirects are told, not followed."""

import contextlib
import http.client
import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Self
from urllib.parse import SplitResult, urljoin, urlsplit

import structlog
from django.conf import settings

log = structlog.get_logger(__name__)
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # an IPv4 address in the last 32 bits
PORTS = {"http": 80, "https": 443}
CONNECTING = 3.0  # seconds for a connection at most
RESOLVING = 3.0  # seconds for looking up a name
_lookups = threading.BoundedSemaphore(128)  # a lookup can't be stopped, so hanging ones are counted


class Blocked(Exception):
    """No request goes there. `code` is for machines."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Unreachable(Exception):
    """The other machine did not answer in time, or not in HTTP."""


class Deadline:
    """The end of an exchange with another machine: connecting, TLS, headers, body and redirects together.

    At its end, or earlier by `cut`, the connection is shut down from outside, so nothing that the other machine does
    can stretch it: not bytes that drip, and not an answer that never begins.
    """

    def __init__(self, seconds: float) -> None:
        self.ends_at = time.monotonic() + seconds
        self.over = False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self.cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._timer.cancel()

    @property
    def seconds_left(self) -> float:
        """More than nothing, as a timeout of 0 means something else to a socket."""
        return max(0.01, self.ends_at - time.monotonic())

    def guard(self, connected: socket.socket) -> None:
        """From now on this is what is shut down. TLS needs a second call: it puts another socket in its place."""
        self._socket = connected
        connected.settimeout(self.seconds_left)
        if self.over:
            self.cut()

    def cut(self) -> None:
        self.over = True
        if self._socket is not None:
            with contextlib.suppress(OSError):  # it has ended meanwhile
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


@dataclass(frozen=True, slots=True)
class Target:
    """An address that may be asked, with the machine that its name meant when it was checked."""

    url: SplitResult
    machine: str
    port: int

    @property
    def path(self) -> str:
        return (self.url.path or "/") + (f"?{self.url.query}" if self.url.query else "")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes
    complete: bool


def check(address: str, *, schemes: tuple[str, ...] = ("https",), seconds: float = RESOLVING) -> Target:
    """Blocked unless it is an address of the public network, or of one that the operator has named."""
    try:
        return _checked(address, schemes, seconds)
    except Blocked as error:
        log.warning("address refused", code=error.code)
        raise


def _checked(address: str, schemes: tuple[str, ...], seconds: float) -> Target:
    try:
        url = urlsplit(address)
        host, port = url.hostname, url.port
    except ValueError as error:
        raise Blocked("bad_url") from error
    if (
        not host
        or url.scheme not in PORTS
        or url.username is not None
        or not address.isascii()
        or not address.isprintable()
        or " " in address
    ):
        raise Blocked("bad_url")
    if settings.TARGET_HOSTS and not any(fnmatchcase(host, pattern) for pattern in settings.TARGET_HOSTS):
        raise Blocked("host_refused")
    port = port or PORTS[url.scheme]
    machines = _resolved(host, port, min(seconds, RESOLVING))
    if not machines:
        raise Blocked("unknown_host")
    own = all(_is_own(machine) for machine in machines)
    if not own and not all(_is_public(machine) for machine in machines):
        raise Blocked("private_address")
    if not own and not _port_is_open(port):
        raise Blocked("port_refused")
    if url.scheme not in schemes and not own:
        raise Blocked("not_https")
    return Target(url, str(machines[0]), port)


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a name."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _resolved(host: str, port: int, seconds: float) -> list[Address]:
    """The system's lookup has no timeout of its own, so it runs beside, and is no longer waited for when time is up."""
    answers: queue.SimpleQueue[list[Address]] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers.put([ipaddress.ip_address(each.partition("%")[0]) for each in resolve(host, port)])
        except (OSError, UnicodeError, ValueError):
            answers.put([])
        finally:
            _lookups.release()

    if not _lookups.acquire(blocking=False):
        return []
    threading.Thread(target=look_up, daemon=True).start()
    try:
        return answers.get(timeout=seconds)
    except queue.Empty:
        return []


def _port_is_open(port: int) -> bool:
    """Ports below 1024 belong to services that have nothing to do with the web: mail, remote shells, databases."""
    for allowed in settings.TARGET_PORTS:
        first, _dash, last = allowed.partition("-")
        if int(first) <= port <= int(last or first):
            return True
    return False


def _is_own(machine: Address) -> bool:
    return any(machine in ipaddress.ip_network(network) for network in settings.PRIVATE_TARGETS)


def _is_public(machine: Address) -> bool:
    inner = _inside(machine)
    if inner is not None:
        return _is_public(inner)
    return machine.is_global and not (machine.is_multicast or machine.is_reserved or machine.is_unspecified)


def _inside(machine: Address) -> Address | None:
    """The IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(machine, ipaddress.IPv4Address):
        return None
    if machine in NAT64:
        return ipaddress.IPv4Address(int(machine) & 0xFFFFFFFF)
    return machine.ipv4_mapped or machine.sixtofour or (machine.teredo[1] if machine.teredo else None)


def ask(
    target: Target,
    method: str = "GET",
    *,
    deadline: Deadline,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    most: int = 64 * 1024,
    take: Callable[[bytes], Any] | None = None,
) -> Answer:
    """One request; of the answer `most` bytes are read, given to `take` if there is one."""
    connection = _Pinned(target, deadline)
    kept = bytearray()
    size = 0
    try:
        connection.request(method, target.path, body=body, headers={"Accept-Encoding": "identity", **(headers or {})})
        response = connection.getresponse()
        while size <= most and (piece := response.read1(min(1 << 16, most + 1 - size))):
            size += len(piece)
            (take or kept.extend)(piece)
        if deadline.over:
            raise Unreachable("timeout")
        return Answer(response.status, _headers(response), bytes(kept[:most]), size <= most and not response.length)
    except (OSError, http.client.HTTPException, ValueError) as error:
        late = deadline.over or isinstance(error, TimeoutError)
        raise Unreachable("timeout" if late else type(error).__name__) from error
    finally:
        connection.close()


def onward(target: Target, answer: Answer, *, schemes: tuple[str, ...], seconds: float = RESOLVING) -> Target | None:
    """Where a redirect leads, checked like any other address; None if it is no redirect."""
    if answer.status not in (301, 302, 303, 307, 308) or "location" not in answer.headers:
        return None
    return check(urljoin(target.url.geturl(), answer.headers["location"]), schemes=schemes, seconds=seconds)


def _headers(response: http.client.HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.getheaders()}


class _Pinned(http.client.HTTPConnection):
    """To the machine that was checked; the name is said to it, and held against its certificate."""

    def __init__(self, target: Target, deadline: Deadline) -> None:
        super().__init__(target.url.hostname or "", target.port)
        self.target = target
        self.deadline = deadline
        if target.url.scheme == "https":
            self.default_port = PORTS["https"]

    def connect(self) -> None:
        where = (self.target.machine, self.target.port)
        self.sock = socket.create_connection(where, min(CONNECTING, self.deadline.seconds_left))
        self.deadline.guard(self.sock)
        if self.target.url.scheme == "https":
            context = ssl.create_default_context()
            host = self.target.url.hostname
            tls = context.wrap_socket(self.sock, server_hostname=host, do_handshake_on_connect=False)
            self.sock = tls
            self.deadline.guard(tls)
            tls.do_handshake()
