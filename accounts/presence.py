"""Keeps the list of a person's sessions fresh, at the price of one write every five minutes."""

import time
from collections.abc import Callable

from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse

EVERY = 300
KEY = "seen_at"


class Presence:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and request.session.session_key:
            now = int(time.time())
            if now - request.session.get(KEY, 0) >= EVERY:
                request.session[KEY] = now
                UserSession.objects.create_from_request(request)
        return self.get_response(request)
