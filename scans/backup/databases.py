"""The database into one file and back: SQLite by its online backup, PostgreSQL by pg_dump and pg_restore."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from .state import Failed

DEBIAN = Path("/usr/lib/postgresql")  # where Debian keeps the programs of each version


def suffix() -> str:
    return "dump" if connection.vendor == "postgresql" else "sqlite3"


@contextmanager
def copied_to(path: Path) -> Iterator[Any]:
    """Copy the database while it is in use; gives a cursor that sees exactly what was copied."""
    connection.ensure_connection()
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SELECT pg_export_snapshot()")
            snapshot = cursor.fetchone()[0]
            _run("pg_dump", f"--snapshot={snapshot}", "--format=custom", "--no-owner", "--no-acl", f"--file={path}")
            yield cursor
        return
    with closing(sqlite3.connect(path)) as copy:
        connection.connection.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        yield copy.cursor()


def put_back(path: Path) -> None:
    if connection.vendor == "postgresql":
        connection.close()
        name = connection.settings_dict["NAME"]
        _run(
            "pg_restore", "--clean", "--if-exists", "--no-owner", "--no-acl", "--single-transaction",
            "--exit-on-error", f"--dbname={name}", str(path),
        )  # fmt: skip
        return
    connection.ensure_connection()
    with closing(sqlite3.connect(path)) as copy:
        copy.backup(connection.connection)
    connection.close()


def _run(program: str, *arguments: str) -> None:
    settings = connection.settings_dict
    options = settings.get("OPTIONS", {})
    values = {
        "PGHOST": settings["HOST"], "PGPORT": settings["PORT"], "PGUSER": settings["USER"],
        "PGPASSWORD": settings["PASSWORD"], "PGDATABASE": settings["NAME"], "PGSSLMODE": options.get("sslmode"),
        "PGSSLROOTCERT": options.get("sslrootcert"),
    }  # fmt: skip
    environment = {**os.environ, **{name: str(value) for name, value in values.items() if value}}
    done = subprocess.run([_find(program), *arguments], env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise Failed(f"{program} failed: {done.stderr.strip()}")


def _find(program: str) -> str:
    """The newest: an older one refuses a newer server."""
    versions = sorted(DEBIAN.glob(f"*/bin/{program}"), key=lambda path: _number(path.parts[-3]))
    path = str(versions[-1]) if versions else shutil.which(program)
    if path is None:
        raise Failed(f"{program} was not found. Install PostgreSQL's client programs (apt install postgresql-client).")
    return path


def _number(version: str) -> float:
    return float(version) if version.replace(".", "", 1).isdigit() else 0.0
