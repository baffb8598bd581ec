"""The base of all views: authentication, scopes, limits, idempotency, and access to scans."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import keys, roles
from accounts.models import ApiKey

from ..models import Change, Replay, Scan, Status
from ..uploads.idempotency import InProgress
from . import idempotency, limits
from .errors import Absent, Refusal


class ApiView(APIView):
    """A view with a scope for each method, and a limit for each kind of asking."""

    scopes: ClassVar[dict[str, str]] = {"GET": "scans:read", "POST": "scans:write", "DELETE": "scans:write"}
    limits: ClassVar[dict[str, str]] = {}  # kinds other than "read", by method
    replay: Replay | None = None
    replays = True  # a POST may carry an Idempotency-Key
    is_one_transaction = True  # all that a POST does; views that take long say themselves what belongs together
    tag = ""  # in the description

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        try:
            super().initial(request, *args, **kwargs)
        except (AuthenticationFailed, NotAuthenticated):
            limits.hold(request, "read")  # by address: keys can't be tried out without end
            raise
        scope = self.scopes.get(request.method or "")
        if scope and scope not in scopes_of(request):
            raise PermissionDenied(_("This request needs the scope %(scope)s.") % {"scope": scope})
        limits.hold(request, self.limits.get(request.method or "", "read"))
        self._check_parameters(request)
        if request.method == "POST" and self.replays and "Idempotency-Key" in request.headers:
            self.replay = idempotency.begin(request, request.headers["Idempotency-Key"])
            post = getattr(self, "post", None)
            if post and self.is_one_transaction:
                self.__dict__["post"] = partial(self._in_one_transaction, post)

    def _in_one_transaction(self, post: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
        with self.once() as keep:
            return keep(post(request, *args, **kwargs))

    @contextmanager
    def once(self) -> Iterator[Callable[[Response], Response]]:
        """One transaction for the work and its response, so that a repeated request finds both or neither."""

        def keep(response: Response) -> Response:
            if self.replay:
                idempotency.keep(self.replay, response)
            return response

        with self.unless_overtaken(), transaction.atomic():
            yield keep

    @contextmanager
    def unless_overtaken(self) -> Iterator[None]:
        try:
            yield
        except InProgress as error:
            self.replay = None  # it is another request's now
            raise idempotency.in_progress() from error
        except BaseException:
            if self.replay:
                self.replay.status = None  # what was kept is taken back
            raise

    def _check_parameters(self, request: Request) -> None:
        """Refuse unknown and repeated parameters instead of ignoring them."""
        allowed = getattr(getattr(self, (request.method or "").lower(), None), "parameters", None)
        if allowed is None:
            return
        wrong = {name: _("Unknown parameter.") for name in request.query_params if name not in allowed}
        wrong |= {
            name: _("Send this parameter only once.")
            for name, values in request.query_params.lists()
            if len(values) > 1
        }
        if wrong:
            raise Refusal(422, "validation_error", _("Some parameters are invalid."), wrong)

    def handle_exception(self, exc: Exception) -> Any:
        if isinstance(exc, idempotency.Repeated):
            return exc.response
        try:
            return super().handle_exception(exc)
        except BaseException:
            if self.replay:
                idempotency.end(self.replay, HttpResponse(status=500))
            raise

    def finalize_response(self, request: HttpRequest, response: Any, *args: Any, **kwargs: Any) -> Response:
        answer: Response = super().finalize_response(request, response, *args, **kwargs)
        if isinstance(request, Request):
            for name, value in limits.headers(request).items():
                answer[name] = value
            if request.auth and not answer.has_header("Cache-Control"):  # sessions: accounts.presence
                patch_cache_control(answer, private=True, no_store=True)
        if replay := self.replay:
            self.replay = None
            answer.add_post_render_callback(lambda rendered: idempotency.end(replay, rendered))
        return answer


def scopes_of(request: Request) -> list[str]:
    key = request.auth
    return list(keys.effective_scopes(key) if isinstance(key, ApiKey) else roles.scopes_for(request.user))


def is_sandbox(request: Request) -> bool:
    return isinstance(request.auth, ApiKey) and request.auth.test


def of_this_key(request: Request, rows: Any) -> Any:
    """A test key gets only sandbox rows, a live key only the others, a session both."""
    return rows.filter(sandbox=request.auth.test) if isinstance(request.auth, ApiKey) else rows


def visible_scans(request: Request) -> Any:
    """One's own; with the scope of the desk, all that the person may see."""
    if "review:read" in scopes_of(request):
        return of_this_key(request, Scan.objects.visible_to(request.user))
    return owned_scans(request)


def owned_scans(request: Request) -> Any:
    return of_this_key(request, Scan.objects.owned_by(request.user))


def of_scans(request: Request, rows: Any) -> Any:
    """Rows that hang on scans."""
    return rows.filter(scan__sandbox=request.auth.test) if isinstance(request.auth, ApiKey) else rows


def changes(request: Request) -> Any:
    """Of one's own scans and batches; with the scope of the desk, of all scans."""
    rows = of_this_key(request, Change.objects.all())
    if "review:read" in scopes_of(request) and request.user.has_perm("scans.view_scan"):
        return rows.filter(Q(scan__isnull=False) | Q(owner=request.user))
    return rows.filter(owner=request.user)


def get_visible_scan(request: Request, pk: uuid.UUID) -> Scan:
    scan: Scan | None = visible_scans(request).filter(pk=pk).first()
    if scan is None:
        raise Absent
    return scan


def get_trashed_scan(request: Request, pk: uuid.UUID) -> Scan | None:
    """One's own, from the trash: no list shows it, but until it is purged programs can read when that will be."""
    rows = of_this_key(request, Scan.objects.in_trash().filter(owner=request.user))
    scan: Scan | None = rows.filter(pk=pk).first()
    return scan


def get_owned_scan(request: Request, pk: uuid.UUID) -> Scan:
    scan: Scan | None = owned_scans(request).filter(pk=pk).first()
    if scan is None:
        raise Absent
    return scan


def refuse_deleted(scan: Scan) -> Scan:
    """What hung on a deleted scan is gone as well; only the scan itself still answers with its receipt."""
    if scan.status == Status.DELETED:
        raise Refusal(410, "gone", _("This scan was deleted."))
    return scan
