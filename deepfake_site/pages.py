"""The few pages that belong to the site and to no app: front page, look, style guide."""

from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from scans.models import Outcome
from scans.web import home_views
from scans.web.access import SignedIn

from . import overview

THEMES = ("auto", "light", "dark")
# Said to strangers too, so it doesn't give the machine's own path away.
MAIL_FOLDER = "var/mail" if settings.VAR_DIR == settings.BASE_DIR / "var" else "VAR_DIR/mail"


def site(request: HttpRequest) -> dict[str, Any]:
    """What every template may use; it asks neither database nor cache, so that error pages can have it."""
    theme = request.COOKIES.get(settings.THEME_COOKIE_NAME)
    return {
        "site_name": settings.SITE_NAME,
        "theme": theme if theme in THEMES else "auto",
        "demo": settings.DEMO,
        "debug_pages": settings.DEBUG,
        "has_contact": bool(settings.CONTACT_EMAIL or settings.CONTACT_URL),
        "transparency_public": settings.TRANSPARENCY_PUBLIC,
        "mail_folder": "" if settings.EMAIL_HOST else MAIL_FOLDER,
    }


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Work for those who are signed in, an introduction for everybody else."""
    if not request.user.is_authenticated:
        introduction: HttpResponse = resolve(reverse("scans:about")).func(request)
        return introduction
    runs_the_site = request.user.has_perm("accounts.change_user")
    return home_views.home(cast(SignedIn, request), {"overview": overview.overview() if runs_the_site else None})


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Remember light, dark or the system's choice, without needing a script."""
    after = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(after, {request.get_host()}, require_https=request.is_secure()):
        after = "/"
    response = HttpResponseRedirect(after)
    theme = request.POST.get("theme", "")
    if theme in THEMES:
        response.set_cookie(
            settings.THEME_COOKIE_NAME,
            theme,
            max_age=365 * 24 * 3600,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every element once; only while developing."""
    from .styleguide import COLOURS, Sample, icons

    messages.info(request, "A message that informs.")
    messages.success(request, "A message of success.")
    messages.warning(request, "A message that warns.")
    messages.error(request, "A message about an error.")
    return render(
        request,
        "styleguide.html",
        {
            "form": Sample(),
            "refused": Sample({"email": "no address"}),
            "outcomes": Outcome.choices,
            "colours": COLOURS,
            "icons": icons(),
        },
    )
