"""Asking other machines for something, at addresses that people from outside have named.

A name is resolved once, every address that it has is checked, and the connection goes to the address that was checked:
a name that means something else a moment later leads nowhere. Redirects are told, not followed."""

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from django.conf import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # an IPv4 address in the last 32 bits
PORTS = {"http": 80, "https": 443}
CONNECTING = 3.0  # seconds for a connection at most


class Blocked(Exception):
    """No request goes there. `code` is for machines."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Unreachable(Exception):
    """It was asked, and did not answer in time or not in HTTP."""


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


def check(said: str, *, schemes: tuple[str, ...] = ("https",)) -> Target:
    """Blocked unless it is an address of the public network, or of one that the operator has named."""
    try:
        url = urlsplit(said)
        host, port = url.hostname, url.port
    except ValueError as error:
        raise Blocked("bad_url") from error
    if (
        not host
        or url.scheme not in PORTS
        or url.username is not None
        or not said.isascii()
        or not said.isprintable()
        or " " in said
    ):
        raise Blocked("bad_url")
    port = port or PORTS[url.scheme]
    machines = _resolved(host, port)
    if not machines:
        raise Blocked("unknown_host")
    own = all(_is_own(machine) for machine in machines)
    if not own and not all(_is_public(machine) for machine in machines):
        raise Blocked("private_address")
    if url.scheme not in schemes and not own:
        raise Blocked("not_https")
    return Target(url, str(machines[0]), port)


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a name."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _resolved(host: str, port: int) -> list[Address]:
    try:
        return [ipaddress.ip_address(one.partition("%")[0]) for one in resolve(host, port)]
    except (OSError, UnicodeError, ValueError):
        return []


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
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    seconds: float = 5.0,
    most: int = 64 * 1024,
    take: Callable[[bytes], Any] | None = None,
) -> Answer:
    """One request, `seconds` for all of it; of the answer `most` bytes are read, given to `take` if there is one."""
    deadline = time.monotonic() + seconds
    connection = _Pinned(target, min(seconds, CONNECTING))
    watch = threading.Timer(seconds, connection.cut)  # an answer that drips is cut, too
    watch.daemon = True
    watch.start()
    kept = bytearray()
    size = 0
    try:
        connection.request(method, target.path, body=body, headers={"Accept-Encoding": "identity", **(headers or {})})
        response = connection.getresponse()
        while size <= most and (piece := response.read1(min(1 << 16, most + 1 - size))):
            size += len(piece)
            (take or kept.extend)(piece)
        if time.monotonic() > deadline:
            raise Unreachable("timeout")
        return Answer(response.status, _headers(response), bytes(kept[:most]), size <= most and not response.length)
    except (OSError, http.client.HTTPException, ValueError) as error:
        late = isinstance(error, TimeoutError) or time.monotonic() > deadline - 0.05
        raise Unreachable("timeout" if late else type(error).__name__) from error
    finally:
        watch.cancel()
        connection.close()


def onward(target: Target, answer: Answer, *, schemes: tuple[str, ...]) -> Target | None:
    """Where a redirect leads, checked like any other address; None if it is no redirect."""
    if answer.status not in (301, 302, 303, 307, 308) or "location" not in answer.headers:
        return None
    return check(urljoin(target.url.geturl(), answer.headers["location"]), schemes=schemes)


def _headers(response: http.client.HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.getheaders()}


class _Pinned(http.client.HTTPConnection):
    """To the machine that was checked; the name is said to it, and held against its certificate."""

    def __init__(self, target: Target, seconds: float) -> None:
        super().__init__(target.url.hostname or "", target.port, timeout=seconds)
        self.target = target
        self.over = False
        if target.url.scheme == "https":
            self.default_port = PORTS["https"]

    def connect(self) -> None:
        raw = socket.create_connection((self.target.machine, self.target.port), self.timeout)
        self.sock = raw
        if self.target.url.scheme == "https":
            context = ssl.create_default_context()
            host = self.target.url.hostname
            self.sock = context.wrap_socket(raw, server_hostname=host, do_handshake_on_connect=False)
            self.sock.do_handshake()
        if self.over:
            self.cut()

    def cut(self) -> None:
        self.over = True
        if self.sock:
            with contextlib.suppress(OSError):  # it has ended meanwhile
                self.sock.shutdown(socket.SHUT_RDWR)
