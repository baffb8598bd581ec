"""/healthz: this process answers. /readyz: whether the whole installation can do its work."""

import shutil
from collections.abc import Callable

import structlog
from django.conf import settings
from django.core import checks
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from scans.models import Scan

from .celery import SIGN_OF_LIFE, app

log = structlog.get_logger(__name__)

OK, DEGRADED, DOWN = "ok", "degraded", "down"
STANDSTILL = 60  # seconds in which scans wait and none is begun or finished


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


def database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return OK


def shared_cache() -> str:
    cache.set("readyz", 1, 5)
    return OK if cache.get("readyz") == 1 else DOWN


def broker() -> str:
    with app.connection_for_write(transport_options={"socket_connect_timeout": 1, "socket_timeout": 1}) as connection:
        connection.ensure_connection(max_retries=1, timeout=2)
    return OK


def analysis_worker() -> str:
    return OK if cache.get(SIGN_OF_LIFE.format("analysis")) else DOWN


def post_worker() -> str:
    """Mail can wait; people can still upload and read."""
    return OK if cache.get(SIGN_OF_LIFE.format("post")) else DEGRADED


def webhooks_worker() -> str:
    return OK if cache.get(SIGN_OF_LIFE.format("webhooks")) else DEGRADED


def disk() -> str:
    folder = next(f for f in (settings.MEDIA_ROOT, *settings.MEDIA_ROOT.parents) if f.exists())
    return OK if shutil.disk_usage(folder).free >= settings.MIN_FREE_DISK_MB * 2**20 else DOWN


def bundles() -> str:
    """Without a working model everything but new analyses goes on."""
    return DEGRADED if problems_of("bundles") else OK


def problems_of(tag: str) -> list[str]:
    return [str(message.msg) for message in checks.run_checks(tags=[tag])]


def queue() -> str:
    """Whether what waits is worked on: a worker may be alive, and yet be given nothing or be able to do nothing."""
    return DEGRADED if Scan.objects.stand_still(STANDSTILL) else OK


PARTS: dict[str, Callable[[], str]] = {
    "database": database,
    "cache": shared_cache,
    "broker": broker,
    "analysis_worker": analysis_worker,
    "post_worker": post_worker,
    "webhooks_worker": webhooks_worker,
    "disk": disk,
    "bundles": bundles,
    "queue": queue,
}


def state_of(part: Callable[[], str]) -> str:
    """What `part` says; a part that breaks, however it breaks, is down."""
    try:
        return part()
    except Exception as error:  # the one place where any failure is an answer, and it is written down
        log.error("not ready", part=part.__name__, error=repr(error))
        return DOWN


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    parts = {name: state_of(part) for name, part in PARTS.items()}
    state = next((s for s in (DOWN, DEGRADED) if s in parts.values()), OK)
    problems = {"bundles": problems_of("bundles")} if parts["bundles"] != OK else {}
    if decoding := problems_of("decoding"):  # the site works all the same
        problems["decoding"] = decoding
    return JsonResponse({"state": state, "parts": parts, "problems": problems}, status=503 if state == DOWN else 200)
