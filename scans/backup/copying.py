"""Making a backup while the site runs, and making the next one of what is new only."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone

from ..evidence import sealing
from . import databases, state
from .state import PIECE, State


def back_up(folder: Path) -> tuple[State, int]:
    """The state that the folder holds now, and how many files were copied for it.

    The database is copied first. Files are written once, before their rows, so those that the copy names are all there
    and never change; only a deletion in the meantime can remove one.
    """
    (folder / "media").mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    known = _known(folder)
    sealing.seal()
    stamp = timezone.now().strftime("%Y%m%dT%H%M%S%f")
    database = folder / f"database-{stamp}.{databases.suffix()}"
    with databases.copied_to(database) as cursor:
        rows, head = state.count_rows(cursor), state.chain_head(cursor)
        names = sorted(set(state.file_names(cursor)))
    digests: dict[str, str] = {}
    missing, size, copied = [], 0, 0
    for name in names:
        target = folder / "media" / name
        if name not in known or not target.is_file():
            try:
                known[name] = _copy(name, target)
            except FileNotFoundError:
                missing.append(name)
                continue
            copied += 1
        digests[name] = known[name]
        size += target.stat().st_size
    manifest = folder / f"manifest-{stamp}.txt"
    state.write_manifest(manifest, digests)
    made = State(
        made_at=timezone.now().isoformat(), software=settings.VERSION, vendor=connection.vendor,
        database=database.name, database_sha256=state.sha256_of(database),
        manifest=manifest.name, manifest_sha256=state.sha256_of(manifest),
        rows=rows, chain=head, files=len(digests), bytes=size, missing=missing,
    )  # fmt: skip
    made.write(folder)
    _tidy(folder, made, digests)
    return made, copied


def _known(folder: Path) -> dict[str, str]:
    """What the last complete backup copied. What an interrupted one copied is copied again."""
    if not (folder / state.DESCRIPTION).is_file():
        return {}
    return state.read_manifest(folder / State.read(folder).manifest)


def _copy(name: str, target: Path) -> str:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft, digest = target.with_name(f"{target.name}.part"), hashlib.sha256()
    with default_storage.open(name, "rb") as source, draft.open("wb") as copy:
        while piece := source.read(PIECE):
            digest.update(piece)
            copy.write(piece)
    draft.replace(target)
    return digest.hexdigest()


def _tidy(folder: Path, made: State, digests: dict[str, str]) -> None:
    """What was deleted on the site goes from its backup, too; and so do earlier copies of the database."""
    for path in folder.iterdir():
        if path.name.startswith(("database-", "manifest-")) and path.name not in (made.database, made.manifest):
            path.unlink()
    for path in (folder / "media").rglob("*"):
        if path.is_file() and path.relative_to(folder / "media").as_posix() not in digests:
            path.unlink()
