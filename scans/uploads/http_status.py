"""The HTTP status of a file that may not enter, on the pages as in the API."""

import structlog

from .intake import Refused

log = structlog.get_logger(__name__)

STATUS_OF = {
    "full": 409, "in_progress": 409, "too_many_bytes": 413, "quota": 413, "unknown_format": 415, "url_busy": 503,
    "scanner_away": 503,
    "no_space": 507,
}  # fmt: skip


def http_status(refusal: Refused) -> int:
    """Logs the refusal, as many of them from one person may be attempts to get something past the checks."""
    log.warning("upload refused", code=refusal.code)
    return STATUS_OF.get(refusal.code, 422)
