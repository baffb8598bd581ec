"""Pages for those who run the site: its health, its settings, its mail."""

import datetime as dt
import smtplib
import time
from typing import Any, cast

from django.conf import settings
from django.contrib import admin, messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.core.mail import EmailMessage
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from scans.models import Delivery, Scan, Status
from scans.storage import disk
from scans.web.access import SignedIn

from . import effective_settings, health, overview, queues, recent_errors
from .celery import SIGN_OF_LIFE

LATELY = dt.timedelta(days=1)


def _page(request: HttpRequest, name: str, **context: Any) -> HttpResponse:
    return render(request, f"admin/system/{name}.html", {**admin.site.each_context(request), **context})


@never_cache
def health_page(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm("accounts.view_system"):
        raise PermissionDenied
    total, used, free = disk.usage()
    since = timezone.now() - LATELY
    return _page(
        request,
        "health",
        overview=overview.overview(),
        problems=[*health.problems_of("bundles"), *health.problems_of("decoding")],
        queues=waiting_messages(),
        workers=workers(),
        disk={"total": total, "used": used, "free": free, "percent": round(100 * used / total) if total else 0},
        least=settings.MIN_FREE_DISK_MB * 2**20,
        redis=redis_facts(),
        database=database_facts(),
        failed=Scan.objects.filter(status=Status.FAILED, finished_at__gte=since).count(),
        given_up=Delivery.objects.filter(state=Delivery.State.DEAD, created_at__gte=since).count(),
        errors=recent_errors.recent(),
        kept=recent_errors.KEPT,
        version=settings.VERSION,
    )


def waiting_messages() -> list[dict[str, Any]]:
    """Each queue with the kind of worker that takes from it; none where the broker is away."""
    if health.state_of(health.broker) != health.OK:
        return []
    now, waiting = timezone.now(), queues.waiting()
    return [
        {
            "queue": queue,
            "worker": worker,
            "messages": waiting[queue].messages,
            "oldest": now - dt.timedelta(seconds=waiting[queue].seconds) if waiting[queue].seconds else None,
        }
        for worker, names in settings.QUEUES.items()
        for queue in names
    ]


def workers() -> list[dict[str, Any]]:
    """Each kind of worker, and how many seconds ago the last one of it gave a sign of life."""
    rows = []
    for kind in settings.QUEUES:
        try:
            seen = cache.get(SIGN_OF_LIFE.format(kind))
        except (RedisError, OSError):
            seen = None
        name = overview.NAMES[f"{kind}_worker"]
        rows.append({"name": name, "ago": None if seen is None else max(0, round(time.time() - seen))})
    return rows


def redis_facts() -> dict[str, Any] | None:
    try:
        info = get_redis_connection("default").info()
    except (RedisError, OSError):
        return None
    return {"version": info["redis_version"], "memory": info["used_memory"], "clients": info["connected_clients"]}


def database_facts() -> dict[str, Any]:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT current_setting('server_version'), pg_database_size(current_database())")
        else:
            cursor.execute(
                "SELECT sqlite_version(), page_count * page_size FROM pragma_page_count(), pragma_page_size()"
            )
        version, size = cursor.fetchone()
    return {"name": connection.display_name, "version": version, "size": size}


@never_cache
def settings_page(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm("accounts.view_system"):
        raise PermissionDenied
    return _page(request, "settings", groups=effective_settings.sections())


@never_cache
def mail_page(request: HttpRequest) -> HttpResponse:
    """A test goes to whoever asks for it, and to nobody else."""
    if not request.user.has_perm("accounts.view_system"):
        raise PermissionDenied
    if request.method == "POST":
        return _send_test(cast(SignedIn, request))
    return _page(
        request,
        "mail",
        host=settings.EMAIL_HOST,
        port=settings.EMAIL_PORT,
        encryption="TLS" if settings.EMAIL_USE_SSL else "STARTTLS" if settings.EMAIL_USE_TLS else "",
        sender=settings.DEFAULT_FROM_EMAIL,
        folder=settings.EMAIL_FILE_PATH,
    )


def _send_test(request: SignedIn) -> HttpResponse:
    if not request.user.has_perm("accounts.run_system"):
        raise PermissionDenied
    to = request.user.email
    text = _("%(site)s sent this email to test its mail server. You don't need to do anything.")
    mail = EmailMessage(_("Test email"), text % {"site": settings.SITE_NAME}, to=[to])
    try:
        mail.send()
    except (OSError, smtplib.SMTPException) as error:
        messages.error(request, _("The email could not be sent: %s") % error)
    else:
        messages.success(request, _("Sent to %s. Check whether it arrives.") % to)
    return redirect("admin:system_mail")
