"""Events as the database holds them, without the model: what was tampered with must be readable, not crash."""

import datetime as dt
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

AT_ONCE = 5000
COLUMNS = ("id", "scan_id", "kind", "actor_id", "at", "content")
SEAL = ("position", "previous", "salt", "hash", "sealed_at")
TEXT = {"scan_id", "kind", "at", "content", "previous", "salt", "hash", "sealed_at"}
ALL = (*COLUMNS, *SEAL)
# Read as text and not parsed: a chain has millions of rows.
UUID = re.compile("[0-9a-f]{32}").fullmatch
TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{6})?").fullmatch


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
    text = str(_text(value))  # as SQLite stores it; another spelling stays as it is, and so changes the hash
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}" if UUID(text) else text


def time_text(at: dt.datetime) -> str:
    """UTC, to the microsecond, on either database."""
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds")


def _time(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, dt.datetime):
        return time_text(value)
    text = str(_text(value))
    stored = TIME(text)
    if stored is None or stored[3] == ".000000":  # SQLite's spelling has no empty fraction
        return text
    return f"{stored[1]}T{stored[2]}{stored[3] or '.000000'}+00:00"


def _json(value: Any) -> Any:
    text = _text(value)
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
