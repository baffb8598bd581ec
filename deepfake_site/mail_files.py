"""Mail of a site that has no mail server: into files, and the log says where."""

from collections.abc import Sequence
from typing import Any

import structlog
from django.core.mail.backends import filebased

log = structlog.get_logger(__name__)


class EmailBackend(filebased.EmailBackend):
    def send_messages(self, email_messages: Sequence[Any]) -> int:
        count = int(super().send_messages(email_messages) or 0)
        if count:
            log.warning("mail was written to a file, as EMAIL_HOST is not set", file=self._get_filename(), mails=count)  # type: ignore[attr-defined]
        return count
