"""Rate limits of the API, counted as for the site and sent with every response."""

from typing import Any

import structlog
from django.conf import settings
from django.utils.translation import gettext_lazy
from django_ratelimit.core import get_usage
from redis.exceptions import RedisError
from rest_framework.exceptions import APIException, Throttled
from rest_framework.request import Request

from accounts.models import ApiKey
from accounts.throttle import rate_for, split, visitor_of

log = structlog.get_logger(__name__)

KINDS = ("read", "upload", "review", "export", "webhook_test")


class Uncounted(APIException):
    """As on the site: who only reads goes on, what must be counted waits until it can be."""

    status_code, wait = 503, 30
    default_detail = gettext_lazy("Requests can't be counted at the moment. Try again soon.")


def hold(request: Request, kind: str) -> None:
    """Count this request by key, else by person, else by address. Raises Throttled above the limit."""
    try:
        usage = _usage(request, kind, increment=True)
    except (RedisError, OSError) as error:
        log.error("limits can't be counted", kind=kind, refused=kind != "read", error=repr(error))
        if kind != "read":
            raise Uncounted from error
        return
    if not usage:
        return
    vars(request)["limit_headers"] = _headers(request, kind, usage)
    if usage["should_limit"]:
        raise Throttled(wait=max(1, usage["time_left"]))


def headers(request: Request) -> dict[str, str]:
    """The headers for every response. Requests refused before they were counted show the limit for reading."""
    stored: dict[str, str] | None = vars(request).get("limit_headers")
    if stored is not None:
        return stored
    try:
        usage = _usage(request, "read", increment=False)
    except (RedisError, OSError):
        usage = None
    return _headers(request, "read", usage) if usage else {}


def _headers(request: Request, kind: str, usage: Any) -> dict[str, str]:
    left, wait = max(0, usage["limit"] - usage["count"]), max(1, usage["time_left"])
    return {
        "RateLimit-Policy": f'"{kind}";q={usage["limit"]};w={split(_rate(request, kind))[1]}',
        "RateLimit": f'"{kind}";r={left};t={wait}',
        "X-RateLimit-Limit": str(usage["limit"]),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Reset": str(wait),
    }


def standing(request: Request) -> list[dict[str, Any]]:
    """The state of each limit; empty while they can't be counted."""
    rows = []
    for kind in KINDS:
        try:
            usage = _usage(request, kind, increment=False)
        except (RedisError, OSError):
            continue
        if usage:
            rows.append(
                {
                    "kind": kind,
                    "limit": usage["limit"],
                    "seconds": split(_rate(request, kind))[1],
                    "used": min(usage["count"], usage["limit"]),
                    "reset_seconds": max(0, usage["time_left"]),
                }
            )
    return rows


def _usage(request: Request, kind: str, *, increment: bool) -> Any:
    key = getattr(request, "_auth", None)  # without another authentication where it failed
    who = f"key:{key.pk}" if isinstance(key, ApiKey) else visitor_of(request._request)
    return get_usage(
        request._request, group=f"api:{kind}", key=lambda *_ignored: who, rate=_rate(request, kind), increment=increment
    )


def _rate(request: Request, kind: str) -> str:
    """The limit set for this key in the admin, else the limit for its owner's roles."""
    key = getattr(request, "_auth", None)
    own = getattr(key, f"{kind}_limit", "") if isinstance(key, ApiKey) else ""
    return own or rate_for(request._request.user, settings.LIMITS[kind]["visitor"])
