"""Watches over sessions: ends those that are too old, and keeps nothing of them in the browser.

It also keeps the list of a person's sessions fresh, at the price of one write every five minutes.
"""

import time
from collections.abc import Callable

import structlog
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control

log = structlog.get_logger(__name__)

EVERY = 300
KEY = "seen_at"
BEGAN = "began_at"


class Presence:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        was_signed_in = request.user.is_authenticated
        if was_signed_in and request.session.session_key:
            now = int(time.time())
            if is_over(request, now):
                log.info("session ended by its age", user=request.user.pk)
                logout(request)
            elif now - request.session.get(KEY, 0) >= EVERY:
                request.session[KEY] = now
                request.session.setdefault(BEGAN, now)
                UserSession.objects.create_from_request(request)
        proofs = proofs_in(request)
        response = self.get_response(request)
        if was_signed_in and request.user.is_authenticated and proofs_in(request) > proofs:
            give_new_key(request)
        if request.user.is_authenticated:
            if not response.has_header("Cache-Control"):
                patch_cache_control(response, private=True, no_store=True)
        elif was_signed_in:
            response["Clear-Site-Data"] = '"cache", "storage"'
        return response


def proofs_in(request: HttpRequest) -> int:
    """How often this session's person has proven who they are: at the sign-in, and before sensitive actions."""
    return len(request.session.get("account_authentication_methods", ()))


def give_new_key(request: HttpRequest) -> None:
    """Whoever had copied the session's key from before doesn't profit from the proof."""
    before = request.session.session_key
    request.session.cycle_key()
    UserSession.objects.filter(session_key=before).update(session_key=request.session.session_key)


def is_over(request: HttpRequest, now: int) -> bool:
    """However much it is used, a session ends after some time; that of people at the desk sooner."""
    began = request.session.get(BEGAN)
    hours = settings.DESK_SESSION_HOURS if request.user.is_staff else settings.SESSION_DAYS * 24
    return began is not None and now - began >= hours * 3600
