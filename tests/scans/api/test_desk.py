"""Review queues by the API: claim, decide, skip, and what is judged blind."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from scans.analysis import routing
from scans.models import (
    Decision,
    Label,
    Outcome,
    Policy,
    Reason,
    ReviewItem,
    ReviewQueue,
    Scan,
)
from scans.review import decisions, queue
from scans.updates import change_feed, notifications

from .conftest import SCANS, Program
from .test_listing import make
from .test_scans import error

pytestmark = pytest.mark.django_db
V1 = "/api/v1"


def waiting(own: Program, moderator: User) -> ReviewItem:
    scan = Scan.objects.get(pk=own.submit().json()["id"])
    return queue.add(scan, moderator, ReviewQueue.objects.get(slug="review"))


def test_an_item_is_claimed_decided_and_gone(own: Program, desk: Program, moderator: User) -> None:
    item = waiting(own, moderator)
    (queued,) = [one for one in desk.get(f"{V1}/queues").json()["results"] if one["slug"] == "review"]
    assert queued["waiting"] == 1
    (told,) = desk.get(f"{V1}/queue-items", queue="review").json()["results"]
    assert (told["id"], told["claimed"], told["reason_codes"]) == (
        item.pk,
        False,
        sorted({why.reason for why in item.reasons.all()}),
    )
    claimed = desk.post(f"{V1}/queue-items/{item.pk}/claim").json()
    assert claimed["claimed_by_me"]
    assert claimed["expires_at"] > timezone.now().isoformat()
    policy = Policy.objects.create(code="faces", title="Faces", text="x")
    where = f"{SCANS}/{item.scan_id}"
    version = desk.get(where).json()["version"]
    body = {"label": "manipulated", "policy": policy.code, "note_public": "x", "expected_version": version}
    stale = error(desk.post(f"{where}/decisions", {**body, "expected_version": version - 1}), 409, "version_conflict")
    assert stale["version"] == version
    made = desk.post(f"{where}/decisions", body)
    assert made.status_code == 201
    assert (made.json()["label"], made.json()["policy"], made.json()["source"]) == ("manipulated", "faces", "human")
    assert [one["id"] for one in desk.get(f"{where}/decisions").json()["results"]] == [made.json()["id"]]
    version = desk.get(where).json()["version"]
    error(desk.post(f"{where}/decisions", {**body, "expected_version": version}), 409, "wrong_state")
    error(desk.post(f"{V1}/queue-items/{item.pk}/claim"), 409, "already_decided")


def test_what_somebody_has_is_not_given_twice(
    own: Program, desk: Program, program: Callable[..., Program], person: Callable[..., User], moderator: User
) -> None:
    item = waiting(own, moderator)
    where = f"{V1}/queue-items/{item.pk}"
    other = program(person("second", Role.MODERATOR), "review:read", "review:write")
    assert desk.post(f"{where}/claim").status_code == 200
    error(other.post(f"{where}/claim"), 409, "already_claimed")
    assert desk.post(f"{where}/release").json()["claimed"] is False
    assert other.post(f"{where}/claim").json()["claimed_by_me"]
    passed = other.post(f"{where}/skip", {"cause": "unsure"}).json()
    assert passed["claimed"] is False
    error(other.post(f"{where}/skip", {"cause": "unsure"}), 409, "wrong_state")
    error(other.post(f"{where}/skip", {"cause": "tired"}), 422, "validation_error")


def test_blind_items_tell_nothing_before_the_first_answer(own: Program, desk: Program, moderator: User) -> None:
    item = waiting(own, moderator)
    ReviewItem.objects.update(blind=True)
    where = f"{SCANS}/{item.scan_id}"
    said = desk.get(where).json()
    assert said["assessment"] is None
    assert said["effective"]["outcome"] is None
    assert desk.get(SCANS).json()["results"][0]["assessment"] is None
    for part in ("assessments", "frames", "faces", "artifacts"):
        error(desk.get(f"{where}/{part}"), 409, "blind_first")
    assert desk.get(f"{V1}/queue-items/{item.pk}").json()["reason_codes"] == []
    assert desk.get(f"{V1}/queue-items/{item.pk}").json()["priority"] is None, "it comes of the score"
    for state in ("pending", "claimed", "decided", "held", "appealed", "none"):
        assert desk.get(SCANS, review_state=state).json()["results"] == [], state
    body = {"label": "inconclusive", "expected_version": said["version"]}
    error(desk.post(f"{where}/decisions", body), 409, "blind_first")
    assert desk.post(f"{V1}/queue-items/{item.pk}/first-answer", {"label": "inconclusive"}).status_code == 200
    assert desk.get(where).json()["assessment"]["outcome"]
    assert own.get(where).json()["assessment"]["outcome"], "its owner is told all along"


def test_what_is_judged_apart_is_told_by_no_other_way(
    own: Program, desk: Program, moderator: User, person: Callable[..., User]
) -> None:
    """Somebody has decided; whoever is asked apart learns neither that nor what the models say."""
    scan = waiting(own, moderator).scan
    policy = Policy.objects.create(code="faces", title="Faces", text="x")
    first = person("first", Role.MODERATOR)
    decisions.decide(ReviewItem.objects.open().get(scan=scan), first, Label.MANIPULATED, policy=policy)
    Decision.objects.update(settles_at=timezone.now())
    notifications.tell_settled()
    change_feed.publish()
    routing.put(scan, ReviewQueue.objects.get(slug="review"), Reason.DOUBLE, blind=True)
    where = f"{SCANS}/{scan.pk}"
    assert desk.get(where).json()["effective"] == own.get(where).json()["effective"] | dict.fromkeys(
        ("outcome", "label", "action", "decision_id", "since"), None
    ) | {"source": "model"}
    error(desk.get(f"{where}/decisions"), 409, "blind_first")
    for told in desk.get(f"{V1}/changes").json()["results"]:
        assert (told["effective"], told["before"]) == (None, None)
    for name in ("outcome", "effective"):
        for outcome in Outcome.values:
            assert desk.get(SCANS, **{name: outcome}).json()["results"] == []
    assert own.get(f"{V1}/changes").json()["results"][-1]["effective"]["label"] == "manipulated"
    assert own.get(f"{where}/decisions").json()["results"]


def test_contradicting_the_models_takes_a_policy(own: Program, desk: Program, moderator: User) -> None:
    item = waiting(own, moderator)
    outcome = item.scan.assessment.outcome
    label = next((label for label in Label.values if decisions.contradicts(outcome, label)), None)
    if label is None:
        type(item.scan.assessment).objects.create(
            scan=item.scan, outcome="little_evidence", score=0.1, version="x", inspection={}, panel={}
        )
        label = "manipulated"
    where = f"{SCANS}/{item.scan_id}"
    body = {"label": label, "expected_version": desk.get(where).json()["version"]}
    error(desk.post(f"{where}/decisions", body), 422, "policy_needed")
    error(desk.post(f"{where}/decisions", {**body, "policy": "none"}), 422, "validation_error")
    assert not Decision.objects.exists()


def test_nobody_works_on_their_own_upload(program: Callable[..., Program], moderator: User, bundles: Any) -> None:
    both = program(moderator, "scans:read", "scans:write", "review:read", "review:write")
    scan = Scan.objects.get(pk=both.submit().json()["id"])
    item = queue.add(scan, moderator, ReviewQueue.objects.get(slug="review"))
    assert both.get(f"{V1}/queue-items").json()["results"] == []
    error(both.post(f"{V1}/queue-items/{item.pk}/claim"), 404, "not_found")
    body = {"label": "inconclusive", "expected_version": both.get(f"{SCANS}/{scan.pk}").json()["version"]}
    error(both.post(f"{SCANS}/{scan.pk}/decisions", body), 409, "wrong_state")


def test_queue_items_come_in_the_order_of_work_over_all_pages(desk: Program, moderator: User, uploader: User) -> None:
    scans = make(uploader, 6)
    now = timezone.now()
    for scan, hours, priority in zip(scans, (5, -1, 3, -9, 3, -2), (10, 50, 90, 20, 60, 50), strict=True):
        item = queue.add(scan, moderator, ReviewQueue.objects.get(slug="review"))
        ReviewItem.objects.filter(pk=item.pk).update(due_at=now + dt.timedelta(hours=hours), priority=priority)
    page = desk.get(f"{V1}/queue-items", limit=2).json()
    told = page["results"]
    while page["next"]:
        page = desk.get(page["next"].removeprefix("http://testserver")).json()
        told += page["results"]
    assert [one["scan"] for one in told] == [str(scans[place].pk) for place in (5, 1, 3, 2, 4, 0)]
    assert [one["overdue"] for one in told] == [True] * 3 + [False] * 3
