"""What a backup's folder holds, and how a database is counted and its files are named."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import models

FORMAT = 1
DESCRIPTION = "backup.json"  # written last, by a rename: it names the files of the state that is complete
PIECE = 1 << 20


class Failed(Exception):
    """The backup or the restore can't be made, or is not equal; the text says why."""


@dataclass(slots=True)
class State:
    made_at: str
    software: str
    vendor: str
    database: str
    database_sha256: str
    manifest: str
    manifest_sha256: str
    rows: dict[str, int]  # by table
    chain: dict[str, Any]  # position and hash of the last sealed event
    files: int
    bytes: int
    missing: list[str] = field(default_factory=list)  # deleted between the copy of the database and that of the files
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        draft = folder / f"{DESCRIPTION}.new"
        draft.write_text(json.dumps(asdict(self), indent=1, sort_keys=True))
        draft.replace(folder / DESCRIPTION)

    @classmethod
    def read(cls, folder: Path) -> "State":
        try:
            values = json.loads((folder / DESCRIPTION).read_text())
            if values.get("format") != FORMAT:
                raise Failed(f"{folder / DESCRIPTION} has a format that this version can't read.")
            return cls(**values)
        except FileNotFoundError as error:
            raise Failed(f"{folder} holds no complete backup: {DESCRIPTION} is missing.") from error
        except (ValueError, TypeError) as error:
            raise Failed(f"{folder / DESCRIPTION} can't be read: {error}") from error


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_manifest(path: Path) -> dict[str, str]:
    """Name → SHA-256, as `sha256sum -c` reads it in the folder media/."""
    lines = path.read_text().splitlines() if path.is_file() else []
    return {name: digest for digest, _space, name in (line.partition("  ") for line in lines)}


def write_manifest(path: Path, digests: dict[str, str]) -> None:
    path.write_text("".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())))


def count_rows(cursor: Any) -> dict[str, int]:
    return {table: _one(cursor, f'SELECT COUNT(*) FROM "{table}"') for table in sorted(_tables())}  # noqa: S608


def chain_head(cursor: Any) -> dict[str, Any]:
    cursor.execute("SELECT position, hash FROM scans_chainhead")
    row = cursor.fetchone()
    return {"position": row[0], "hash": row[1]} if row else {"position": 0, "hash": ""}


def file_names(cursor: Any) -> Iterator[str]:
    """Of all files in the storage that rows of this database name."""
    for model in apps.get_models():
        for column in model._meta.concrete_fields:
            if isinstance(column, models.FileField):
                table, name = model._meta.db_table, column.column
                cursor.execute(f'SELECT DISTINCT "{name}" FROM "{table}" WHERE "{name}" <> \'\'')  # noqa: S608
                yield from (row[0] for row in cursor.fetchall())


def _tables() -> set[str]:
    return {model._meta.db_table for model in apps.get_models(include_auto_created=True) if model._meta.managed}


def _one(cursor: Any, sql: str) -> int:
    cursor.execute(sql)
    return int(cursor.fetchone()[0])
