"""The site at capacity for a long time, and what grew meanwhile: `make soak` prints the table.

Photos are uploaded as fast as they are analysed, and every result is read, drawn as a report and deleted again. The
first third of the time is for warming up. From then on nothing may grow: the medians of the second and the last third
are compared.
"""

import argparse
import datetime as dt
import http.client
import json
import statistics
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from . import pages
from .__main__ import DATABASES, started
from .rows import Run
from .site import MARKS, Site

UPLOADERS = 3
EVERY = 5.0  # seconds between two looks
# What may be added between the second and the last third of the run.
ALLOWED = {
    "memory": lambda before: max(16.0, before * 0.05),  # MB
    "open files": lambda before: max(4.0, before * 0.05),
    "connections": lambda _before: 4.0,
    "temporary files": lambda _before: 10.0,
}  # type: dict[str, Callable[[float], float]]
SLOWER = 0.8  # the last third's throughput, at least so much of the second's

Sample = dict[tuple[str, str], float]


class Visitor(threading.Thread):
    """Uploads a photo, waits for its result, reads it and its report, deletes it; and again."""

    def __init__(self, run: Run, name: str, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self.run_of, self.key, self.over = run, name, over
        self.finished: list[float] = []
        self.failures: list[str] = []

    def run(self) -> None:
        number = 0
        while not self.over.is_set():
            number += 1
            try:
                pk = self.run_of.sender.upload(f"{self.key}-{number}", wait=20)
                while self.ask("GET", f"scans/{pk}")["status"] in ("queued", "analysing"):
                    time.sleep(0.2)
                self.ask("GET", f"scans/{pk}/report")
                self.ask("DELETE", f"scans/{pk}")
            except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
                self.failures.append(repr(error))
            else:
                self.finished.append(time.monotonic())

    def ask(self, method: str, path: str) -> Any:
        connection = http.client.HTTPConnection("localhost", self.run_of.site.port, timeout=60)
        try:
            headers = {"Authorization": f"Bearer {self.run_of.sender.secret}"}
            connection.request(method, f"/api/v1/{path}", headers=headers)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status >= 400:
                raise ValueError(f"{method} {path}: {answer.status} {content[:200]!r}")
            return json.loads(content) if "json" in answer.headers.get("Content-Type", "") else {}
        finally:
            connection.close()


def sample(site: Site) -> Sample:
    """By part: memory that is its own, open files, connections; and of all, temporary files."""
    found: Sample = defaultdict(float)
    for part in MARKS:
        leader = site.leader(part)
        for process in [leader, *leader.children(recursive=True)] if leader else []:
            try:
                found[part, "memory"] += process.memory_full_info().uss / 2**20
                found[part, "open files"] += process.num_fds()
                found[part, "connections"] += len(process.net_connections("all"))
            except psutil.Error:  # it ended just now
                continue
    media = Path(site.environment["MEDIA_ROOT"])
    kept = (path for folder in (media / "incoming", media / "live", site.temporary) for path in folder.rglob("*"))
    found["all", "temporary files"] = sum(1 for path in kept if not path.is_dir())
    return dict(found)


def rows_of_tables() -> dict[str, int]:
    from django.apps import apps

    return {model._meta.label: model._default_manager.count() for model in apps.get_models()}


def soak(site: Site, run: Run, minutes: float, report: Callable[[str], None]) -> bool:
    over = threading.Event()
    visitors = [Visitor(run, f"soak-{number}", over) for number in range(UPLOADERS)]
    before, began = rows_of_tables(), time.monotonic()
    for visitor in visitors:
        visitor.start()
    samples: list[tuple[float, Sample]] = []
    while (now := time.monotonic()) < began + minutes * 60:
        samples.append((now - began, sample(site)))
        time.sleep(max(0.0, EVERY - (time.monotonic() - now)))
    over.set()
    for visitor in visitors:
        visitor.join(120)
    third = minutes * 20
    good = _table(samples, third, report)
    finished = [at - began for visitor in visitors for at in visitor.finished]
    second, last = (sum(third * part <= at < third * (part + 1) for at in finished) for part in (1, 2))
    failures = [failure for visitor in visitors for failure in visitor.failures]
    report("")
    report(f"{len(finished)} photos uploaded, analysed, read, reported and deleted; {len(failures)} requests failed.")
    report(f"Second third: {second * 60 / third:.1f} photos a minute; last third: {last * 60 / third:.1f}.")
    for failure in failures[:5]:
        report(f"- {failure}")
    grown = {name: count - before[name] for name, count in rows_of_tables().items() if count > before[name]}
    each = ", ".join(f"{name.partition('.')[2]} {count / max(1, len(finished)):.1f}" for name, count in grown.items())
    report(f"Rows added for each photo: {each}.")
    return good and not failures and last >= SLOWER * second


def _table(samples: list[tuple[float, Sample]], third: float, report: Callable[[str], None]) -> bool:
    report("| part | what | start | second third | last third | growth | allowed |  |")
    report("|---|---|---|---|---|---|---|---|")
    good = True
    for part, what in sorted({name for _at, found in samples for name in found}):
        values = [(at, found.get((part, what), 0.0)) for at, found in samples]
        early, late = (
            statistics.median([value for at, value in values if third * number <= at < third * (number + 1)] or [0.0])
            for number in (1, 2)
        )
        allowed = ALLOWED[what](early)
        is_good = late - early <= allowed
        good = good and is_good
        unit = " MB" if what == "memory" else ""
        cells = [f"{number:.0f}{unit}" for number in (values[0][1], early, late, late - early, allowed)]
        report(f"| {part} | {what} | {' | '.join(cells)} | {'✓' if is_good else 'grows'} |")
    return good


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.soak", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--on", choices=DATABASES, default="postgresql", help="database")
    parser.add_argument("--table", type=Path, metavar="PAGE", help="write what is printed into this page")
    options = parser.parse_args()
    lines: list[str] = []

    def report(line: str) -> None:
        print(line, flush=True)
        lines.append(line)

    with started(options.on, small=False) as (site, _postgresql):
        report(f"`make soak`, {options.minutes:g} minutes on {options.on}, {dt.date.today()}:\n")
        good = soak(site, Run(site, 0), options.minutes, report)
    report("\nNothing grew more than is allowed." if good else "\nThis is not as it should be.")
    if options.table:
        pages.write(options.table, "soak", "\n".join(lines))
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
