"""How long every page takes in the server on a site with 100,000 scans and a desk with 5,000 open items.

All of it happens in a database of its own, which is made for it and thrown away."""

import logging
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from accounts.models import User
from accounts.roles import Role

from .addresses import Address, pages, requests_of_programs
from .rows import ROLES, fill

MOST = 100  # milliseconds that a page may take
NEED_REDIS = ("/admin/system/health/",)


@dataclass(frozen=True, slots=True)
class Timing:
    """Of one page: the median of some rounds, without the first."""

    name: str
    who: str
    ms: float
    cpu_ms: float  # of this process: without what other programs took from it
    queries: int
    kilobytes: float


def measure(*, scans: int, items: int, rounds: int) -> list[Timing]:
    with own_database(), _nothing_else():
        fill(scans, items)
        return times(rounds)


def times(rounds: int) -> list[Timing]:
    logging.disable(logging.CRITICAL)  # a line for each request, and one for each worker that does not run
    clients = {who: client_of(who) for who in (None, *ROLES)}
    left_out = () if has_redis() else NEED_REDIS
    chosen = [address for address in (*pages(), *requests_of_programs()) if address.path not in left_out]
    try:
        return [_timed(clients[address.who], address, rounds) for address in chosen]
    finally:
        logging.disable(logging.NOTSET)


def client_of(who: Role | None) -> Client:
    client = Client(SERVER_NAME="localhost")
    if who:
        client.force_login(User.objects.get(email=f"{who}@bench.invalid"))
    return client


@contextmanager
def own_database() -> Iterator[None]:
    """On SQLite a file, as on a site that uses it, and not a database in memory."""
    before = connection.settings_dict["NAME"]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        if connection.vendor == "sqlite":
            connection.settings_dict["TEST"]["NAME"] = str(Path(folder) / "db.sqlite3")
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            yield
        finally:
            connection.creation.destroy_test_db(before, verbosity=0)


def has_redis() -> bool:
    try:
        get_redis_connection("default").ping()
    except (RedisError, OSError, NotImplementedError):
        return False
    return True


def _nothing_else() -> override_settings:
    """Collected files are not needed. Without a Redis, pages that show its state are left out."""
    memory = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    redis = {"default": {**settings.CACHES["default"], "KEY_PREFIX": "bench"}}
    return override_settings(
        ALLOWED_HOSTS=["localhost"],
        SECURE_SSL_REDIRECT=False,
        CACHES=redis if has_redis() else memory,
        STORAGES={
            **settings.STORAGES,
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        },
    )


def _timed(client: Client, address: Address, rounds: int) -> Timing:
    took: list[tuple[float, float]] = []
    for _round in range(rounds + 1):
        started, started_cpu = time.perf_counter(), time.process_time()
        answer = client.get(address.path)
        took.append(((time.perf_counter() - started) * 1000, (time.process_time() - started_cpu) * 1000))
        assert answer.status_code == 200, (address, answer.status_code)
    with CaptureQueriesContext(connection) as queries:
        client.get(address.path)
    wall, cpu = (median(values) for values in zip(*took[1:], strict=True))
    size = len(answer.content) / 1000
    return Timing(
        address.name, str(address.who or "visitor"), round(wall, 1), round(cpu, 1), len(queries), round(size, 1)
    )


def table(timings: list[Timing], scans: int, items: int) -> str:
    """Markdown: how many pages took too long, and all of them, the slowest first."""
    slow = sum(timing.cpu_ms > MOST for timing in timings)
    database = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[connection.vendor]
    lines = [
        f"{len(timings)} pages with {scans:,} scans and {items:,} open items on {database}, "
        f"load {os.getloadavg()[0]:.1f}: {slow} took more than {MOST} ms of the processor.",
        "",
        "| page | as | ms of the processor | ms by the clock | queries | kB of HTML |",
        "|---|---|---|---|---|---|",
    ]
    for timing in sorted(timings, key=lambda timing: -timing.cpu_ms):
        lines.append(
            f"| {timing.name} | {timing.who} | {timing.cpu_ms:.0f} | {timing.ms:.0f} | {timing.queries} "
            f"| {timing.kilobytes:.0f} |"
        )
    return "\n".join(lines) + "\n"
