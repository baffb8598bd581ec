"""A tenth of July, and a quarter of uploads, decisions and appeals before it."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from scans.models import Appeal, Decision, Policy, ReviewItem, ReviewQueue, Scan

NOW = dt.datetime(2026, 7, 10, 12, tzinfo=dt.UTC)
APRIL = dt.datetime(2026, 4, 10, 9, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def tenth_of_july(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def uploaded(uploader: User) -> Callable[..., Scan]:
    """A scan of that time, judged half a minute later."""

    def make(at: dt.datetime = APRIL, outcome: str = "", kind: str = "image", **more: Any) -> Scan:
        more = {"source": "site", "status": "analysed" if outcome else "failed", **more}
        scan = Scan.objects.create(owner=uploader, name="a", sha256="0" * 64, bytes=1, kind=kind, created_at=at, **more)
        if outcome:
            scan.assessments.create(outcome=outcome, score=0.5, version="1", at=at + dt.timedelta(seconds=30))
        return scan

    return make


@pytest.fixture
def decided(moderator: User) -> Callable[..., Decision]:
    """A decision on a file that waited for so long; `why` is what had put it in the queue."""

    def make(
        scan: Scan, label: str, action: str, *, after: dt.timedelta = HOUR, why: str = "outcome", **more: Any
    ) -> Decision:
        opened = more.pop("opened", scan.created_at)
        item = ReviewItem.objects.create(
            scan=scan, queue=ReviewQueue.objects.first(), opened_at=opened, closed_at=opened + after, due_at=opened
        )
        item.reasons.create(reason=why, at=opened)
        more = {"decider": moderator, "assessment": scan.assessment, "settles_at": opened + after, **more}
        return Decision.objects.create(scan=scan, item=item, label=label, action=action, at=opened + after, **more)

    return make


@pytest.fixture
def quarter_of_work(
    uploaded: Callable[..., Scan], decided: Callable[..., Decision], lead: User, uploader: User
) -> None:
    """What the tests count, spelt out.

    20 uploads: 12 photos with little evidence, 5 videos that are likely manipulated, 3 photos that failed.
    16 decisions: 6 photos are kept after an hour; 5 videos are removed by policy after 2 hours, as their uploader had
    sent feedback; all 5 appeal a day later, and 3 days after that the lead keeps the videos after all.
    """
    policy = Policy.objects.create(code="swapped-faces", title="Swapped faces", text="…")
    photos = [uploaded(outcome="little_evidence") for _ in range(12)]
    videos = [uploaded(outcome="likely_manipulated", kind="video", source="api") for _ in range(5)]
    for _ in range(3):
        uploaded()
    for scan in photos[:6]:
        decided(scan, "not_manipulated", "keep")
    for scan in videos:
        removed = decided(scan, "manipulated", "remove", after=2 * HOUR, why="feedback", policy=policy)
        scan.assessment.feedback.create(person=uploader, kind="false_alarm", at=APRIL + HOUR)
        appealed_at = removed.at + DAY
        answer = decided(
            scan, "not_manipulated", "keep", opened=appealed_at, after=3 * DAY, why="appeal", decider=lead,
            supersedes=removed,
        )  # fmt: skip
        Appeal.objects.create(decision=removed, person=uploader, text="…", at=appealed_at, answered_by=answer)
