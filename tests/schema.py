"""The empty SQLite database that tests begin with: migrated once for each state of the migrations, then copied.

The copy stands in for the migrations alone. `migrate` runs on it all the same, finds nothing left to do, and fills
groups and permissions from the code as it is now.
"""

import shutil
import sqlite3
from pathlib import Path

from django.db import connection

from . import prepared

# What the result of a migration can come from: the migrations, and the models and settings that they import.
SOURCES = ("*/migrations/*.py", "*/models.py", "*/models/*.py", "deepfake_site/settings/*.py")


def copy_to_test_database() -> bool:
    """Whether there was one to copy."""
    kept = prepared.place("schema", *SOURCES)
    if connection.vendor != "sqlite" or not kept.exists():
        return False
    shutil.copyfile(kept, connection.creation._get_test_db_name())
    return True


def keep_test_database() -> None:
    if connection.vendor == "sqlite":
        prepared.prepare(prepared.place("schema", *SOURCES), _back_up)


def _back_up(path: Path) -> None:
    connection.ensure_connection()
    with sqlite3.connect(path) as copy:
        connection.connection.backup(copy)
    copy.close()
