"""Which files go when and why: the rules, what is due, and what the last runs deleted."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts.lists import ReadOnly

from ..models import Outcome, Policy, PurgeRun, Status
from ..retention import purging, rules
from ..retention.engine import Reason

DAYS = 30
SHOWN = 50
RUNS = 10


@admin.register(PurgeRun)
class PurgeRunAdmin(ReadOnly):
    """In the list's place: a page of its own. The button deletes nothing, it only counts."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = purging.upcoming(DAYS, SHOWN + 1)
        report = purging.purge(dry_run=True) if request.method == "POST" else None
        kept = report.kept if report else {}
        context = {
            **self.admin_site.each_context(request),
            "rules": [(_class_name(name), days) for name, days in purging.rules_in_force().items()],
            "rows": rows[:SHOWN],
            "has_more": len(rows) > SHOWN,
            "shown": SHOWN,
            "days": DAYS,
            "report": report,
            "goes": _named(report.by_reason) if report else [],
            "stays": _named({code: count for code, count in kept.items() if code in purging.STAYS}),
            "runs": [(run, _named(run.by_reason)) for run in PurgeRun.objects.all()[:RUNS]],
        }
        return render(request, "admin/scans/retention.html", context)


def _named(counts: dict[str, int]) -> list[tuple[str, int]]:
    return [(str(Reason(code).label), count) for code, count in counts.items()]


def _class_name(name: str) -> str:
    if name.startswith(rules.POLICY):
        policy = Policy.objects.filter(code=name.removeprefix(rules.POLICY)).first()
        return str(policy or name)
    if name in Outcome.values:
        return str(Outcome(name).label)
    return str({rules.SANDBOX: _("Sandbox"), rules.ANY: _("All others")}.get(name) or Status(name).label)
