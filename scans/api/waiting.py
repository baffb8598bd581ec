"""`?wait=`: hold a request until its scan is done."""

import threading
import time

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.request import Request

from ..models import Scan
from .errors import Refusal

LONGEST = 30.0  # seconds
_parked = threading.BoundedSemaphore(settings.API_WAITERS)


def wait_for_result(scan: Scan, request: Request) -> Scan:
    """Wait until the scan is done or the time is up. Returns at once if too many requests wait already."""
    seconds = _seconds(request)
    if not scan.is_moving or not seconds or not _parked.acquire(blocking=False):
        return scan
    try:
        deadline = time.monotonic() + seconds
        while scan.is_moving and time.monotonic() < deadline:
            time.sleep(0.1)
            scan.refresh_from_db(fields=["status"])
        scan.refresh_from_db()
    finally:
        _parked.release()
    return scan


def _seconds(request: Request) -> float:
    try:
        seconds = float(request.query_params.get("wait", "0"))
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST:  # also refuses NaN
        raise Refusal(
            422,
            "validation_error",
            _("Some parameters are invalid."),
            {"wait": _("Use a number of seconds from 0 to 30.")},
        )
    return seconds
