"""What happened, and whether the record of it is whole."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.lists import ReadOnly

from .. import tasks
from ..evidence import guards, holds
from ..evidence.chain import PROBLEMS
from ..models import Anchor, ChainCheck, ChainHead, Event, LegalHold, Scan
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


class NewHold(forms.ModelForm):
    class Meta:
        model = LegalHold
        fields = ("scan", "reason")

    def clean_scan(self) -> Scan:
        scan: Scan = self.cleaned_data["scan"]
        if LegalHold.objects.active().filter(scan=scan).exists():
            raise ValidationError(_("This file is already under a legal hold."))
        if not scan.media:
            raise ValidationError(_("This file was deleted."))
        return scan


@admin.register(LegalHold)
class LegalHoldAdmin(ReadOnly):
    form = NewHold
    list_display = ("scan", "reason", "placed_by", "placed_at", "released_by", "released_at")
    search_fields = ("scan__id__exact", "scan__sha256__exact")
    list_select_related = ("scan", "placed_by", "released_by")
    raw_id_fields = ("scan",)
    actions = ("release",)

    def get_fields(self, request: HttpRequest, obj: LegalHold | None = None) -> Any:
        return self.list_display if obj else ("scan", "reason")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("scans.add_legalhold")

    def has_release_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("scans.add_legalhold")

    def save_model(self, request: HttpRequest, obj: LegalHold, form: Any, change: bool) -> None:
        holds.place(obj, request.user)

    @admin.action(description=gettext_lazy("Release selected holds"), permissions=["release"])
    def release(self, request: HttpRequest, chosen: QuerySet[LegalHold]) -> None:
        count = sum(holds.release(hold, request.user) for hold in chosen.select_related("scan"))
        text = ngettext("%(count)d hold released.", "%(count)d holds released.", count) % {"count": count}
        self.message_user(request, text, messages.SUCCESS)


@admin.register(ChainCheck)
class ChainCheckAdmin(ReadOnly):
    """In the list's place: how the chain stands, and a button that checks all of it."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            tasks.send_for_chain_check()
            messages.success(
                request,
                _("The check has started. It takes about a minute per million rows. The result will be shown below."),
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
