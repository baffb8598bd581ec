"""Mail leaves through the small worker, so that no page waits for a mail server."""

import zoneinfo
from smtplib import SMTPException

import structlog
from celery import shared_task
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from kombu.exceptions import OperationalError

from .models import User

log = structlog.get_logger(__name__)


# A mail server that is away for some hours loses nobody's mail.
@shared_task(
    queue="post", autoretry_for=(OSError, SMTPException), retry_backoff=5, retry_backoff_max=3600, max_retries=12
)
def deliver(subject: str, body: str, to: list[str]) -> None:
    EmailMessage(subject, body, None, to).send()


def send(subject: str, body: str, *, to: list[str]) -> None:
    """Queue a mail once the transaction stands; without a queue, send it here and now."""

    def queue() -> None:
        try:
            deliver.delay(subject, body, to)
        except OperationalError as error:
            log.error("queue is away, mail is sent directly", error=repr(error))
            EmailMessage(subject, body, None, to).send()

    transaction.on_commit(queue)


def send_template(user: User, template: str, **context: object) -> None:
    """Send `template` (first line: subject) in their language (else in the page's) and time zone."""
    language = user.language or translation.get_language() or settings.LANGUAGE_CODE
    with translation.override(language), timezone.override(zoneinfo.ZoneInfo(user.time_zone)):
        site = {"site_name": settings.SITE_NAME, "site_url": settings.SITE_URL}
        text = render_to_string(f"mail/{template}.txt", {"user": user, **site, **context})
    subject, _newline, body = text.strip().partition("\n")
    send(subject.strip(), body.strip() + "\n", to=[user.email])
