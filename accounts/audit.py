"""What people and programs do with accounts and keys, told to whoever keeps the record: `scans` does."""

from typing import Any

from django.dispatch import Signal

happened = Signal()


def tell(kind: str, actor: Any = None, **content: Any) -> None:
    """Inside the transaction of what happened, so that the record says nothing else."""
    happened.send(sender=None, kind=kind, actor=actor, content=content)
