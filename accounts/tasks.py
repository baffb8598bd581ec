"""Celery's doors into this room."""

from smtplib import SMTPException

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore
from django.core.mail import EmailMessage


@shared_task(queue="post", autoretry_for=(OSError, SMTPException), retry_backoff=5, retry_backoff_max=3600, max_retries=10)
def send_mail(subject: str, body: str, to: list[str]) -> None:
    EmailMessage(subject, body, None, to).send()


@shared_task(queue="post")
def forget_sessions() -> None:
    """Drop the rows of sessions that have run out."""
    SessionStore.clear_expired()


@shared_task(queue="post")
def erase_due() -> None:
    from . import personal

    personal.erase_due()
