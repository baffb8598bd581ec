"""Analysing a scan with the detector: for the first time, again, or again with a panel that is whole once more."""

import time
from collections.abc import Callable
from pathlib import Path

import structlog
from django.conf import settings
from django.db import OperationalError
from django.db.models import F
from django.utils import timezone

import detection

from ..models import Assessment, Scan, Status, WrongState
from ..storage import disk
from . import outages
from .decoding import decoder_sandbox
from .files import local_file
from .heartbeat import heartbeat, in_work
from .panels import panel
from .recording import add_assessment, is_partial, record

log = structlog.get_logger(__name__)

PROGRESS_INTERVAL = 1.0  # seconds


class Cancelled(Exception):
    """The scan was taken away while it was being analysed."""


def analyse(scan: Scan) -> None:
    """Analyse a queued scan. Raises WrongState if another worker has it; stops quietly if it was cancelled."""
    if scan.sandbox:
        raise WrongState("No model looks at what is in the sandbox.")
    if not disk.has_room():
        log.error("the disk is full, the scan stays in the queue", scan=str(scan.pk))
        return
    bundles = panel()  # before anything is begun: while it can't be read, the scan stays in the queue
    scan.move(Status.ANALYSING)
    try:
        with heartbeat(scan), local_file(scan) as path:
            finding = detection.inspect(
                path,
                bundles=bundles,
                limits=limits(),
                progress=_progress_recorder(scan),
                check_stability=None,
                sandbox=decoder_sandbox(),
            )
    except detection.DetectionError as refusal:
        log.info("file refused", scan=str(scan.pk), code=refusal.code, detail=refusal.detail)
        fail(scan, refusal.code, str(refusal))
    except Cancelled:
        log.info("analysis cancelled", scan=str(scan.pk))
    else:
        try:
            outages.wait_out(lambda: record(scan, finding))
        except WrongState:
            log.info("analysis came too late", scan=str(scan.pk))
        except (OSError, OperationalError) as error:
            if not disk.is_full(error):
                raise
            log.error("the disk is full, the scan goes back into the queue", scan=str(scan.pk), error=repr(error))
            outages.wait_out(lambda: scan.move(Status.QUEUED, attempts=F("attempts") - 1))


def fail(scan: Scan, code: str, message: str) -> None:
    scan.move(Status.FAILED, refusal=code, failure_message=message[:300], event={"code": code})


def _progress_recorder(scan: Scan) -> Callable[[float], None]:
    """A callback that stores the progress at most once a second, and raises Cancelled for a scan taken away."""
    last = time.monotonic()

    def progress(share: float) -> None:
        nonlocal last
        if time.monotonic() - last < PROGRESS_INTERVAL and share < 1.0:
            return
        last = time.monotonic()
        changes = {"progress": min(share, 0.99), "heartbeat_at": timezone.now()}
        if not outages.wait_out(lambda: in_work(scan).update(**changes)):
            raise Cancelled

    return progress


def complete(scan: Scan) -> Assessment | None:
    """Judge again what was judged by a panel that was not whole; None if it still isn't."""
    standing = scan.assessment
    if standing is None or not standing.partial:
        raise WrongState("This scan was judged by a whole panel.")
    with local_file(scan) as path:
        finding = _inspect_again(path)
    return None if is_partial(finding) else add_assessment(scan, finding, instead_of=standing)


def reassess(scan: Scan) -> Assessment:
    """Another look at an analysed file: the earlier assessments stay, this one stands now."""
    with local_file(scan) as path:
        finding = _inspect_again(path)
    return add_assessment(scan, finding)


def _inspect_again(path: Path) -> detection.Finding:
    return detection.inspect(path, bundles=panel(), limits=limits(), check_stability=None, sandbox=decoder_sandbox())


def limits() -> detection.Limits:
    return detection.Limits(bytes=settings.MAX_UPLOAD_MB * 2**20, wall_seconds=float(settings.ANALYSIS_SECONDS))
