"""Telling programs what has changed, at addresses of their own: after the Standard Webhooks specification."""

from .outbox import announce, ping, redeliver, remove, rotate
from .sending import send_due, switch_off, switch_on

__all__ = ["announce", "ping", "redeliver", "remove", "rotate", "send_due", "switch_off", "switch_on"]
