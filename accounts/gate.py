"""Opens a view only to those whom roles.VIEWS names."""

from collections.abc import Callable
from typing import Any

import structlog
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from . import roles, rules

log = structlog.get_logger(__name__)


class Gate:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        assert request.resolver_match is not None
        name = request.resolver_match.view_name
        rule = roles.rule_for(name)
        if rule is None:
            log.error("view without a rule", view=name)
            raise PermissionDenied
        if roles.needs_second_factor(name, request.user):
            _refused(request, name, "a second factor")
            return render(request, "accounts/second_factor.html", status=403)
        if rule == roles.ANYONE:
            return None
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if rule == roles.SIGNED_IN:
            return None
        if rule == roles.ACCEPTED:
            return None if rules.accepted(request.user) else _ask_for_acceptance(request)
        if rule == roles.AT_THE_DESK:
            if not roles.roles_of(request.user) & roles.DESK:
                raise _refused(request, name, rule)
            if request.user.second_factor_missing:
                _refused(request, name, "a second factor")
                return render(request, "accounts/second_factor.html", status=403)
            return None
        if not request.user.has_perm(rule):
            raise _refused(request, name, rule)
        return None


def _refused(request: HttpRequest, name: str, rule: str) -> PermissionDenied:
    log.warning("access refused", view=name, rule=rule, user=request.user.pk)
    return PermissionDenied()


def _ask_for_acceptance(request: HttpRequest) -> HttpResponse:
    """Redirect to the rules of use and back. A POST of a program is refused."""
    where = reverse("rules")
    if request.method in ("GET", "HEAD"):
        return redirect(f"{where}?{urlencode({'next': request.get_full_path()})}")
    if request.accepts("text/html"):
        return redirect(where)
    message = _("Accept the rules of use first.")
    return JsonResponse({"code": "rules", "said": message, "url": where}, status=403)
