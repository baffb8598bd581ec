"""Pages for whoever has a link: what every such page does alike, whether it shows one result or a case."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.module_loading import import_string

from ..models import CaseLink, Share

View = Callable[..., HttpResponse]
Linked = TypeVar("Linked", Share, CaseLink)


class LinkEnded(Http404):
    """The link was there once. Pages say so; for pictures it is as if it had never been."""


def open_link(kind: type[Linked], token: str) -> Linked:
    link: Linked | None = kind.objects.open().filter(token=token).first()
    if link is None:
        raise LinkEnded if kind.objects.filter(token=token).exists() else Http404
    return link


def says_when_it_ended(view: View) -> View:
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except LinkEnded:
            page: View = import_string(settings.ERROR_PAGE)
            return page(request, 410)

    return answer


def show(request: HttpRequest, link: Share | CaseLink, template: str, context: dict[str, Any]) -> HttpResponse:
    """Counted, unless its maker looks; no search engine lists it, and the address is passed on to nobody."""
    if not request.user.is_authenticated or request.user.pk != link.maker_id:
        link.count_view()
    response = render(request, template, context)
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"
    return response
