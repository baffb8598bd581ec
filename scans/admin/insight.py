"""The dashboard, and the simulator of other cuts: numbers of `scans.insight`, drawn."""

import contextlib
import datetime as dt
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from .. import analysis
from ..insight import accuracy, charts, desk, simulator
from ..models import PanelVersion
from ..outcome import scores
from ..review import panels
from .points import PointsField
from .verbs import AtTheDesk

KEPT = 300  # seconds


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
        figures, waiting = _figures(), desk.waiting()
        days = desk.decided_by_day()
        context = {
            **self.admin_site.each_context(request),
            **figures,
            "waiting": waiting,
            "exposures": desk.exposures() if request.user.has_perm("scans.lead_review") else None,
            "own": accuracy.double(request.user),
            "decided": sum(count for _day, count in days),
            "ages_chart": _ages(waiting["ages"]),
            "days_chart": _days(days),
            "alarms_chart": _by_week(figures["weeks"], "false_alarms", _("False alarms"), _("False alarms (%)")),
            "misses_chart": _by_week(figures["weeks"], "misses", _("Misses"), _("Misses (%)")),
            "drift_chart": _drift(figures["drift"]),
        }
        return render(request, "admin/scans/insight.html", context)

    def simulator_view(self, request: AtTheDesk) -> HttpResponse:
        """Anybody at the desk may try; a lead may propose, and another one puts it into force."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return self._propose(request)
        # As people write them: a field takes a number for a score, and text for what was typed.
        now = {name: str(scores.exact_points(cut)) for name, cut in _in_force().items() if name != "video"}
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


def _figures() -> dict[str, Any]:
    """What takes longer to count than a page may, some minutes old at most. Names of queues are in a language."""
    key = f"insight:{get_language()}"
    figures: dict[str, Any] | None = None
    with contextlib.suppress(RedisError, OSError):
        figures = cache.get(key)
    if figures is None:
        weeks = accuracy.weeks()
        figures = {
            "weeks": weeks,
            "alarms": accuracy.alarms(weeks),
            "drift": accuracy.drift(),
            "late": accuracy.Share(*desk.late()),
            "timings": desk.timings(),
            "appeals": accuracy.appeals(),
            "double": accuracy.double(),
            "anchoring": accuracy.anchoring(),
        }
        with contextlib.suppress(RedisError, OSError):
            cache.set(key, figures, KEPT)
    return figures


def _ages(ages: list[tuple[str, int]]) -> charts.Chart:
    names, counts = zip(*ages, strict=True)
    series = charts.Series(_("Open items"), counts)
    return charts.Chart("ages", _("Open items by waiting time"), _("Waiting time"), _("Open items"), names, [series])


def _days(days: list[tuple[dt.date, int]]) -> charts.Chart:
    names = [date_format(day, "MONTH_DAY_FORMAT") for day, _count in days]
    series = charts.Series(_("Decisions"), [count for _day, count in days])
    return charts.Chart("days", _("Decisions per day, last two weeks"), _("Day"), _("Decisions"), names, [series])


def _by_week(weeks: list[accuracy.Week], name: str, title: str, y_title: str) -> charts.Chart:
    shares: list[accuracy.Share] = [getattr(week, name) for week in weeks]
    series = charts.Series(
        title,
        [share.percent for share in shares],
        [share.interval for share in shares],
        [(share.count, share.total) for share in shares],
    )
    names = [date_format(week.monday, "MONTH_DAY_FORMAT") for week in weeks]
    return charts.Chart(
        name, title, _("Week of"), y_title, names, [series], unit=" %", digits=1, is_points=True, most=100
    )


def _drift(drift: dict[str, Any]) -> charts.Chart:
    step = 100 // accuracy.BINS
    names = [f"{low}–{low + step - 1 if low + step < 100 else 100}" for low in range(0, 100, step)]
    series = [
        charts.Series(_("Last 7 days"), _percent(drift["recent"])),
        charts.Series(_("The 28 days before"), _percent(drift["before"])),
    ]
    return charts.Chart(
        "drift", _("Have the scores changed?"), _("Score (0–100)"), _("Share of the files (%)"), names, series,
        unit=" %", digits=1,
    )  # fmt: skip


def _percent(counts: list[int]) -> list[float]:
    total = sum(counts) or 1
    return [round(100 * count / total, 1) for count in counts]
