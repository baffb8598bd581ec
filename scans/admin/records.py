"""What happened, and whether the record of it is whole."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.admin import ReadOnly

from .. import tasks
from ..evidence import guards
from ..evidence.chain import PROBLEMS
from ..models import Anchor, ChainCheck, ChainHead, Event
from .lists import Telling

SHOWN = 10


@admin.register(Event)
class EventAdmin(Telling):
    list_display = ("at", "scan", "kind", "actor", "position")
    list_filter = ("kind",)
    search_fields = ("scan__id__exact", "position__exact")
    list_select_related = ("scan", "actor")
    fields = (
        "scan", "kind", "actor", "at", "content", "position", "previous", "hash", "sealed_at", "published_at",
    )  # fmt: skip


@admin.register(ChainCheck)
class ChainCheckAdmin(ReadOnly):
    """In the list's place: how the chain stands, and a button that checks all of it."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            tasks.send_for_chain_check()
            messages.success(
                request, _("The check has begun. A million rows take about a minute; then its result is below.")
            )
            return redirect("admin:scans_chaincheck_changelist")
        checks = list(ChainCheck.objects.all()[:SHOWN])
        unsealed = Event.objects.filter(position=None)
        context = {
            **self.admin_site.each_context(request),
            "checks": [(check, PROBLEMS.get(check.problem, "")) for check in checks],
            "latest": checks[0] if checks else None,
            "sentence": PROBLEMS.get(checks[0].problem, "") if checks else "",
            "head": ChainHead.current(),
            "anchors": Anchor.objects.all()[:SHOWN],
            "unsealed": unsealed.count(),
            "oldest": unsealed.order_by("id").values_list("at", flat=True).first(),
            "missing": guards.missing(connection),
            "now": timezone.now(),
        }
        return render(request, "admin/scans/chain.html", context)
