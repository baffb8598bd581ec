"""Telling programs what has changed, at addresses of their own: after the Standard Webhooks specification."""

from .outbox import announce, ping, redeliver, rotate
from .sending import send_due

__all__ = ["announce", "ping", "redeliver", "rotate", "send_due"]
