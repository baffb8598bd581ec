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
from accounts.throttle import rate_for, split, visitor_of

log = structlog.get_logger(__name__)

KINDS = ("read", "upload", "review", "webhook_test")


class Uncounted(APIException):
    """As on the site: who only reads goes on, what must be counted waits until it can be."""

    status_code, wait = 503, 30
    default_detail = gettext_lazy("Requests can't be counted at the moment. Try again soon.")


def hold(request: Request, kind: str) -> None:
    """Count this one; Throttled if it is one too many. By key, else by person, else by address."""
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
    """For every answer; of what was refused before it was counted, where reading stands."""
    told: dict[str, str] | None = vars(request).get("limit_headers")
    if told is not None:
        return told
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
    """Where each limit stands; none of them while they can't be counted."""
    found = []
    for kind in KINDS:
        try:
            usage = _usage(request, kind, increment=False)
        except (RedisError, OSError):
            continue
        if usage:
            found.append(
                {
                    "kind": kind,
                    "limit": usage["limit"],
                    "seconds": split(_rate(request, kind))[1],
                    "used": min(usage["count"], usage["limit"]),
                    "reset_seconds": max(0, usage["time_left"]),
                }
            )
    return found


def _usage(request: Request, kind: str, *, increment: bool) -> Any:
    key = getattr(request, "_auth", None)  # not asked for anew where it was refused
    who = f"key:{key.pk}" if isinstance(key, ApiKey) else visitor_of(request._request)
    return get_usage(
        request._request, group=f"api:{kind}", key=lambda *_asked: who, rate=_rate(request, kind), increment=increment
    )


def _rate(request: Request, kind: str) -> str:
    """What was set for this key in the admin, else what holds for its person's roles."""
    key = getattr(request, "_auth", None)
    own = getattr(key, f"{kind}_limit", "") if isinstance(key, ApiKey) else ""
    return own or rate_for(request._request.user, settings.LIMITS[kind]["visitor"])
