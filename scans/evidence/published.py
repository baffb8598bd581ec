"""What the site publishes about itself, as JSON: the same rows and the same models give the same bytes."""

import contextlib
import datetime as dt
import json
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from redis.exceptions import RedisError

from .. import analysis
from ..insight import capabilities, transparency

KEPT = 3600  # seconds: counting reads many rows, and anybody may ask
QUARTERS = 4  # whose comparison of models and people the capability statement shows


def transparency_report(first: dt.date, last: dt.date) -> str:
    """From the first day to the last, both included."""
    made = transparency.report(
        first,
        last,
        smallest=settings.TRANSPARENCY_MIN_COUNT,
        panel=analysis.panel().id,
        measured=analysis.measured()["figures"],
    )
    return _as_json(made)


def capability_statement() -> str:
    decided = {}
    shown = quarters()[:QUARTERS] if settings.TRANSPARENCY_PUBLIC else []
    for quarter in shown:
        report = json.loads(report_of(quarter))
        decided[quarter] = report["automated_means"]["compared_with_people"]
    made = capabilities.statement(
        panel=analysis.panel().id,
        media=analysis.media(),
        cards=analysis.cards(),
        measured=analysis.measured()["figures"],
        decided=decided,
    )
    return _as_json(made)


def quarters() -> list[str]:
    return transparency.closed_quarters(timezone.now().astimezone(dt.UTC).date())


def report_of(quarter: str) -> str:
    """The report of one of `quarters`, an hour old at most."""
    first, last = transparency.days_of(quarter)
    key = f"transparency:{quarter}:{settings.TRANSPARENCY_MIN_COUNT}:{analysis.panel().id}"
    return _kept(key, lambda: transparency_report(first, last))


def _kept(key: str, make: Callable[[], str]) -> str:
    """From the cache, or made now and put there; without a cache, made now."""
    text: str | None = None
    with contextlib.suppress(RedisError, OSError):
        text = cache.get(key)
    if text is None:
        text = make()
        with contextlib.suppress(RedisError, OSError):
            cache.set(key, text, KEPT)
    return text


def _as_json(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
