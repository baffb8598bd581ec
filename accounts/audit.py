"""A signal for what happens to accounts and keys. `scans` listens and stores the audit record."""

from typing import Any

from django.dispatch import Signal

happened = Signal()


def record(kind: str, actor: Any = None, **content: Any) -> None:
    """Send the event to the audit record. Call it inside the transaction of the change."""
    happened.send(sender=None, kind=kind, actor=actor, content=content)
