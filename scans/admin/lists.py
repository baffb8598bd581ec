"""Everything that can be looked up at the desk, and not changed there."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.lists import Large

from ..models import Appeal, Assessment, Decision, Finding, Scan, Skip
from ..outcome import blind, effective, scores


class Standing(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("standing", _("In force")), ("held", _("Waiting for a second person")), ("undone", _("Undone"))]

    def queryset(self, request: HttpRequest, rows: Any) -> Any:
        chosen = {
            "standing": lambda: rows.standing(), "held": lambda: rows.pending(),
            "undone": lambda: rows.exclude(undone=None),
        }.get(self.value() or "")  # fmt: skip
        return chosen() if chosen else rows


class Telling(Large):
    """Rows that tell an outcome: without those of scans that whoever looks must judge blind first."""

    path_to_scan = "scan"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        withheld = blind.withheld_from(request.user)
        return super().get_queryset(request).exclude(**{f"{self.path_to_scan}__in": withheld})


@admin.register(Scan)
class ScanAdmin(Large):
    """Its outcome is told by its verdict, where it may be."""

    exclude = ("outcome",)
    list_display = ("created_at", "name", "owner", "kind", "status", "verdict", "state", "source")
    list_filter = ("status", "kind", "source", "sandbox")
    search_fields = ("id__exact", "sha256__exact", "name__startswith")
    list_select_related = ("owner",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Scan]:
        rows: Any = super().get_queryset(request)
        kept: QuerySet[Scan] = rows.kept()
        return kept

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Each row with its verdict, but where this person must say first what they see."""
        changes = super().get_changelist_instance(request)
        rows = effective.with_verdicts(changes.result_list)
        kept = blind.withheld([row.pk for row in rows], request.user)
        for row in rows:
            if row.pk in kept:
                row.verdict = effective.NOTHING
        changes.result_list = rows
        return changes

    @admin.display(description=_("verdict"))
    def verdict(self, scan: Scan) -> str:
        if not scan.verdict.outcome:
            return "–"
        return format_html(
            '<span class="verdict-words">{}</span> <span class="quiet">{}</span>',
            scan.verdict.text,
            scan.verdict.source.label,
        )

    @admin.display(description=_("state"))
    def state(self, scan: Scan) -> str:
        return str(scan.verdict.state.label)


@admin.register(Assessment)
class AssessmentAdmin(Telling):
    list_display = ("at", "scan", "outcome", "version")
    list_filter = ("outcome",)
    search_fields = ("scan__id__exact", "scan__sha256__exact")
    list_select_related = ("scan",)
    fields = ("scan", "outcome", "reasons", "panel", "version", "at")


@admin.register(Decision)
class DecisionAdmin(Telling):
    list_display = ("at", "scan", "decision", "state", "action", "policy", "decider", "overrides")
    list_filter = (Standing, "label", "action", "overrides", "needs_second")
    search_fields = ("scan__id__exact", "scan__sha256__exact", "scan__name__startswith")
    list_select_related = ("scan", "decider", "policy", "undone", "second__person")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Decision]:
        return super().get_queryset(request).prefetch_related("superseded_by__undone", "superseded_by__second")

    @admin.display(description=_("decision"), ordering="label")
    def decision(self, decision: Decision) -> str:
        label = decision.get_label_display()
        return label if decision.status == "final" else format_html("<s>{}</s>", label)

    @admin.display(description=_("state"))
    def state(self, decision: Decision) -> str:
        """Whether it counts, and if not, why."""
        status, second = decision.status, getattr(decision, "second", None)
        if status == "held":
            return gettext("Waiting for a second person")
        if status == "superseded":
            return gettext("Replaced by a later decision")
        if hasattr(decision, "undone"):
            return gettext("Undone")
        if status == "canceled" and second:
            return gettext("Rejected by %(who)s") % {"who": second.person}
        return gettext("In force")


class RecentValues(admin.SimpleListFilter):
    """Offers what the newest rows have: seeking all values would read the whole table."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        newest = Finding.objects.order_by("-id").values_list(str(self.parameter_name), flat=True)[:1000]
        return [(value, value) for value in sorted(set(newest))]

    def queryset(self, request: HttpRequest, rows: Any) -> Any:
        return rows.filter(**{str(self.parameter_name): self.value()}) if self.value() else rows


class Bundles(RecentValues):
    title = _("bundle")
    parameter_name = "bundle"


class FindingStatuses(RecentValues):
    title = _("status")
    parameter_name = "status"


@admin.register(Finding)
class FindingAdmin(Telling):
    path_to_scan = "assessment__scan"
    list_display = ("assessment", "bundle", "version", "status", "points", "policy")
    list_filter = (Bundles, FindingStatuses)
    search_fields = ("assessment__scan__id__exact", "weights__startswith")
    list_select_related = ("assessment",)
    ordering = ("-id",)

    @admin.display(description=_("score (0–100)"), ordering="score")
    def points(self, finding: Finding) -> int | str:
        return "–" if finding.score is None else scores.points(finding.score)


@admin.register(Appeal)
class AppealAdmin(Telling):
    path_to_scan = "decision__scan"
    list_display = ("at", "decision", "person", "answered_by")
    search_fields = ("decision__scan__id__exact",)
    list_select_related = ("decision", "person", "answered_by")


@admin.register(Skip)
class SkipAdmin(Large):
    list_display = ("at", "file", "cause", "person", "queue")
    list_filter = ("cause", "item__queue")
    search_fields = ("item__scan__id__exact", "item__scan__name__startswith")
    list_select_related = ("item__scan", "item__queue", "person")

    @admin.display(description=_("file"))
    def file(self, skip: Skip) -> str:
        where = reverse("admin:scans_reviewitem_change", args=[skip.item_id])
        return format_html('<a href="{}">{}</a>', where, skip.item.scan)

    @admin.display(description=_("queue"), ordering="item__queue")
    def queue(self, skip: Skip) -> str:
        return str(skip.item.queue)
