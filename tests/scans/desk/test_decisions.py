"""Deciding: once for each item, by policy, by two where that is asked for, and taken back within minutes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from scans.models import (
    Action,
    Decision,
    Event,
    Label,
    Policy,
    Reason,
    ReviewItem,
    ReviewQueue,
    Scan,
    SecondLook,
    TrustedSource,
    Unchangeable,
)
from scans.review import appeals, decisions, queue

from .conftest import Clock

pytestmark = pytest.mark.django_db


def test_a_decision_closes_the_item_and_counts(item: ReviewItem, moderator: User) -> None:
    queue.claim(item, moderator)
    decision = decisions.decide(item, moderator, Label.MANIPULATED, action=Action.LABEL, public_note="seen")
    item.refresh_from_db()
    assert item.closed_at
    assert item.holder is None
    assert (decision.overrides, decision.needs_second) == (False, False)
    assert decisions.standing(item.scan) == decision
    assert item.scan.events.get(kind="decided").content["label"] == "manipulated"
    decision.label = Label.INCONCLUSIVE
    with pytest.raises(Unchangeable):
        decision.save()


def test_to_contradict_the_models_takes_a_policy(item: ReviewItem, moderator: User, policy: Policy) -> None:
    with pytest.raises(decisions.PolicyNeeded):
        decisions.decide(item, moderator, Label.NOT_MANIPULATED)
    assert ReviewItem.objects.open().exists()
    assert decisions.decide(item, moderator, Label.NOT_MANIPULATED, policy=policy).overrides


def test_the_slower_one_learns_what_was_said(item: ReviewItem, moderator: User, person: Callable[..., User]) -> None:
    first = decisions.decide(item, moderator, Label.MANIPULATED)
    with pytest.raises(decisions.AlreadyDecided) as late:
        decisions.decide(item, person("other", Role.MODERATOR), Label.INCONCLUSIVE)
    assert late.value.decision == first
    assert Decision.objects.count() == 1


def test_nobody_decides_about_an_upload_of_ones_own(
    item: ReviewItem, moderator: User, uploader: User, auditor: User
) -> None:
    Scan.objects.update(owner=moderator)
    item.refresh_from_db()
    for somebody in (moderator, uploader, auditor):
        with pytest.raises(queue.NotYours):
            decisions.decide(item, somebody, Label.MANIPULATED)


@pytest.fixture
def sure(judged: Callable[..., Scan]) -> ReviewItem:
    return judged(score=0.97).items.get()


def test_against_a_sure_model_it_takes_two(sure: ReviewItem, moderator: User, lead: User, policy: Policy) -> None:
    decision = decisions.decide(sure, moderator, Label.NOT_MANIPULATED, policy=policy)
    assert decision.needs_second
    assert decisions.standing(sure.scan) is None
    waiting = ReviewItem.objects.open().get(scan=sure.scan)
    assert (waiting.queue.slug, [one.reason for one in waiting.reasons.all()]) == ("leads", [Reason.SECOND])
    for somebody in (moderator, sure.scan.owner):
        with pytest.raises(queue.NotYours):
            decisions.answer(decision, somebody, SecondLook.Verdict.APPROVE)
    decisions.answer(decision, lead, SecondLook.Verdict.APPROVE)
    assert decisions.standing(sure.scan) == decision
    assert not ReviewItem.objects.open().exists()
    with pytest.raises(decisions.AlreadyDecided):
        decisions.answer(decision, lead, SecondLook.Verdict.REJECT)


def test_turned_down_it_goes_back_and_cancelled_it_goes_away(
    judged: Callable[..., Scan], moderator: User, lead: User, policy: Policy
) -> None:
    for verdict, left in ((SecondLook.Verdict.REJECT, [Reason.OPINION]), (SecondLook.Verdict.CANCEL, [])):
        item = judged(score=0.97).items.get()
        decision = decisions.decide(item, moderator, Label.NOT_MANIPULATED, policy=policy)
        decisions.answer(decision, lead, verdict, note="no")
        assert decisions.standing(item.scan) is None
        opened = ReviewItem.objects.open().filter(scan=item.scan)
        assert [one.reason for waiting in opened for one in waiting.reasons.all()] == left


def test_removal_and_some_policies_take_two(judged: Callable[..., Scan], moderator: User, policy: Policy) -> None:
    assert decisions.decide(judged().items.get(), moderator, Label.MANIPULATED, action=Action.REMOVE).needs_second
    policy.two_people = True
    policy.save()
    assert decisions.decide(judged().items.get(), moderator, Label.MANIPULATED, policy=policy).needs_second


def test_within_five_minutes_it_can_be_taken_back(item: ReviewItem, moderator: User, lead: User, clock: Clock) -> None:
    decision = decisions.decide(item, moderator, Label.MANIPULATED)
    with pytest.raises(queue.NotYours):
        decisions.undo(decision, lead)
    clock.later(seconds=299)
    decisions.undo(decision, moderator)
    assert decisions.standing(item.scan) is None
    item.refresh_from_db()
    assert item.closed_at is None
    again = decisions.decide(item, moderator, Label.INCONCLUSIVE)
    clock.later(seconds=300)
    with pytest.raises(decisions.TooLate):
        decisions.undo(again, moderator)
    assert decisions.standing(item.scan) == again


def test_a_held_decision_can_be_taken_back_with_its_waiting(sure: ReviewItem, moderator: User, policy: Policy) -> None:
    decision = decisions.decide(sure, moderator, Label.NOT_MANIPULATED, policy=policy)
    decisions.undo(decision, moderator)
    assert ReviewItem.objects.open().get() == sure


def test_a_later_decision_takes_the_place_of_an_earlier_one(item: ReviewItem, moderator: User, lead: User) -> None:
    first = decisions.decide(item, moderator, Label.MANIPULATED)
    with pytest.raises(queue.NotYours):
        decisions.reopen(first, moderator)
    again = decisions.reopen(first, lead, note="new evidence")
    second = decisions.decide(again, lead, Label.INCONCLUSIVE)
    assert second.supersedes == first
    assert decisions.standing(item.scan) == second
    assert Decision.objects.count() == 2


def test_many_are_decided_together_or_none(judged: Callable[..., Scan], moderator: User) -> None:
    items = [judged().items.get() for _ in range(5)]
    decisions.decide(items[3], moderator, Label.MANIPULATED)
    with pytest.raises(decisions.AlreadyDecided):
        decisions.decide_all(items, moderator, Label.MANIPULATED)
    assert Decision.objects.count() == 1
    made = decisions.decide_all([one for one in items if one != items[3]], moderator, Label.MANIPULATED)
    assert decisions.undo_all(made[0].group, moderator) == 4  # type: ignore[arg-type]
    assert ReviewItem.objects.open().count() == 4
    with pytest.raises(ValueError, match="200"):
        decisions.decide_all([items[0]] * 201, moderator, Label.MANIPULATED)


def test_a_queues_roles_hold_for_deciding_and_answering_too(
    item: ReviewItem, sure: ReviewItem, moderator: User, person: Callable[..., User], lead: User, policy: Policy
) -> None:
    other = person("other", Role.MODERATOR)
    item.queue = ReviewQueue.objects.get(slug="leads")
    item.save()
    with pytest.raises(queue.NotYours):
        decisions.decide(item, other, Label.MANIPULATED)
    held = decisions.decide(sure, moderator, Label.NOT_MANIPULATED, policy=policy)
    with pytest.raises(queue.NotYours):
        decisions.answer(held, other, SecondLook.Verdict.APPROVE)
    with pytest.raises(decisions.AlreadyDecided) as waits:
        decisions.decide(ReviewItem.objects.open().get(scan=sure.scan), lead, Label.INCONCLUSIVE)
    assert waits.value.decision == held, "it waits for an answer, not for another decision"
    assert decisions.answer(held, lead, SecondLook.Verdict.APPROVE).person == lead


def test_what_somebody_holds_nobody_else_decides(
    item: ReviewItem, moderator: User, lead: User, person: Callable[..., User]
) -> None:
    queue.claim(item, moderator)
    for one in (lead, person("other", Role.MODERATOR)):
        with pytest.raises(queue.Taken):
            decisions.decide(item, one, Label.MANIPULATED)
    queue.assign(item, moderator, lead)
    queue.take_over(item, lead)
    assert decisions.decide(item, lead, Label.MANIPULATED).decider == lead


def test_the_database_itself_keeps_what_was_decided(item: ReviewItem, moderator: User) -> None:
    decision = decisions.decide(item, moderator, Label.MANIPULATED)
    event = decision.scan.events.get(kind="decided")
    for rows, change in (
        (Decision.objects.filter(pk=decision.pk), {"label": Label.NOT_MANIPULATED}),
        (Decision.objects.filter(pk=decision.pk), {"decider": item.scan.owner}),
        (Event.objects.filter(pk=event.pk), {"content": {}}),
        (Event.objects.filter(pk=event.pk), {"actor": None}),
    ):
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            rows.update(**change)
    if connection.vendor == "postgresql":
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            Decision.objects.filter(pk=decision.pk).delete()
    decision.refresh_from_db()
    assert decision.label == Label.MANIPULATED
    Event.objects.filter(pk=event.pk).update(published_at=timezone.now())


def test_a_trusted_source_is_less_urgent_and_no_more(
    judged: Callable[..., Scan], uploader: User, moderator: User
) -> None:
    before = ReviewItem.objects.get(scan=judged())
    TrustedSource.objects.create(person=uploader, note="the public broadcaster")
    after = ReviewItem.objects.get(scan=judged())
    assert after.priority == before.priority - 30
    assert (after.queue, after.scan.assessment.outcome) == (before.queue, before.scan.assessment.outcome)
    assert decisions.decide(after, moderator, Label.MANIPULATED).label == Label.MANIPULATED


def test_that_somebody_at_the_desk_opened_the_file_is_written_down(
    bundles: Path, upload: Callable[..., Scan], moderator: User, uploader: User, as_user: Callable[..., Client]
) -> None:
    scan = upload()
    for who in (moderator, uploader, moderator):
        b"".join(as_user(who).get(f"/scans/{scan.pk}/media/").streaming_content)
    assert [event.actor for event in scan.events.filter(kind="viewed")] == [moderator]
    assert not scan.events.for_uploaders().filter(kind="viewed").exists()


def test_who_approves_or_answers_an_appeal_sees_what_it_is_about(
    settings: Any, judged: Callable[..., Scan], moderator: User, lead: User, uploader: User, clock: Clock
) -> None:
    settings.BLIND_PERCENT = 100
    item = ReviewItem.objects.get(scan=judged())
    assert item.blind
    queue.first_answer(item, moderator, Label.MANIPULATED)
    decision = decisions.decide(item, moderator, Label.MANIPULATED, action=Action.REMOVE)
    assert not ReviewItem.objects.open().get(scan=item.scan).blind
    decisions.answer(decision, lead, SecondLook.Verdict.APPROVE)
    clock.later(minutes=6)
    appeals.make(decision, uploader, "No.")
    assert not ReviewItem.objects.open().get(scan=item.scan).blind
