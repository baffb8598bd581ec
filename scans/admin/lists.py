"""Everything that can be looked up at the desk, and not changed there."""

from django.contrib import admin

from accounts.admin import ReadOnly

from ..models import Appeal, Assessment, Decision, Event, Finding, Scan


class Large(ReadOnly):
    """Lists that stay fast when they are long: nothing is counted that nobody asked for."""

    show_full_result_count = False
    list_per_page = 50


@admin.register(Scan)
class ScanAdmin(Large):
    list_display = ("created_at", "name", "owner", "kind", "status", "source")
    list_filter = ("status", "kind", "source")
    search_fields = ("id__exact", "sha256__exact", "name__startswith")
    list_select_related = ("owner",)


@admin.register(Assessment)
class AssessmentAdmin(Large):
    list_display = ("at", "scan", "outcome", "version")
    list_filter = ("outcome",)
    search_fields = ("scan__id__exact", "scan__sha256__exact")
    list_select_related = ("scan",)
    fields = ("scan", "outcome", "reasons", "panel", "version", "at")


@admin.register(Decision)
class DecisionAdmin(Large):
    list_display = ("at", "scan", "decider", "label", "action", "policy", "overrides", "needs_second")
    list_filter = ("label", "action", "overrides", "needs_second")
    search_fields = ("scan__id__exact", "scan__sha256__exact")
    list_select_related = ("scan", "decider", "policy")


@admin.register(Finding)
class FindingAdmin(Large):
    list_display = ("assessment", "bundle", "version", "status", "score", "policy")
    list_filter = ("bundle", "status")
    search_fields = ("assessment__scan__id__exact", "weights__startswith")
    list_select_related = ("assessment",)
    ordering = ("-id",)


@admin.register(Appeal)
class AppealAdmin(Large):
    list_display = ("at", "decision", "person", "answered_by")
    search_fields = ("decision__scan__id__exact",)
    list_select_related = ("decision", "person", "answered_by")


@admin.register(Event)
class EventAdmin(Large):
    list_display = ("at", "scan", "kind", "actor")
    list_filter = ("kind",)
    search_fields = ("scan__id__exact",)
    list_select_related = ("scan", "actor")
