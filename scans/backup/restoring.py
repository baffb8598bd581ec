"""Putting a backup into an empty installation, and showing that what is there now is equal to what was backed up."""

import hashlib
from pathlib import Path

from django.core.files import File
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection

from ..evidence import chain
from . import databases, state
from .state import PIECE, Failed, State

FOLDERS = ("media", "artifacts", "reports")


def restore(folder: Path) -> State:
    """Failed if the installation is not empty, or the backup is damaged, or what was restored is not equal to it."""
    saved = State.read(folder)
    digests = _check(folder, saved)
    _refuse_unless_empty()
    for name, digest in digests.items():
        with (folder / "media" / name).open("rb") as file:
            stored = default_storage.save(name, File(file, name=name))
        if stored != name or _stored_digest(name) != digest:
            raise Failed(f"{name} was not stored as it is in the backup.")
    databases.put_back(folder / saved.database)
    _compare(saved)
    call_command("migrate", verbosity=0, interactive=False)  # a backup of an earlier version; sets the triggers
    result = chain.verify()
    head = {"position": saved.chain["position"], "hash": saved.chain["hash"]}
    if not result.whole or result.rows != head["position"]:
        raise Failed(f"The audit chain is not whole at position {result.position}: {result.sentence}")
    return saved


def _check(folder: Path, saved: State) -> dict[str, str]:
    """Everything is read once, before anything is written."""
    if saved.vendor != connection.vendor:
        raise Failed(f"This is a backup of {saved.vendor}, and this installation uses {connection.vendor}.")
    for name, digest in ((saved.database, saved.database_sha256), (saved.manifest, saved.manifest_sha256)):
        path = folder / name
        if not path.is_file() or state.sha256_of(path) != digest:
            raise Failed(f"{path} is damaged or missing: its SHA-256 is not the one that was written down.")
    digests = state.read_manifest(folder / saved.manifest)
    for name, digest in digests.items():
        path = folder / "media" / name
        if not path.is_file() or state.sha256_of(path) != digest:
            raise Failed(f"{path} is damaged or missing: its SHA-256 is not the one that was written down.")
    return digests


def _refuse_unless_empty() -> None:
    tables = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for table in ("accounts_user", "scans_scan", "scans_event"):
            if table in tables:
                cursor.execute(f'SELECT 1 FROM "{table}" LIMIT 1')  # noqa: S608
                if cursor.fetchone():
                    raise Failed(f"This installation is not empty: {table} has rows. Restore into a new one.")
    for name in FOLDERS:
        try:
            folders, files = default_storage.listdir(name)
        except FileNotFoundError:
            continue
        if folders or files:
            raise Failed(f"This installation is not empty: there are files in {name}/. Restore into a new one.")


def _stored_digest(name: str) -> str:
    digest = hashlib.sha256()
    with default_storage.open(name, "rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _compare(saved: State) -> None:
    """Before `migrate`, which may add tables, rows and columns."""
    tables = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for table, count in saved.rows.items():
            if table not in tables:
                raise Failed(f"The table {table} was not restored.")
            cursor.execute(f'SELECT COUNT(*) FROM "{table}"')  # noqa: S608
            if (restored := cursor.fetchone()[0]) != count:
                raise Failed(f"{table} has {restored} rows, and the backup was made of {count}.")
        if state.chain_head(cursor) != saved.chain:
            raise Failed("The head of the audit chain is not the one that was backed up.")
