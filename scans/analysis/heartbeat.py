"""Whether a worker is alive, as its scan's row says; and scans taken back from workers that are not."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from django.conf import settings
from django.db import connection
from django.utils import timezone

from ..models import Scan, Status, WrongState
from . import outages

log = structlog.get_logger(__name__)

TRIES = 3  # workers that one file may cost


@contextmanager
def heartbeat(scan: Scan) -> Iterator[None]:
    """Write into the row that its worker is alive. From a thread, because single steps of an analysis take long."""
    finished = threading.Event()
    pause = max(0.05, settings.SILENCE_SECONDS / 5)

    def beat() -> None:
        try:
            while not finished.wait(pause):
                try:
                    in_work(scan).update(heartbeat_at=timezone.now())
                except outages.AWAY as error:
                    log.warning("heartbeat not written", scan=str(scan.pk), error=repr(error))
                    connection.close()
        finally:
            connection.close()

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join(5)


def in_work(scan: Scan) -> Any:
    """This very attempt, if nobody has taken the scan away from it."""
    return Scan.objects.filter(pk=scan.pk, status=Status.ANALYSING, attempts=scan.attempts)


def take_back_silent() -> list[Scan]:
    """Scans whose worker fell silent: back into the queue, or given up when they have cost too many."""
    back = []
    for scan in Scan.objects.silent_for(settings.SILENCE_SECONDS):
        try:
            if scan.attempts >= TRIES:
                message = f"Analysing this file broke off {scan.attempts} times, so it was given up."
                scan.move(Status.FAILED, refusal="gave_up", failure_message=message, event={"code": "gave_up"})
            else:
                # It keeps its place in the queue: it has waited once.
                scan.move(Status.QUEUED, event={"attempts": scan.attempts}, queued_at=scan.queued_at)
                back.append(scan)
        except WrongState:
            continue  # it came back to life, or another rescuer was faster
    return back
