"""Why an item is here: rules, feedback, look-alikes, chance, or by hand."""

import datetime as dt
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import User
from scans.analysis import routing
from scans.models import (
    Label,
    Outcome,
    Policy,
    Reason,
    ReviewItem,
    ReviewQueue,
    Rule,
    Scan,
)
from scans.review import decisions, queue

from .conftest import NOW, Clock, why

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("outcome", [Outcome.LIKELY_MANIPULATED, Outcome.INCONCLUSIVE])
def test_the_shipped_rules_take_what_looks_manipulated_or_unclear(outcome: str, judged: Callable[..., Scan]) -> None:
    scan = judged(outcome)
    assert why(scan) == [Reason.OUTCOME]
    item = scan.items.get()
    assert item.queue.slug == "review"
    assert item.due_at - item.opened_at < dt.timedelta(hours=24, minutes=1)


def test_a_share_of_two_in_a_hundred_draws_about_as_many() -> None:
    """By the scan's id, so that the same scan is always drawn or never: fixed ids give a fixed number."""
    assert sum(Rule(pk=1, share=0.02).draws(uuid.UUID(int=number)) for number in range(4000)) == pytest.approx(80, 0.25)


def test_of_the_rest_only_what_the_audit_draws_is_queued(judged: Callable[..., Scan]) -> None:
    assert why(judged(Outcome.LITTLE_EVIDENCE, 0.1)) == []
    Rule.objects.filter(reason=Reason.AUDIT).update(share=1.0)
    assert why(judged(Outcome.LITTLE_EVIDENCE, 0.1)) == [Reason.AUDIT]
    assert why(judged(Outcome.NOT_APPLICABLE, None)) == [Reason.AUDIT]


def test_a_rule_is_data_and_its_dry_run_says_what_it_would_do(judged: Callable[..., Scan]) -> None:
    for score in (0.1, 0.3, 0.5, 0.7):
        judged(Outcome.LITTLE_EVIDENCE, score)
    judged(Outcome.LITTLE_EVIDENCE, 0.4, codes=["bundles_disagree"])
    review = ReviewQueue.objects.get(slug="review")
    band = Rule(name="middle", reason=Reason.BAND, lowest=0.25, highest=0.55, queue=review)
    assert routing.count_fitting(band, timezone.now() - dt.timedelta(days=1)) == (3, 5)
    disagree = Rule(name="unlike", reason=Reason.DISAGREE, queue=review, priority=90, hours=1)
    assert routing.count_fitting(disagree, timezone.now() - dt.timedelta(days=1)) == (1, 5)
    assert routing.count_fitting(band, timezone.now() + dt.timedelta(days=1)) == (0, 0)
    band.save()
    disagree.save()
    scan = judged(Outcome.LITTLE_EVIDENCE, 0.4, codes=["bundles_disagree"])
    assert why(scan) == [Reason.DISAGREE, Reason.BAND], "the weightiest first"
    item = scan.items.get()
    assert item.priority == 90
    assert item.due_at - item.opened_at < dt.timedelta(hours=1, minutes=1)
    Rule.objects.update(active=False)
    assert why(judged()) == []


def test_feedback_and_a_later_look_add_reasons_to_the_same_item(judged: Callable[..., Scan]) -> None:
    scan = judged(Outcome.INCONCLUSIVE, 0.5)
    due = scan.items.get().due_at
    routing.feedback_given(scan, scan.assessment)
    routing.route(scan, scan.assessment)
    assert why(scan) == [Reason.OUTCOME, Reason.FEEDBACK, Reason.OUTCOME]
    item = scan.items.get()
    assert (item.priority, item.due_at) == (60, due)


def test_what_was_decided_is_not_asked_again_unless_the_models_say_something_else(
    item: ReviewItem, moderator: User
) -> None:
    decisions.decide(item, moderator, Label.MANIPULATED)
    routing.route(item.scan, item.scan.assessment)
    assert not ReviewItem.objects.open().exists()
    routing.route(item.scan, item.scan.assessments.create(outcome=Outcome.INCONCLUSIVE, score=0.5, version="2"))
    assert ReviewItem.objects.open().count() == 1


def test_a_lookalike_of_a_flagged_file_comes_to_the_desk(
    bundles: Path, upload: Callable[..., Scan], moderator: User
) -> None:
    from ...detection import files

    Rule.objects.exclude(reason=Reason.LOOKALIKE).update(active=False)
    first = upload(files.still("jpeg"))
    review = ReviewQueue.objects.get(slug="review")
    item = queue.add(first, moderator, review)
    policy = Policy.objects.create(code="x", title="x", text="x")
    decisions.decide(item, moderator, Label.MANIPULATED, policy=policy)
    second = upload(files.still("png"))
    assert why(second) == [Reason.LOOKALIKE]


def test_by_hand_any_scan_comes_to_the_desk(judged: Callable[..., Scan], moderator: User, clock: Clock) -> None:
    scan = judged(Outcome.NOT_APPLICABLE, None)
    scan.items.all().delete()
    due = NOW + dt.timedelta(hours=2)
    item = queue.add(scan, moderator, ReviewQueue.objects.get(slug="review"), note="asked by mail", due_at=due)
    assert (why(scan), item.due_at, item.reasons.get().detail) == ([Reason.HAND], due, "asked by mail")
    assert scan.events.filter(kind="queued_for_review", actor=moderator).exists()
