"""Celery's doors into this room; mail has its own in mail.py."""

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore

from . import personal


@shared_task(queue="post")
def forget_sessions() -> None:
    """Drop the rows of sessions that have run out."""
    SessionStore.clear_expired()


@shared_task(queue="post")
def erase_due() -> None:
    personal.erase_due()
