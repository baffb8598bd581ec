"""Mail leaves through the small worker, so that no page waits for a mail server."""

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from kombu.exceptions import OperationalError

from . import tasks
from .models import User

log = structlog.get_logger(__name__)


def send(subject: str, body: str, *, to: list[str]) -> None:
    """Queue a mail once the transaction stands; without a queue, send it here and now."""

    def queue() -> None:
        try:
            tasks.send_mail.delay(subject, body, to)
        except OperationalError as error:
            log.error("queue is away, mail is sent directly", error=repr(error))
            EmailMessage(subject, body, None, to).send()

    transaction.on_commit(queue)


def tell(user: User, template: str, **context: object) -> None:
    """Send `template` (first line: subject) to a person in their own language."""
    with translation.override(user.language or settings.LANGUAGE_CODE):
        said = render_to_string(f"mail/{template}.txt", {"user": user, "site_name": settings.SITE_NAME, **context})
    subject, _newline, body = said.strip().partition("\n")
    send(subject.strip(), body.strip() + "\n", to=[user.email])
