"""What the platform adds to the detector: on the way of one photo, and with many at once. Needs the site's workers."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from celery import current_app
from django.conf import settings
from django.core.files.base import ContentFile

from accounts.models import User

from ..models import Batch, Queue, Scan, Status
from ..retention import deletion
from ..uploads import intake
from . import alone

START_WITHIN = 180.0  # seconds until workers have loaded their models, on a machine that is busy
ADDRESS = "bench@localhost"


class NoAnswer(Exception):
    """No worker took the photos, or they can't be judged."""


def measure(photo: Path, *, single: int, many: int) -> dict[str, float]:
    """One by one, then at once, then the detector alone in as many processes as the workers have."""
    processes = worker_processes()
    if not processes:
        raise NoAnswer("No worker answers. Is the site running with the same settings?")
    figures = _Bench(photo.read_bytes()).run(single, many)
    bare = alone.photos_a_second(photo, Path(settings.BUNDLES_DIR), many, processes)
    return figures | {
        "processes": processes,
        "inspect_alone_a_second": round(bare, 1),
        "share_of_inspect_alone": round(figures["photos_a_second"] / bare, 2),
    }


def throughput(photo: Path, many: int, warm_up: int) -> float:
    """Photos a second, after so many others with which the workers have loaded their models."""
    return _Bench(photo.read_bytes()).at_once(warm_up, many)


def cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def worker_processes() -> int:
    """Of all workers that take photos."""
    inspector = current_app.control.inspect(timeout=2.0)
    queues, stats = inspector.active_queues() or {}, inspector.stats() or {}
    return sum(
        stats[name]["pool"]["max-concurrency"]
        for name, taken in queues.items()
        if name in stats and Queue.BATCH in {queue["name"] for queue in taken}
    )


class _Bench:
    def __init__(self, photo: bytes) -> None:
        self.photo, self.sent = photo, 0
        self.person, _made = User.objects.get_or_create(email=ADDRESS, defaults={"is_active": False})

    def run(self, single: int, many: int) -> dict[str, float]:
        with self._deleted_afterwards():
            return self._one_by_one(single) | self._at_once(many)

    def at_once(self, *counts: int) -> float:
        """One lot after the other; how fast the last one was."""
        with self._deleted_afterwards():
            return [self._at_once(count)["photos_a_second"] for count in counts][-1]

    @contextlib.contextmanager
    def _deleted_afterwards(self) -> Iterator[None]:
        try:
            yield
        finally:
            for scan in Scan.objects.filter(owner=self.person, status__in=(Status.ANALYSED, Status.FAILED)):
                deletion.delete(scan, self.person)

    def _one_by_one(self, count: int) -> dict[str, float]:
        self._wait([self._send(Queue.LIVE)])  # the models are loaded
        over = []
        for _photo in range(count):
            scan = self._wait([self._send(Queue.LIVE)])[0]
            took = (scan.finished_at - scan.created_at).total_seconds() * 1000  # type: ignore[operator]
            over.append(took - scan.assessment.inspection["milliseconds"])
        return {"overhead_ms_median": round(median(over), 1), "overhead_ms_worst": round(max(over), 1)}

    def _at_once(self, count: int) -> dict[str, float]:
        batch = Batch.objects.create(owner=self.person)
        done = self._wait([self._send(Queue.BATCH, batch if n < intake.IN_A_BATCH else None) for n in range(count)])
        begins, ends = zip(*((scan.started_at, scan.finished_at) for scan in done), strict=True)
        return {"photos_a_second": round(count / (max(ends) - min(begins)).total_seconds(), 2)}

    def _send(self, queue: Queue, batch: Batch | None = None) -> Scan:
        self.sent += 1
        unlike = self.photo + f"{time.time_ns()}-{self.sent}".encode()  # bytes behind the picture: another file
        return intake.submit(self.person, ContentFile(unlike, name="bench.jpg"), queue=queue, batch=batch)

    def _wait(self, scans: list[Scan]) -> list[Scan]:
        deadline = time.monotonic() + START_WITHIN + len(scans) * 5
        ids = [scan.pk for scan in scans]
        ended = Scan.objects.filter(pk__in=ids, status__in=(Status.ANALYSED, Status.FAILED))
        while ended.count() < len(scans) and time.monotonic() < deadline:
            time.sleep(0.02 if len(scans) == 1 else 0.2)  # to ask costs time that the workers want
        done = list(ended)
        if len(done) == len(scans):
            if any(scan.status == Status.FAILED for scan in done):
                raise NoAnswer(f"The photo can't be judged: {done[0].failure_message}")
            return done
        raise NoAnswer("No worker took the photos. Is the site running with the same settings?")
