"""Backups: the database as it was at one instant, the files that it names, and a check that a restore is equal."""

from .copying import back_up
from .restoring import restore
from .state import Failed

__all__ = ["Failed", "back_up", "restore"]
