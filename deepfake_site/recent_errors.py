"""The last errors of all processes, for the page on the site's health. They are kept in Redis, for some days."""

import datetime as dt
import json
import logging
import time
from itertools import groupby
from typing import Any, Final

from django_redis import get_redis_connection
from redis.exceptions import RedisError

KEY: Final = "recent-errors"
KEPT: Final = 30
DAYS: Final = 7
PAUSE: Final = 30  # seconds without a try, after Redis was away
LONGEST: Final = 300
UNAVAILABLE: Final = 503  # what a probe is told while a part is down; which one stands in a line of its own


class Handler(logging.Handler):
    """Never an obstacle: where Redis is away, the log has the error all the same."""

    away_until = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        if time.monotonic() < self.away_until or getattr(record, "status_code", None) == UNAVAILABLE:
            return
        message, details = _read(record)
        entry = {"at": record.created, "logger": record.name, "message": message, "details": details}
        try:
            with get_redis_connection("default").pipeline() as pipe:
                pipe.lpush(KEY, json.dumps(entry))
                pipe.ltrim(KEY, 0, KEPT - 1)
                pipe.expire(KEY, DAYS * 24 * 3600)
                pipe.execute()
        except (RedisError, OSError):
            self.away_until = time.monotonic() + PAUSE


def _read(record: logging.LogRecord) -> tuple[str, str]:
    """What happened, and what else the line says of it: without a traceback, which stands in the log."""
    if isinstance(record.msg, dict):
        message = str(record.msg.get("event", ""))
        rest = {
            name: record.msg[name] for name in ("error", "part", "scan", "task", "request_id") if name in record.msg
        }
    else:
        message, rest = record.getMessage(), {}
    if record.exc_info and record.exc_info[0]:
        rest["error"] = f"{record.exc_info[0].__name__}: {record.exc_info[1]}"
    return message[:LONGEST], ", ".join(f"{name}: {value}" for name, value in rest.items())[:LONGEST]


def recent() -> list[dict[str, Any]]:
    """The newest first, the same ones in a row once, with how often; none where Redis is away."""
    try:
        lines = get_redis_connection("default").lrange(KEY, 0, KEPT - 1)
    except (RedisError, OSError):
        return []
    entries = [json.loads(line) for line in lines]
    errors = []
    for _same, row in groupby(entries, lambda entry: (entry["message"], entry["details"], entry["logger"])):
        first, *others = row
        at = dt.datetime.fromtimestamp(first["at"], dt.UTC)
        errors.append({**first, "at": at, "times": 1 + len(others)})
    return errors
