"""The state of the installation, for those who run it: a block of the front page."""

import contextlib
import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from accounts.models import Erasure, User
from scans.models import Scan, Status
from scans.storage import disk

from . import health

KEPT = 15  # seconds: asking every part takes longer than a page may
NAMES: Final[dict[str, Promise]] = {
    "database": _("Database"),
    "cache": _("Cache"),
    "broker": _("Message broker"),
    "analysis_worker": _("Analysis worker"),
    "post_worker": _("Mail worker"),
    "webhooks_worker": _("Webhook worker"),
    "disk": _("Disk"),
    "bundles": _("Models"),
    "queue": _("Queue"),
}
STATES: Final[dict[str, Promise]] = {
    health.OK: _("Working"),
    health.DEGRADED: _("Limited"),
    health.DOWN: _("Down"),
}


@dataclass(frozen=True, slots=True)
class Part:
    name: Any
    code: str
    state: Any


def overview() -> dict[str, Any]:
    states = part_states()
    now = timezone.now()
    return {
        "parts": [Part(NAMES[name], code, STATES[code]) for name, code in states.items()],
        "is_well": set(states.values()) == {health.OK},
        "waiting": Scan.objects.waiting().count(),
        "analysing": Scan.objects.filter(status=Status.ANALYSING).count(),
        "disk_free": disk.free(),
        "people": User.objects.filter(is_active=True).count(),
        "seen_today": UserSession.objects.filter(last_seen_at__gte=now - dt.timedelta(days=1))
        .values("user")
        .distinct()
        .count(),
        "erasures": Erasure.objects.filter(withdrawn_at=None, done_at=None).count(),
    }


def part_states() -> dict[str, str]:
    """The states as in /readyz, at most some seconds old."""
    states: dict[str, str] | None = None
    with contextlib.suppress(RedisError, OSError):
        states = cache.get("overview")
    if states is None:
        states = {name: health.state_of(part) for name, part in health.PARTS.items()}
        with contextlib.suppress(RedisError, OSError):
            cache.set("overview", states, KEPT)
    return states
