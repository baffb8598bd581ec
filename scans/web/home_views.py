"""The front page of those who are signed in: upload, what waits for them, their latest scans."""

import datetime as dt
from typing import Any

from django.db.models import Value
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts import rules

from ..models import DecisionNotice, Scan, Status
from ..outcome import effective
from ..review.front import front
from ..review.today import today
from . import limits
from .access import SignedIn

LATEST = 8
FAILED_LATELY = dt.timedelta(days=7)
GONE_SOON = dt.timedelta(days=2)
SHOWN = 5  # of each kind of thing that waits


def home(request: SignedIn, more: dict[str, Any]) -> HttpResponse:
    """`more`: what the site itself adds, for those who run it."""
    own = Scan.objects.owned_by(request.user).exclude(status=Status.DELETED)
    at_the_desk = request.user.has_perm("scans.view_reviewitem")
    context = {
        **limits.upload_limits(request.user),
        "accepted": rules.accepted(request.user),
        "latest": effective.with_verdicts(own.listed().order_by("-created_at", "-id")[:LATEST]),
        "waiting": waiting_for(request),
        "front": front(request.user) if at_the_desk else None,
        "today": today() if request.user.has_perm("scans.lead_review") else None,
        **more,
    }
    return render(request, "scans/home.html", context)


def waiting_for(request: SignedIn) -> dict[str, Any]:
    """What an uploader may want to see to: decisions and answers, failures, and what the trash is about to lose."""
    now = timezone.now()
    failed = Scan.objects.owned_by(request.user).filter(status=Status.FAILED, created_at__gte=now - FAILED_LATELY)
    going = Scan.objects.in_trash().filter(owner=request.user, purge_at__lte=now + GONE_SOON)
    waiting = {
        "news": unread_decisions(request),
        "failed": list(failed.order_by("-created_at")[:SHOWN]),
        "gone_soon": going.count(),
    }
    return waiting if any(waiting.values()) else {}


def unread_decisions(request: SignedIn) -> list[DecisionNotice]:
    """Decisions that count and were not read yet, the newest first."""
    # Sought from the unread notices on, not from all of one's scans: `Coalesce` keeps the index of owners out of it.
    unread: Any = DecisionNotice.objects.alias(owner=Coalesce("decision__scan__owner_id", Value(0))).filter(
        owner=request.user.pk, decision__scan__trashed_at=None, mailed=True, seen_at=None
    )
    rows = list(
        unread.exclude(decision__scan__status=Status.DELETED).select_related("decision__scan").order_by("-id")[:10]
    )
    verdicts = effective.verdicts(row.decision.scan for row in rows) if rows else {}
    counting: list[DecisionNotice] = [row for row in rows if verdicts[row.decision.scan_id].decision == row.decision]
    for row in counting:
        row.decision.scan.verdict = verdicts[row.decision.scan_id]
    return counting[:SHOWN]
