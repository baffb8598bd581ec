"""What must be so before the whole site runs on this machine: one launcher, a free port, a database, ready parts."""

import errno
import fcntl
import http.client
import json
import os
import socket
import time
from typing import IO

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection

COULD_NOT_START, RUNNING_ALREADY = 1, 3


class Refusal(Exception):
    """Why the site can't be started, in a sentence for the person who tries."""

    def __init__(self, sentence: str, status: int = COULD_NOT_START) -> None:
        super().__init__(sentence)
        self.status = status


def take_lock() -> IO[str]:
    """One launcher a folder. Its leash holds the lock too, for as long as it has something to end."""
    try:
        settings.VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (settings.VAR_DIR / "up.lock").open("a+")
    except OSError as error:
        raise Refusal(f"{error.filename} can't be written: {error.strerror}. Set VAR_DIR to another folder.") from error
    deadline = time.monotonic() + 6
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            pid, _, address = lock.read().partition(" ")
            if time.monotonic() > deadline or (pid and alive(int(pid))):
                raise Refusal(f"The site is already running at {address} (pid {pid}).", RUNNING_ALREADY) from None
            time.sleep(0.1)
        else:
            lock.truncate(0)
            return lock


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def refuse_taken_port(bind: str, port: int) -> None:
    if not 0 < port < 2**16:
        raise Refusal(f"PORT is {port}; ports go from 1 to {2**16 - 1}.")
    try:
        family, kind, _, _, address = socket.getaddrinfo(bind, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except PermissionError as error:
        raise Refusal(f"Port {port} needs root. Choose a port above 1024: PORT=8000 make run") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Refusal(
                f"Port {port} is used by another program. Choose another port: PORT={port + 1} make run"
            ) from error
        raise Refusal(f"The site can't listen on {bind}, port {port}: {error}. Correct BIND or PORT.") from error


def ready_database() -> None:
    if connection.vendor == "postgresql":
        connection.settings_dict["OPTIONS"].setdefault("connect_timeout", 5)
    try:
        connection.ensure_connection()
        call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
    except DatabaseError as error:
        name, host = connection.settings_dict["NAME"], connection.settings_dict["HOST"]
        reason = str(error).strip().splitlines()[0]
        cure = " Correct DATABASE_URL, or leave it out to use SQLite." if settings.DATABASE_URL else ""
        where = f"{name} at {host}" if host else name
        raise Refusal(f"The database {where} can't be used: {reason}.{cure}") from error


def readiness(bind: str, port: int, name: str) -> tuple[str, list[str]]:
    """What /readyz says, and the parts that aren't well."""
    connection = http.client.HTTPConnection({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind, bind), port, timeout=5)  # noqa: S104
    try:
        connection.request("GET", "/readyz", headers={"Host": f"{name}:{port}"})
        status = json.load(connection.getresponse())
        return status["state"], [part for part, state in status["parts"].items() if state != "ok"]
    except (OSError, http.client.HTTPException, ValueError):
        return "silent", []
    finally:
        connection.close()
