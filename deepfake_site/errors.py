"""Errors become HTTP here: pages for people, problem+json for programs."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.http.request import UnreadablePostError
from django.shortcuts import render
from django.utils.translation import gettext as _
from rest_framework.response import Response
from rest_framework.views import exception_handler

from scans.analysis.outages import PanelUnreadable
from scans.storage import disk

CODES = {
    400: "validation_error",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    410: "gone",
    405: "method_not_allowed",
    413: "file_too_large",
    415: "unsupported_media",
    429: "rate_limited",
    500: "internal",
    503: "unavailable",
    507: "no_space",
}


def sentences(status: int) -> tuple[str, str]:
    """What happened, and what to do now."""
    return {
        400: (
            _("The request was not valid"),
            _("Something in the address or the form is not valid. Go back, reload the page and try again."),
        ),
        403: (
            _("You don't have access to this page"),
            _(
                "Your account does not have the role for this page. If you need access, ask an administrator of this "
                "site."
            ),
        ),
        404: (
            _("This page does not exist"),
            _("Check the address. The page may have been removed, or you may not have access to it."),
        ),
        405: (
            _("This address can't be opened directly"),
            _(
                "It only accepts forms. If you had to sign in again while you sent one, it was not sent: go back to "
                "the page with the form and send it again."
            ),
        ),
        410: (
            _("This page is no longer available"),
            _("It was deleted or has expired. If you were sent this link, ask the sender for a new one."),
        ),
        413: (_("The file is too large"), _("Upload a smaller version, or cut the video to the relevant part.")),
        429: (_("Too many requests"), _("Too many requests in a short time. Wait a moment, then try again.")),
        500: (
            _("Something went wrong"),
            _("The error is on our side and has been logged. Try again in a minute. Your uploaded files are safe."),
        ),
        503: (
            _("This part of the site is not available"),
            _("It may be restarting. Try again in a minute. Other pages still work."),
        ),
        507: (
            _("The site's disk is full"),
            _("Uploads are paused until an administrator has freed some space. Try again later."),
        ),
    }[status]


def wants_json(request: HttpRequest) -> bool:
    if request.path.startswith("/api/"):
        return True
    return request.accepts("application/json") and not request.accepts("text/html")


def page(
    request: HttpRequest, status: int, *, title: str = "", detail: str = "", retry_after: int | None = None
) -> HttpResponse:
    """The response for an error: JSON for programs, a page for people."""
    usual_title, usual_detail = sentences(status)
    if wants_json(request):
        response: HttpResponse = JsonResponse(
            problem_body(request, status, detail or usual_detail),
            status=status,
            content_type="application/problem+json",
        )
    else:
        context = {
            "status": status,
            "title": title or usual_title,
            "detail": detail or usual_detail,
            "retry_after": retry_after,
        }
        response = render(request, f"{status}.html", context, status=status)
    if retry_after is not None:
        response["Retry-After"] = str(max(1, retry_after))
    return response


def problem_body(request: HttpRequest, status: int, detail: str, code: str = "") -> dict[str, Any]:
    """RFC 9457, with our stable code and the request's id."""
    code = code or CODES.get(status, "error")
    is_documented = request.path.startswith("/api/")  # in the reference, where each code has its place
    return {
        "type": f"/api/v1/docs/#{code}" if is_documented else "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": getattr(request, "request_id", ""),
    }


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(request, 413 if isinstance(exception, RequestDataTooBig) else 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(request, 404)


def too_many(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(request, 429, retry_after=60)


def broken(request: HttpRequest) -> HttpResponse:
    return page(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return page(
        request,
        403,
        title=_("This form is out of date"),
        detail=_("Go back, reload the page and send it again. If that doesn't help, allow cookies for this site."),
    )


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's errors as application/problem+json."""
    response = exception_handler(error, context)
    if response is None:
        return None
    detail = response.data.get("detail", "") if isinstance(response.data, dict) else ""
    message = str(detail) or _("The request was refused.")
    code = getattr(error, "code", "")
    body = problem_body(context["request"]._request, response.status_code, message, code)
    if pointers := getattr(error, "pointers", None):
        body["errors"] = [{"pointer": f"/{name}", "code": code, "detail": why} for name, why in pointers.items()]
    if response.status_code == 400:
        body["errors"] = [
            {"pointer": f"/{field}", "detail": str(message)}
            for field, field_messages in (response.data.items() if isinstance(response.data, dict) else [])
            for message in (field_messages if isinstance(field_messages, list) else [field_messages])
        ]
    response.data = body | getattr(error, "more", {})
    response.content_type = "application/problem+json"
    return response


class Refusals:
    """Turns away, before anything reads it, what no view could use."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            return page(request, 400)  # PostgreSQL can't hold a zero byte, so nothing here can be named by one
        if request.method in ("TRACE", "TRACK", "CONNECT"):
            return HttpResponseNotAllowed(["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])
        if settings.SECURE_SSL_REDIRECT and not request.is_secure() and request.path_info.startswith("/api/"):
            # A program that is redirected would go on sending its key unencrypted, and nobody would notice.
            return page(
                request,
                403,
                detail=_("Use https:// here. If you sent an API key over http://, it was not encrypted: replace it."),
            )
        try:
            length = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            return page(request, 400)
        if length > settings.MAX_REQUEST_MB * 2**20:
            return page(request, 413)
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and request.method == "GET" and not response.content:
            return self._with_page(request, response)
        return response

    def _with_page(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """A browser gets here after signing in again, as the form that it wanted to send led to the sign-in page."""
        answer = page(request, 405)
        answer["Allow"] = response["Allow"]
        return answer

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, RequestDataTooBig):
            return page(request, 413)
        if isinstance(error, UnreadablePostError):  # the client is gone: this is for the log
            return page(request, 400, detail=_("The connection broke before the whole request had arrived."))
        if isinstance(error, PanelUnreadable):
            return page(request, 503, retry_after=60)
        if disk.is_full(error):
            return page(request, 507, retry_after=60)
        return None
