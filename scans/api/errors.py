"""Answers other than the one asked for, with codes that programs can rely on."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException

from ..uploads import intake
from ..uploads.http_status import http_status


class Refusal(APIException):
    """Status, stable code, sentence, and where in the request it lies."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        pointers: dict[str, str] | None = None,
        *,
        more: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(detail, code)
        self.status_code, self.code, self.pointers, self.more = status, code, pointers or {}, more or {}
        if status == 503:
            self.wait = 5


CODE_OF = {
    "too_many_bytes": "file_too_large", "quota": "quota_exceeded", "unknown_format": "unsupported_media",
    "url_busy": "busy", "scanner_away": "unavailable",
}  # fmt: skip


def refused(refusal: intake.Refused) -> Refusal:
    """What may not enter, in the API's codes."""
    return Refusal(http_status(refusal), CODE_OF.get(refusal.code, refusal.code), str(refusal), {"file": str(refusal)})


class Absent(Refusal):
    """Somebody else's is as absent as what never was."""

    def __init__(self) -> None:
        super().__init__(404, "not_found", _("Not found, or you do not have access to it."))
