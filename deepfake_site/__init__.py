"""Wires the platform together; nothing else imports it."""

from .celery import app as celery_app

__all__ = ["celery_app"]
