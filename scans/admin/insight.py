"""The dashboard, and the simulator of other cuts: numbers of `scans.insight`, drawn."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import analysis
from ..insight import accuracy, charts, desk, simulator
from ..models import PanelVersion
from ..outcome import scores
from ..review import panels
from .points import PointsField
from .verbs import AtTheDesk


class Cuts(forms.Form):
    low = PointsField(label=gettext_lazy("Little evidence below (0–100)"))
    high = PointsField(label=gettext_lazy("Likely manipulated above (0–100)"))

    def clean(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().clean() or self.cleaned_data
        if fields.get("low", 0) > fields.get("high", 1):
            self.add_error("high", _("The upper cut-off can't be below the lower one."))
        return fields


class Proposal(Cuts):
    low = PointsField(widget=forms.HiddenInput)
    high = PointsField(widget=forms.HiddenInput)
    why = forms.CharField(
        label=gettext_lazy("Why"), max_length=300, help_text=gettext_lazy("For the person who approves it.")
    )


class InsightViews:
    """Mixed into the admin of items."""

    admin_site: Any
    has_view_permission: Any

    def insight_urls(self, wrap: Callable[..., Any]) -> list[Any]:
        return [
            path("insight/", wrap(self.insight_view), name="scans_reviewitem_insight"),
            path("simulator/", wrap(self.simulator_view), name="scans_reviewitem_simulator"),
        ]

    def insight_view(self, request: AtTheDesk) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        weeks, drift, waiting = accuracy.weeks(), accuracy.drift(), desk.waiting()
        days = [(date_format(day, "MONTH_DAY_FORMAT"), count) for day, count in desk.decided_by_day()]
        bins = [str(100 * number // accuracy.BINS) for number in range(accuracy.BINS)]
        context = {
            **self.admin_site.each_context(request),
            "waiting": waiting,
            "late": accuracy.Share(*desk.late()),
            "timings": desk.timings(),
            "exposures": desk.exposures() if request.user.has_perm("scans.lead_review") else None,
            "weeks": weeks,
            "alarms": accuracy.alarms(weeks),
            "drift": drift,
            "appeals": accuracy.appeals(),
            "double": accuracy.double(),
            "own": accuracy.double(request.user),
            "anchoring": accuracy.anchoring(),
            "decided": sum(count for _day, count in days),
            "ages_chart": charts.columns(waiting["ages"], description=_("Items by waiting time")),
            "days_chart": charts.columns(days, description=_("Decisions per day, two weeks")),
            "alarms_chart": _by_week(weeks, "false_alarms", _("False alarms per week, in percent (interval: 95 %)")),
            "misses_chart": _by_week(weeks, "misses", _("Misses per week, in percent (interval: 95 %)")),
            "drift_chart": charts.columns(
                list(zip(bins, _percent(drift["recent"]), strict=True)),
                other=_percent(drift["before"]),
                description=_("Scores of the last 7 days and the 28 days before, in percent"),
            ),
        }
        return render(request, "admin/scans/insight.html", context)

    def simulator_view(self, request: AtTheDesk) -> HttpResponse:
        """Anybody at the desk may try; a lead may propose, and another one puts it into force."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return self._propose(request)
        now = {name: scores.exact_points(cut) for name, cut in _in_force().items() if name != "video"}
        return self._simulated(request, Cuts(request.GET or now))

    def _simulated(self, request: AtTheDesk, form: Cuts, proposal: Proposal | None = None) -> HttpResponse:
        cuts = form.cleaned_data if form.is_valid() else {}
        context = {
            **self.admin_site.each_context(request),
            "form": form,
            "proposal": proposal or Proposal(initial=cuts),
            "simulation": simulator.simulate(cuts["low"], cuts["high"]) if "high" in cuts else None,
            "now": simulator.simulate(**_in_force()),
            "versions": PanelVersion.objects.select_related("proposed_by", "approved_by")[:5],
            "few": simulator.FEW,
        }
        wrong = form.errors or (proposal and proposal.errors)
        return render(request, "admin/scans/simulator.html", context, status=422 if wrong else 200)

    def _propose(self, request: AtTheDesk) -> HttpResponse:
        proposal = Proposal(request.POST)
        if not proposal.is_valid():
            return self._simulated(request, Cuts(request.POST), proposal)
        fields = proposal.cleaned_data
        try:
            panels.propose(request.user, fields["low"], fields["high"], fields["why"])
        except panels.NotYours as error:
            raise PermissionDenied from error
        messages.success(request, _("Proposed. It takes effect when another lead has approved it."))
        return redirect("admin:scans_panelversion_changelist")


def _in_force() -> dict[str, Any]:
    """The cuts for photos, and those for videos."""
    photo, film = analysis.cuts_in_force()
    return {
        "low": photo.little_below,
        "high": photo.manipulated_above,
        "video": (film.little_below, film.manipulated_above),
    }


def _by_week(weeks: list[accuracy.Week], name: str, description: str) -> str:
    points = [
        (date_format(week.monday, "MONTH_DAY_FORMAT"), getattr(week, name).percent, getattr(week, name).interval)
        for week in weeks
    ]
    return charts.shares(points, description=description)


def _percent(counts: list[int]) -> list[float]:
    total = sum(counts) or 1
    return [round(100 * count / total, 1) for count in counts]
