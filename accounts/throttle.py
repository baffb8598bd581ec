"""How often one may try: sign-in, sign-up and reset by account and by address; everything by visitor.

Counted in Redis: what guards accounts in sliding windows, so that no period of that length ever holds more attempts
than the limit; the rest by django-ratelimit, whose windows are cheaper and begin by the clock. Without Redis nobody
gets in (an attacker could otherwise switch the limit off by overloading it), and whoever is in goes on reading.
"""

import hashlib
import ipaddress
import time
import uuid
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django_ratelimit.core import get_usage
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from .roles import roles_of

log = structlog.get_logger(__name__)

SLIDING = frozenset({"sign-in", "sign-up", "reset"})
# Attempts that were let through are kept with their times, and forgotten when the window has left them behind.
ATTEMPT = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1] - ARGV[2])
if redis.call('ZCARD', KEYS[1]) < tonumber(ARGV[3]) then
  redis.call('ZADD', KEYS[1], ARGV[1], ARGV[4])
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return -1
end
return redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2] + ARGV[2] - ARGV[1]
"""
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# A POST to this view counts as an attempt of this kind.
GUARDED = {
    "account_login": "sign-in",
    "mfa_authenticate": "sign-in",
    "mfa_login_webauthn": "sign-in",
    "account_confirm_login_code": "sign-in",
    "account_reauthenticate": "sign-in",
    "mfa_reauthenticate": "sign-in",
    "mfa_reauthenticate_webauthn": "sign-in",
    "account_signup": "sign-up",
    "account_email_verification_sent": "sign-up",
    "account_reset_password": "reset",
    "account_reset_password_from_key": "reset",
    "account_email": "reset",
    **settings.GUARDED,
}


def address_of(request: HttpRequest) -> str:
    """The client's address: as many hops from the right as there are proxies of ours, else the peer's own."""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    proxies = settings.TRUSTED_PROXIES
    address_text = hops[-min(proxies, len(hops))] if proxies and hops else request.META.get("REMOTE_ADDR", "")
    try:
        address = ipaddress.ip_address(address_text)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))  # one customer is given a /64
    return str(address)


def account_of(request: HttpRequest) -> str:
    """The account that this attempt is about, whether it exists or not."""
    if request.user.is_authenticated:
        return f"user:{request.user.pk}"
    pending = request.session.get("account_login") or {}
    if isinstance(pending, dict) and pending.get("user_pk"):
        return f"user:{pending['user_pk']}"
    return (request.POST.get("login") or request.POST.get("email") or "").strip().casefold()[:254]


def visitor_of(request: HttpRequest) -> str:
    """Whoever has signed in counts alone, and not with everybody behind the same address."""
    return f"user:{request.user.pk}" if request.user.is_authenticated else address_of(request)


KEYS: dict[str, Callable[[HttpRequest], str]] = {
    "address": address_of,
    "account": account_of,
    "visitor": visitor_of,
}


def rate_for(user: Any, rate: str | dict[str, str]) -> str:
    """One rate for all, or one for each role with "" for the rest: then the most generous of a person's own."""
    if isinstance(rate, str):
        return rate
    own = [rate[role] for role in roles_of(user) if role in rate]
    return max(own or [rate[""]], key=_per_second)


def split(rate: str) -> tuple[int, int]:
    """How many, in how many seconds: `100/5m` is 100 in 300."""
    count, _slash, period = rate.partition("/")
    return int(count), int(period[:-1] or 1) * SECONDS[period[-1]]


def _per_second(rate: str) -> float:
    count, seconds = split(rate)
    return count / seconds


def milliseconds_to_wait(attempt: str, rate: str) -> int | None:
    """Note one more attempt; if it is one too many, it isn't noted and there is a time to wait."""
    count, seconds = split(rate)
    name = cache.make_key(f"attempts:{rate}:{hashlib.sha256(attempt.encode()).hexdigest()}")
    now = int(time.time() * 1000)
    left = get_redis_connection("default").eval(ATTEMPT, 1, name, now, seconds * 1000, count, uuid.uuid4().hex)
    return None if int(left) < 0 else int(left)


class Throttle:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        assert request.resolver_match is not None
        name = request.resolver_match.view_name
        if name.startswith(settings.COUNTED_ELSEWHERE):
            return None
        guarded = (GUARDED if request.method == "POST" else settings.GUARDED_READS).get(name)
        for kind in filter(None, (guarded, "read")):
            try:
                wait = self.seconds_to_wait(request, kind)
            except UnreadablePostError:  # the client is gone
                return _answer(request, 400, retry_after=None)
            except (RedisError, OSError) as error:
                log.error("limits can't be counted", kind=kind, refused=kind != "read", error=repr(error))
                if kind != "read":
                    sentence = _("Sign-in and sign-up are temporarily unavailable. Try again in a few minutes.")
                    return _answer(request, 503, sentence if kind in SLIDING else "", retry_after=30)
                return None
            if wait is not None:
                log.warning("too many attempts", kind=kind, view=name)
                return _answer(request, 429, retry_after=wait)
        return None

    def seconds_to_wait(self, request: HttpRequest, kind: str) -> int | None:
        """Count this attempt; how long to wait if it is one too many."""
        waits = []
        for by, rate in settings.LIMITS[kind].items():
            value = KEYS[by](request)
            if not value:
                continue
            limit = rate_for(request.user, rate)
            if kind in SLIDING:
                left = milliseconds_to_wait(f"{kind}:{by}:{value}", limit)
                if left is not None:
                    waits.append(max(1, -(-left // 1000)))
                continue
            usage = get_usage(request, group=f"{kind}:{by}", key=lambda *_: value, rate=limit, increment=True)
            if usage and (usage["limit"], usage["time_left"]) == (0, -1):  # so it says that it could not count
                raise RedisError("an attempt was not counted")
            if usage and usage["should_limit"]:
                waits.append(max(1, usage["time_left"]))
        return max(waits, default=None)


def _answer(request: HttpRequest, status: int, detail: str = "", *, retry_after: int | None) -> HttpResponse:
    """An error page, from whatever the site uses to make them."""
    page: Callable[..., HttpResponse] = import_string(settings.ERROR_PAGE)
    return page(request, status, detail=detail, retry_after=retry_after)
