"""What the desk's tests share: a clock, files as the worker leaves them, a policy."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from scans.analysis import routing
from scans.models import Outcome, Policy, Reason, ReviewItem, ReviewQueue, Scan

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


class Clock:
    now = NOW

    def later(self, **by: float) -> None:
        self.now += dt.timedelta(**by)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    clock = Clock()
    monkeypatch.setattr(timezone, "now", lambda: clock.now)
    return clock


@pytest.fixture
def judged(uploader: User) -> Callable[..., Scan]:
    """A scan that was judged, as the worker leaves it."""

    def make(outcome: str = Outcome.LIKELY_MANIPULATED, score: float | None = 0.85, **more: Any) -> Scan:
        scan = Scan.objects.create(owner=uploader, name="a.jpg", sha256="0" * 64, bytes=1, status="analysed")
        reasons = [{"code": code} for code in more.pop("codes", ())]
        routing.route(scan, scan.assessments.create(outcome=outcome, score=score, reasons=reasons, version="1", **more))
        return scan

    return make


@pytest.fixture
def item(judged: Callable[..., Scan]) -> ReviewItem:
    return ReviewItem.objects.get(scan=judged())


@pytest.fixture
def policy() -> Policy:
    return Policy.objects.create(code="satire", title="Satire", text="Satire that says so stays.")


def why(scan: Scan) -> list[str]:
    return [one.reason for item in scan.items.all() for one in item.reasons.all()]


@pytest.fixture
def waiting(bundles: Path, upload: Callable[..., Scan], settings: Any) -> ReviewItem:
    """A photo that was judged and waits."""
    settings.BLIND_PERCENT = 0
    ReviewItem.objects.all().delete()
    scan = upload()
    found: ReviewItem | None = ReviewItem.objects.filter(scan=scan).first()
    return found or routing.put(scan, ReviewQueue.objects.get(slug="review"), Reason.HAND)


@pytest.fixture
def mo(as_user: Callable[..., Client], moderator: User) -> Client:
    return as_user(moderator)
