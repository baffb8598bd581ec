"""The library: one's own scans as pictures or as a table, narrowed, sorted, and kept under a name."""

import uuid
from functools import cached_property
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db import IntegrityError, transaction
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ..library import exports
from ..models import Case, SavedSearch, Scan, Status, Tag
from ..outcome import effective
from . import forms
from .access import SignedIn
from .facets import COUNTED, facets
from .home_views import unread_decisions

PAGE = 24
VIEWS: Final = ("grid", "table")
YEAR = 365 * 24 * 3600
FEW = 500
SEARCHES = 30  # of one person


class CountedPaginator(Paginator):
    """A paginator with a given count, which the facets have computed already. The ids of a page are read before its
    rows, and in the second half of the list from its end on, so that few rows are read to be passed over."""

    def __init__(self, rows: Any, total: int) -> None:
        super().__init__(rows, PAGE)
        self.rows, self.total = rows, total

    @cached_property
    def count(self) -> int:
        return self.total

    def page(self, number: Any) -> Page:
        number = self.validate_number(number)
        start, end = (number - 1) * PAGE, min(number * PAGE, self.total)
        ids = self.rows.values_list("pk", flat=True)
        if start > self.total // 2:
            on_page = list(ids.reverse()[self.total - end : self.total - start])[::-1]
        else:
            on_page = list(ids[start:end])
        rows = Scan.objects.listed().prefetch_related("tags").in_bulk(on_page)
        return Page([rows[pk] for pk in on_page if pk in rows], number, self)


@require_safe
def history(request: SignedIn) -> HttpResponse:
    form = forms.Filter(request.GET, request.user)
    own = _own(request)
    query = request.GET.copy()
    query.pop("page", None)
    query.pop("view", None)
    facet_list, total = facets(_counts(form, own, request.user), request.user, query, form.chosen)
    pages = CountedPaginator(_ordered(form, own, total), total)
    page = pages.get_page(request.GET.get("page"))
    remembered = request.COOKIES.get(settings.LIBRARY_VIEW_COOKIE_NAME)
    view = next((name for name in (request.GET.get("view"), remembered) if name in VIEWS), "grid")
    searches = list(request.user.saved_searches.all())
    context = {
        "form": form,
        "facets": facet_list,
        "tag": form.chosen.get("tag"),
        "page": page,
        "pages": pages,
        "scans": effective.with_verdicts(page.object_list),
        "query": query.urlencode(),
        "view": view,
        "news": unread_decisions(request),
        "searches": searches,
        "is_saved": any(search.query == query.urlencode() for search in searches),
        "cases": list(Case.objects.filter(owner=request.user, sandbox=False)[:50]),
        "tags": list(Tag.objects.filter(owner=request.user)[:50]),
    }
    answer = render(request, "scans/history.html", context)
    if request.GET.get("view") in VIEWS:
        answer.set_cookie(
            settings.LIBRARY_VIEW_COOKIE_NAME,
            view,
            max_age=YEAR,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return answer


def _counts(form: forms.Filter, own: Any, owner: Any) -> Any:
    """By the facets' columns, with all other filters."""
    if form.chosen.get("review") == "none":
        # Looking for reviews of each scan takes long. So all are counted, and the reviewed ones, which are fewer.
        scans = form.apply(own, without=(*COUNTED, "review"))
        return effective.counted(scans, *COUNTED[1:]) - effective.counted(forms.reviewed(scans), *COUNTED[1:])
    decided = effective.decided_by_people(owner).exclude(status=Status.DELETED)
    scans, decided = form.apply(own, without=COUNTED), form.apply(decided, without=COUNTED)
    return effective.counted(scans, *COUNTED[1:], decided=decided)


def _ordered(form: forms.Filter, own: Any, total: int) -> Any:
    """The scans left with all filters. A few of very many are sought first and then sorted: in their order, nearly all
    of the person's scans would have to be read to fill a page."""
    scans: Any = form.apply(own) if total else own.none()
    if form.chosen.get("text") and total <= FEW:
        scans = own.filter(pk__in=list(scans.order_by().values_list("pk", flat=True)[:FEW]))
    return scans.order_by(*form.order)


def _own(request: SignedIn) -> Any:
    """The person's own scans, also for reviewers."""
    return Scan.objects.owned_by(request.user).exclude(status=Status.DELETED)


@require_safe
def export(request: SignedIn, form: str) -> HttpResponseBase:
    if form not in ("csv", "json"):
        raise Http404
    chosen = forms.Filter(request.GET, request.user)
    return exports.export(request.user, chosen.apply(_own(request)).order_by(*chosen.order), form)


# -- Searches under a name, and tags -------------------------------------------------------------------


@require_POST
def save_search(request: SignedIn) -> HttpResponse:
    name, query = request.POST.get("name", "").strip()[:60], request.POST.get("query", "")[:500]
    if not name:
        messages.error(request, _("Enter a name for the search."))
    elif request.user.saved_searches.count() >= SEARCHES:
        messages.error(request, _("You have %d saved searches. Delete one first.") % SEARCHES)
    else:
        try:
            with transaction.atomic():
                SavedSearch.objects.create(owner=request.user, name=name, query=query)
            messages.success(request, _("The search was saved."))
        except IntegrityError:
            request.user.saved_searches.filter(name=name).update(query=query)
            messages.success(request, _("The search with this name was replaced."))
    return redirect(f"{reverse('scans:history')}?{query}")


@require_POST
def delete_search(request: SignedIn, pk: int) -> HttpResponse:
    get_object_or_404(SavedSearch, owner=request.user, pk=pk).delete()
    messages.success(request, _("The saved search was deleted."))
    return redirect("scans:history")


@require_POST
def change_tag(request: SignedIn, pk: int) -> HttpResponse:
    """Rename it, or delete it from all scans."""
    tag = get_object_or_404(Tag, owner=request.user, pk=pk)
    if request.POST.get("do") == "delete":
        tag.delete()
        messages.success(request, _("The tag was deleted. The scans are not affected."))
        return redirect("scans:history")
    name = " ".join(request.POST.get("name", "").split())[:40]
    if not name:
        messages.error(request, _("Enter a name for the tag."))
    elif Tag.objects.filter(owner=request.user, name__iexact=name).exclude(pk=tag.pk).exists():
        messages.error(request, _("You already have a tag with this name."))
    else:
        Tag.objects.filter(pk=tag.pk).update(name=name)
        messages.success(request, _("The tag was renamed."))
    return redirect(f"{reverse('scans:history')}?{urlencode({'tag': tag.pk})}")


def uuids(texts: list[str]) -> list[uuid.UUID]:
    """The valid ids among the texts."""
    ids = []
    for text in texts:
        try:
            ids.append(uuid.UUID(text))
        except ValueError:
            continue
    return ids
