"""How often a program may ask, counted as for the site, and told on every answer."""

from typing import Any

import structlog
from django.conf import settings
from django.utils.translation import gettext_lazy
from django_ratelimit.core import get_usage
from redis.exceptions import RedisError
from rest_framework.exceptions import APIException, Throttled
from rest_framework.request import Request

from accounts.models import ApiKey
from accounts.throttle import rate_for

log = structlog.get_logger(__name__)


class Uncounted(APIException):
    """As on the site: who only reads goes on, what must be counted waits until it can be."""

    status_code, wait = 503, 30
    default_detail = gettext_lazy("Limits can't be counted just now. Try again soon.")


def hold(request: Request, kind: str) -> None:
    """Count this one; Throttled if it is one too many. By key, else by person."""
    key = request.auth
    who = f"key:{key.pk}" if isinstance(key, ApiKey) else f"user:{request.user.pk}"
    rate = rate_for(request.user, settings.LIMITS[kind]["visitor"])
    try:
        usage: Any = get_usage(
            request._request, group=f"api:{kind}", key=lambda *_asked: who, rate=rate, increment=True
        )
    except (RedisError, OSError) as error:
        log.error("limits can't be counted", kind=kind, refused=kind != "read", error=repr(error))
        if kind != "read":
            raise Uncounted from error
        return
    if not usage:
        return
    left, wait = max(0, usage["limit"] - usage["count"]), max(1, usage["time_left"])
    vars(request)["limit_headers"] = {
        "RateLimit-Policy": f'"{kind}";q={usage["limit"]};w={_window(rate)}',
        "RateLimit": f'"{kind}";r={left};t={wait}',
        "X-RateLimit-Limit": str(usage["limit"]),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Reset": str(wait),
    }
    if usage["should_limit"]:
        raise Throttled(wait=wait)


def _window(rate: str) -> int:
    _count, _slash, period = rate.partition("/")
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    return int(period[:-1] or 1) * units[period[-1]]
