"""How many photos a second one, two and four worker processes analyse.

They use the database, the Redis and the store of the settings. No other worker may take photos meanwhile.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import connection

from . import site


def measure(photo: Path, counts: Sequence[int], many: int, report: Callable[[str], object]) -> list[dict[str, Any]]:
    """A line of a table for each count, printed as soon as it is known."""
    if site.worker_processes():
        raise site.NoAnswer("A worker that takes photos is running. Stop the analysis workers first.")
    load = os.getloadavg()[0]
    report(f"{site.cores()} cores, load {load:.1f} before it began, {connection.vendor}; {many} photos each time\n")
    report("| worker processes | photos a second | times as many as the first line |")
    report("|---|---|---|")
    rows: list[dict[str, Any]] = []
    before = _written()
    for count in counts:
        with _workers(count):
            speed = site.throughput(photo, many, warm_up=count * 2)
        times = speed / rows[0]["photos_a_second"] if rows else 1.0
        rows.append({"processes": count, "photos_a_second": round(speed, 2), "times": round(times, 2)})
        report(f"| {count} | {speed:.2f} | {times:.2f} |")
    if before:
        photos = sum(many + count * 2 for count in counts)
        each = [(after - earlier) / photos for after, earlier in zip(_written(), before, strict=True)]
        report("\nWritten by the database for each photo, with its deletion afterwards: {:.1f} new rows, {:.1f} changed"
               " rows, {:.0f} bytes of write-ahead log".format(*each))  # fmt: skip
    return rows


def _written() -> tuple[int, ...]:
    """Rows inserted and updated, and bytes of log, since the server counts; only PostgreSQL does."""
    if connection.vendor != "postgresql":
        return ()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(n_tup_ins)::bigint, sum(n_tup_upd)::bigint, (SELECT wal_bytes::bigint FROM pg_stat_wal)"
            " FROM pg_stat_user_tables"
        )
        return tuple(cursor.fetchone())


@contextlib.contextmanager
def _workers(count: int) -> Iterator[None]:
    environment = {**os.environ, "VAR_DIR": str(settings.VAR_DIR), "EMBEDDED": str(int(settings.EMBEDDED))}
    command = [sys.executable, "-m", "celery", "-A", current_app.main, "worker", "-Q", "live,batch", "-c", "1"]
    command += ["--without-mingle", "--without-gossip", "-n"]
    running = [
        subprocess.Popen(  # noqa: S603
            [*command, f"bench-{number}@%h"],
            cwd=settings.BASE_DIR, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for number in range(count)
    ]  # fmt: skip
    try:
        deadline = time.monotonic() + site.START_WITHIN
        while site.worker_processes() < count:
            if time.monotonic() > deadline or any(worker.poll() is not None for worker in running):
                raise site.NoAnswer("The workers don't start. Do DATABASE_URL and REDIS_URL name servers that run?")
        yield
    finally:
        for worker in running:
            worker.terminate()
        for worker in running:
            worker.wait(60)
