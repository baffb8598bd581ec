"""Versions of the panel, known files and locked cases: to be read; what changes is done by `scans.review`."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.lists import ReadOnly

from ..models import KnownFile, LockedCase, PanelVersion
from ..review import panels
from .models_page import ModelViews
from .verbs import AtTheDesk


@admin.register(PanelVersion)
class PanelVersionAdmin(ModelViews, ReadOnly):
    list_display = ("__str__", "why", "proposed_by", "proposed_at", "approved_by", "approved_at", "ended_at")
    fields = (
        "lines", "why", "expected", "rehearsal", "proposed_by", "proposed_at", "approved_by",
        "approved_at", "ended_by", "ended_at",
    )  # fmt: skip
    list_select_related = ("proposed_by", "approved_by")

    @admin.display(description=gettext_lazy("changes"))
    def lines(self, version: PanelVersion) -> str:
        return format_html_join("", "<div>{}</div>", ((line,) for line in version.lines)) or str(version)

    change_form_template = "admin/scans/panelversion.html"

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        answer = path("<int:pk>/answer/", wrap(self.answer_view), name="scans_panelversion_answer")
        return [answer, *self.model_urls(wrap), *super().get_urls()]

    def answer_view(self, request: AtTheDesk, pk: int) -> HttpResponse:
        if request.method != "POST" or not request.user.has_perm("scans.lead_review"):
            raise PermissionDenied
        version, do = get_object_or_404(PanelVersion, pk=pk), request.POST.get("do")
        try:
            if do in ("approve", "restore"):
                (panels.approve if do == "approve" else panels.restore)(version, request.user)
                messages.success(request, _("In force. Files are assessed with it from now on."))
            elif do == "try":
                panels.try_again(version, request.user)
                messages.success(request, _("The trial has started again. It takes some minutes."))
            else:
                panels.end(version, request.user)
                messages.success(request, _("Ended."))
        except panels.NotTried:
            messages.error(request, _("It can only be approved after a trial on decided files without errors."))
        except panels.NotYours as error:
            raise PermissionDenied from error
        except panels.Stale:
            messages.error(request, _("This has already been answered."))
        if request.POST.get("back") == "models":
            return redirect("admin:scans_panelversion_models")
        return redirect("admin:scans_panelversion_change", pk)


@admin.register(KnownFile)
class KnownAdmin(ReadOnly):
    list_display = ("decision", "file", "note", "expires_at", "active", "person")
    list_filter = ("active",)
    list_select_related = ("decision__scan", "person")

    @admin.display(description=gettext_lazy("file"))
    def file(self, entry: KnownFile) -> str:
        where = reverse("admin:scans_reviewitem_change", args=[entry.decision.item_id])
        return format_html('<a href="{}">{}</a>', where, entry.decision.scan)


@admin.register(LockedCase)
class LockedCaseAdmin(ReadOnly):
    list_display = ("scan", "label", "at")
    list_filter = ("label",)
    list_select_related = ("scan",)
