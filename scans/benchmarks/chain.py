"""The audit chain: how many events a second several writers get into it, and how long a long chain takes to verify.

In a database of its own, like the pages. Every event is a transaction of its own; one sealer runs beside them."""

import multiprocessing
import os
import time
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from ..evidence import chain, sealing
from ..models import Event
from .pages import own_database

AT_ONCE = 10_000


def measure(*, writers: int, seconds: float, rows: int) -> dict[str, str]:
    with own_database():
        written, took, behind = _write(writers, seconds)
        figures = {
            f"{writers} writers, events written, each in its own transaction": f"{written / took:,.0f} a second",
            "of those not yet sealed when the writers stopped": str(behind),
            "sealed": f"{Event.objects.filter(position__isnull=False).count() / took:,.0f} a second",
        }
        figures[f"sealing up to {rows:,} rows"] = f"{_fill(rows):,.0f} a second"
        before = time.process_time()
        result = chain.verify()
        if not result.whole or result.rows < rows:
            raise RuntimeError(f"the chain is not whole: {result}")
        worked = time.process_time() - before
        figures[f"verifying {result.rows:,} rows"] = (
            f"{result.seconds:.1f} s, of which this process worked {worked:.1f} s"
        )
    return figures


def mark() -> str:
    """The place in the manual for figures of this database."""
    return f"chain-{connection.vendor}"


def table(figures: dict[str, str]) -> str:
    machine = f"{os.cpu_count()} cores, load {os.getloadavg()[2]:.1f} in the last 15 minutes"
    head = f"On {connection.vendor}, {timezone.now():%Y-%m-%d}, {machine}:"
    return "\n".join(
        [head, "", "| what | |", "|---|---|", *(f"| {name} | {text} |" for name, text in figures.items()), ""]
    )


def _write(writers: int, seconds: float) -> tuple[int, float, int]:
    """Processes, as web and workers are processes. How many events, in what time, and how many were left to seal."""
    context = multiprocessing.get_context("fork")
    counts, start = context.Queue(), context.Barrier(writers + 1)
    name = connection.settings_dict["NAME"]
    connection.close()
    processes = [context.Process(target=_writer, args=(name, start, seconds, counts)) for _ in range(writers)]
    for process in processes:
        process.start()
    start.wait(60)
    began = time.monotonic()
    while any(process.is_alive() for process in processes):
        sealing.seal()
        time.sleep(0.1)
    took = time.monotonic() - began
    written = sum(counts.get(timeout=10) for _ in processes)
    behind = Event.objects.filter(position=None).count()
    sealing.seal()
    return written, took, behind


def _writer(name: Any, start: Any, seconds: float, counts: Any) -> None:
    connection.settings_dict["NAME"] = name
    connection.ensure_connection()
    start.wait(60)
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        with transaction.atomic():
            Event.objects.create(kind="exported", content={"what": "scans", "form": "csv", "count": count})
        count += 1
    connection.close()
    counts.put(count)


def _fill(rows: int) -> float:
    """So many rows altogether; how many of them were sealed a second."""
    missing = rows - Event.objects.count()
    for begin in range(0, missing, AT_ONCE):
        Event.objects.bulk_create(
            Event(kind="viewed", content={"file": "media", "number": number})
            for number in range(begin, min(begin + AT_ONCE, missing))
        )
    began = time.monotonic()
    count = sealing.seal()
    return count / max(time.monotonic() - began, 1e-9)
