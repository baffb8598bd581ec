"""Events as the database holds them, without the model: what was tampered with must be readable, not crash."""

import datetime as dt
import json
import uuid
from collections.abc import Iterator
from typing import Any

AT_ONCE = 5000
COLUMNS = ("id", "scan_id", "kind", "actor_id", "at", "content")
SEAL = ("position", "previous", "salt", "hash", "sealed_at")
TEXT = {"scan_id", "kind", "at", "content", "previous", "salt", "hash", "sealed_at"}
ALL = (*COLUMNS, *SEAL)


def unsealed(connection: Any, limit: int) -> list[dict[str, Any]]:
    return _read(connection, "position IS NULL ORDER BY id LIMIT %s", [limit])


def sealed(connection: Any, where: str = "", values: tuple[Any, ...] = ()) -> Iterator[dict[str, Any]]:
    """In the order of the chain, in pieces."""
    condition = f" AND {where}" if where else ""
    last: tuple[Any, Any] = (-(2**62), 0)
    while True:
        rows = _read(
            connection,
            f"position IS NOT NULL AND (position, id) > (%s, %s){condition} ORDER BY position, id LIMIT %s",
            [*last, *values, AT_ONCE],
        )
        yield from rows
        if len(rows) < AT_ONCE:
            return
        last = (rows[-1]["position"], rows[-1]["id"])


def _read(connection: Any, condition: str, values: list[Any]) -> list[dict[str, Any]]:
    plain = connection.vendor != "sqlite"
    # SQLite gives bytes that are no text only as bytes.
    chosen = ", ".join(f'"{name}"' if plain or name not in TEXT else f'CAST("{name}" AS BLOB)' for name in ALL)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {chosen} FROM scans_event WHERE {condition}", values)  # noqa: S608 (our own words)
        records = cursor.fetchall()
    return [_row(columns) for columns in records]


def _row(columns: Any) -> dict[str, Any]:
    pk, scan, kind, actor, at, content, position, previous, salt, row_hash, sealed_at = columns
    return {
        "id": pk,
        "scan": _uuid(scan),
        "kind": _text(kind),
        "actor": actor,
        "at": _time(at),
        "content": _json(content),
        "position": position,
        "previous": _text(previous),
        "salt": _text(salt) or "",
        "hash": _text(row_hash),
        "sealed_at": _time(sealed_at),
    }


def _text(value: Any) -> Any:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value


def _uuid(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, uuid.UUID):
        return str(value)
    text = str(_text(value))
    try:
        parsed = uuid.UUID(text)
    except ValueError:
        return text
    return str(parsed) if parsed.hex == text else text  # one spelling only


def time_text(at: dt.datetime) -> str:
    """UTC, to the microsecond, on either database."""
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds")


def _time(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, dt.datetime):
        return time_text(value)
    text = str(_text(value))
    try:
        parsed = dt.datetime.fromisoformat(text)
    except ValueError:
        return text
    written = parsed.replace(tzinfo=None).isoformat(" ", "microseconds" if parsed.microsecond else "auto")
    return time_text(parsed.replace(tzinfo=dt.UTC)) if written == text else text


def _json(value: Any) -> Any:
    text = _text(value)
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
