"""One's own things at the desk: how it shows files, saved views of the queue, pauses."""

import datetime as dt
from collections.abc import Callable
from copy import copy
from typing import Any

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied, SuspiciousOperation, ValidationError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _

from ..models import DeskSettings, Note, ReviewItem, ReviewQueue, SavedFilter
from ..outcome import blind
from ..review import caring
from . import forms
from .verbs import AtTheDesk

MOST = 30  # saved filters each


class PersonalViews:
    """Mixed into the admin of items."""

    admin_site: Any
    get_changelist_instance: Any
    has_view_permission: Any

    def personal_urls(self, wrap: Callable[..., Any]) -> list[Any]:
        return [
            path("settings/", wrap(self.settings_view), name="scans_reviewitem_settings"),
            path("rest/", wrap(self.rest_view), name="scans_reviewitem_rest"),
            path("filters/", wrap(self.filters_view), name="scans_reviewitem_filters"),
        ]

    def settings_view(self, request: AtTheDesk) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        given = request.POST if request.method == "POST" else None
        form = forms.Personal(given, instance=DeskSettings.for_person(request.user))
        if given is not None and form.is_valid():
            form.save()
            messages.success(request, _("Saved."))
            return redirect("admin:scans_reviewitem_settings")
        context = {
            **self.admin_site.each_context(request),
            "form": form,
            "looks": caring.looks_since_rest(request.user),
            "limit": caring.limit_of(request.user),
        }
        return render(request, "admin/scans/settings.html", context, status=422 if form.errors else 200)

    def rest_view(self, request: AtTheDesk) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        until = caring.rest(request.user)
        if until is None:
            return redirect("admin:scans_reviewitem_changelist")
        seconds = max(1, round((until - timezone.now()).total_seconds()))
        context = {**self.admin_site.each_context(request), "until": until, "seconds": seconds}
        return render(request, "admin/scans/rest.html", context)

    def filters_view(self, request: AtTheDesk) -> HttpResponse:
        """Keep the view that is on the screen under a name, or forget one."""
        if request.method != "POST" or not self.has_view_permission(request):
            raise PermissionDenied
        if drop := request.POST.get("drop", ""):
            get_object_or_404(SavedFilter, pk=drop if drop.isdecimal() else 0, person=request.user).delete()
            return redirect("admin:scans_reviewitem_changelist")
        query = QueryDict(request.POST.get("query", "")[:500], mutable=True)
        query.pop("p", None)
        form = forms.Keep(request.POST, instance=SavedFilter(person=request.user, query=query.urlencode()))
        try:
            if form.is_valid() and SavedFilter.objects.filter(person=request.user).count() < MOST:
                form.instance.validate_constraints()
                form.save()
            else:
                messages.error(request, _("Enter a name."))
        except ValidationError:
            messages.error(request, _("You already have a filter with this name."))
        return redirect(f"{request.path.removesuffix('filters/')}?{query.urlencode()}")

    def saved_filters(self, request: HttpRequest) -> list[dict[str, Any]]:
        """A person's own filters and shared ones, with counts: None if a query fits no field any more."""
        rows = SavedFilter.objects.filter(Q(person=request.user.pk) | Q(shared=True)).select_related("person")[:MOST]
        return [
            {"filter": row, "count": self._count(request, row.query), "is_own": row.person_id == request.user.pk}
            for row in rows
        ]

    def queues(self, request: HttpRequest) -> list[tuple[ReviewQueue, int]]:
        """Each queue that this person sees, with what waits in it."""
        items: Any = ReviewItem.objects.open().visible_to(request.user).order_by()
        counts = dict(items.values_list("queue").annotate(count=Count("pk")))
        return [(queue, counts[queue.pk]) for queue in ReviewQueue.objects.all() if queue.pk in counts]

    def addressed_to(self, request: HttpRequest) -> dict[str, Any]:
        """What others want of this person: items that they were given, notes in which they are named."""
        lately = timezone.now() - dt.timedelta(days=7)
        given = ReviewItem.objects.open().visible_to(request.user).filter(assigned_to=request.user.pk)
        notes = Note.objects.filter(mentions=request.user.pk, at__gte=lately, scan__items__in=ReviewItem.objects.open())
        notes = notes.exclude(scan__in=blind.withheld_from(request.user))
        return {
            "given": given.count(),
            "mentions": [
                (note, note.scan.items.filter(closed_at=None).first())
                for note in notes.select_related("author", "scan").distinct().order_by("-id")[:5]
            ],
        }

    def _count(self, request: HttpRequest, query: str) -> int | None:
        filtered = copy(request)
        filtered.GET = QueryDict(query)
        try:
            count: int = self.get_changelist_instance(filtered).get_queryset(filtered).count()
        except (IncorrectLookupParameters, SuspiciousOperation, ValidationError, ValueError):
            return None
        return count
