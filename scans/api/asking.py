"""Who asks, by key or session; with which scope; for what; and refusals with a code that programs can rely on."""

import uuid
from typing import Any, ClassVar

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import keys, roles
from accounts.models import ApiKey

from ..models import Replay, Scan
from . import limits, replays


class Refusal(APIException):
    """An answer other than the one asked for: status, stable code, sentence, and where in the request it lies."""

    def __init__(self, status: int, code: str, detail: str, pointers: dict[str, str] | None = None) -> None:
        super().__init__(detail, code)
        self.status_code, self.code, self.pointers = status, code, pointers or {}


class Absent(Refusal):
    """Somebody else's is as absent as what never was."""

    def __init__(self) -> None:
        super().__init__(404, "not_found", _("There is nothing here, or it isn't yours."))


class ApiView(APIView):
    """A view with a scope for each method, and a limit for each kind of asking."""

    scopes: ClassVar[dict[str, str]] = {"GET": "scans:read", "POST": "scans:write", "DELETE": "scans:write"}
    limits: ClassVar[dict[str, str]] = {}  # kinds other than "read", by method
    replay: Replay | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        wanted = self.scopes.get(request.method or "")
        if wanted and wanted not in scopes_of(request):
            raise PermissionDenied(_("This needs the scope %(scope)s.") % {"scope": wanted})
        limits.hold(request, self.limits.get(request.method or "", "read"))
        if request.method == "POST" and "Idempotency-Key" in request.headers:
            try:
                self.replay = replays.begin(request, request.headers["Idempotency-Key"])
            except replays.Unusable as error:
                raise Refusal(error.status, error.code, str(error)) from error

    def handle_exception(self, exc: Exception) -> Any:
        if isinstance(exc, replays.Given):
            return exc.response
        try:
            return super().handle_exception(exc)
        except BaseException:
            if self.replay:
                replays.forget(self.replay)
            raise

    def finalize_response(self, request: HttpRequest, response: Any, *args: Any, **kwargs: Any) -> Response:
        made: Response = super().finalize_response(request, response, *args, **kwargs)
        for name, value in getattr(request, "limit_headers", {}).items():
            made[name] = value
        if replay := self.replay:
            self.replay = None
            made.add_post_render_callback(lambda rendered: replays.end(replay, rendered))
        return made


def scopes_of(request: Request) -> list[str]:
    key = request.auth
    return list(keys.effective_scopes(key) if isinstance(key, ApiKey) else roles.scopes_for(request.user))


def visible(request: Request) -> Any:
    """One's own; with the scope of the desk, all that the person may see."""
    if "review:read" in scopes_of(request):
        return Scan.objects.visible_to(request.user)
    return Scan.objects.filter(owner=request.user)


def seen(request: Request, pk: uuid.UUID) -> Scan:
    scan: Scan | None = visible(request).filter(pk=pk).first()
    if scan is None:
        raise Absent
    return scan


def own(request: Request, pk: uuid.UUID) -> Scan:
    scan: Scan | None = Scan.objects.filter(owner=request.user, pk=pk).first()
    if scan is None:
        raise Absent
    return scan
