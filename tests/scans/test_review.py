"""The desk's verbs: items come by rule, one person holds each, one decision is made of it, and it can be taken back."""

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from scans import routing
from scans.models import (
    Action,
    Decision,
    Item,
    Label,
    Outcome,
    Policy,
    Reason,
    ReviewQueue,
    Rule,
    Scan,
    SecondLook,
    Skip,
    Unchangeable,
)
from scans.review import decisions, queue

pytestmark = pytest.mark.django_db
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
def item(judged: Callable[..., Scan]) -> Item:
    return Item.objects.get(scan=judged())


@pytest.fixture
def policy() -> Policy:
    return Policy.objects.create(code="satire", title="Satire", text="Satire that says so stays.")


def why(scan: Scan) -> list[str]:
    return [one.reason for item in scan.items.all() for one in item.reasons.all()]


# -- Why an item is here -----------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [Outcome.LIKELY_MANIPULATED, Outcome.INCONCLUSIVE])
def test_the_shipped_rules_take_what_looks_manipulated_or_unclear(outcome: str, judged: Callable[..., Scan]) -> None:
    scan = judged(outcome)
    assert why(scan) == [Reason.OUTCOME]
    item = scan.items.get()
    assert item.queue.slug == "review"
    assert item.due_at - item.opened_at < dt.timedelta(hours=24, minutes=1)


def test_of_the_rest_two_in_a_hundred_are_drawn(judged: Callable[..., Scan]) -> None:
    drawn = [why(judged(Outcome.LITTLE_EVIDENCE, 0.1)) for _ in range(400)]
    assert 1 <= drawn.count([Reason.AUDIT]) <= 20
    assert drawn.count([]) + drawn.count([Reason.AUDIT]) == 400


def test_a_rule_is_data_and_its_dry_run_says_what_it_would_do(judged: Callable[..., Scan]) -> None:
    for score in (0.1, 0.3, 0.5, 0.7):
        judged(Outcome.LITTLE_EVIDENCE, score)
    judged(Outcome.LITTLE_EVIDENCE, 0.4, codes=["bundles_disagree"])
    review = ReviewQueue.objects.get(slug="review")
    band = Rule(name="middle", reason=Reason.BAND, lowest=0.25, highest=0.55, queue=review)
    assert routing.fitting(band, timezone.now() - dt.timedelta(days=1)) == (3, 5)
    disagree = Rule(name="unlike", reason=Reason.DISAGREE, queue=review, priority=90, hours=1)
    assert routing.fitting(disagree, timezone.now() - dt.timedelta(days=1)) == (1, 5)
    assert routing.fitting(band, timezone.now() + dt.timedelta(days=1)) == (0, 0)
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


def test_what_was_decided_is_not_asked_again_unless_the_models_say_something_else(item: Item, moderator: User) -> None:
    decisions.decide(item, moderator, Label.MANIPULATED)
    routing.route(item.scan, item.scan.assessment)
    assert not Item.objects.open().exists()
    routing.route(item.scan, item.scan.assessments.create(outcome=Outcome.INCONCLUSIVE, score=0.5, version="2"))
    assert Item.objects.open().count() == 1


def test_a_lookalike_of_a_flagged_file_comes_to_the_desk(
    bundles: Path, upload: Callable[..., Scan], moderator: User
) -> None:
    from ..detection import files

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
    item = queue.add(scan, moderator, ReviewQueue.objects.get(slug="review"), said="asked by mail", due_at=due)
    assert (why(scan), item.due_at, item.reasons.get().said) == ([Reason.HAND], due, "asked by mail")
    assert scan.events.filter(kind="queued_for_review", actor=moderator).exists()


# -- Holding -----------------------------------------------------------------------------------------


def test_one_holds_it_for_a_quarter_of_an_hour_or_as_long_as_there_is_life(
    item: Item, moderator: User, person: Callable[..., User], clock: Clock
) -> None:
    other = person("other", Role.MODERATOR)
    queue.claim(item, moderator)
    with pytest.raises(queue.Taken) as taken:
        queue.claim(item, other)
    assert taken.value.item.holder == moderator
    for _ in range(3):
        clock.later(minutes=10)
        assert queue.heartbeat(item, moderator)
    assert not queue.heartbeat(item, other)
    clock.later(minutes=16)
    assert not queue.heartbeat(item, moderator), "the lease has ended"
    assert queue.claim(item, other).holder == other
    assert item.first_claimed_at == NOW
    assert item.last_claimed_at == clock.now
    assert item.active_seconds == 180, "ten minutes of silence count as one of work"


def test_released_it_is_free_at_once(item: Item, moderator: User, person: Callable[..., User]) -> None:
    queue.claim(item, moderator)
    queue.release(item, moderator)
    assert queue.next_for(person("other", Role.MODERATOR)) == item


def test_the_most_urgent_comes_first_and_never_ones_own(
    judged: Callable[..., Scan], moderator: User, person: Callable[..., User]
) -> None:
    late, early, weighty = (judged().items.get() for _ in range(3))
    soon = timezone.now() + dt.timedelta(hours=1)
    Item.objects.filter(pk__in=(early.pk, weighty.pk)).update(due_at=soon)
    Item.objects.filter(pk=weighty.pk).update(priority=99)
    assert [queue.next_for(moderator) for _ in range(2)] == [weighty, weighty], "it has that one until it is done"
    other = person("other", Role.MODERATOR)
    assert queue.next_for(other) == early
    Scan.objects.filter(pk=late.scan_id).update(owner=other)
    queue.release(early, other)
    queue.claim(early, moderator)
    assert queue.next_for(other) is None
    with pytest.raises(queue.NotYours):
        queue.claim(late, other)


def test_a_queue_is_for_its_roles(item: Item, moderator: User, lead: User, uploader: User, auditor: User) -> None:
    item.queue = ReviewQueue.objects.get(slug="leads")
    item.save()
    assert queue.next_for(moderator) is None
    for somebody in (moderator, uploader, auditor):
        with pytest.raises(queue.NotYours):
            queue.claim(item, somebody)
    assert queue.next_for(lead) == item


def test_skipped_three_times_it_is_a_leads(item: Item, person: Callable[..., User]) -> None:
    for number in range(3):
        somebody = person(f"mod{number}", Role.MODERATOR)
        assert queue.next_for(somebody) == item
        queue.skip(item, somebody, Skip.Cause.UNSURE)
        assert queue.next_for(somebody) is None, "it does not come back to who let it pass"
    item.refresh_from_db()
    assert (item.skips, item.queue.slug) == (3, "leads")
    with pytest.raises(queue.NotYours):
        queue.skip(item, somebody, Skip.Cause.UNSURE)


def test_a_lead_takes_over_and_assigns(item: Item, moderator: User, lead: User, person: Callable[..., User]) -> None:
    other = person("other", Role.MODERATOR)
    queue.claim(item, moderator)
    with pytest.raises(queue.NotYours):
        queue.take_over(item, other)
    assert queue.take_over(item, lead).holder == lead
    assert item.scan.events.get(kind="taken_over").content == {"from": str(moderator.pk)}
    queue.assign(item, other, lead)
    assert queue.next_for(moderator) is None
    assert queue.next_for(other) == item


# -- Deciding ----------------------------------------------------------------------------------------


def test_a_decision_closes_the_item_and_counts(item: Item, moderator: User) -> None:
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


def test_to_contradict_the_models_takes_a_policy(item: Item, moderator: User, policy: Policy) -> None:
    with pytest.raises(decisions.PolicyNeeded):
        decisions.decide(item, moderator, Label.NOT_MANIPULATED)
    assert Item.objects.open().exists()
    assert decisions.decide(item, moderator, Label.NOT_MANIPULATED, policy=policy).overrides


def test_the_slower_one_learns_what_was_said(item: Item, moderator: User, person: Callable[..., User]) -> None:
    first = decisions.decide(item, moderator, Label.MANIPULATED)
    with pytest.raises(decisions.AlreadyDecided) as late:
        decisions.decide(item, person("other", Role.MODERATOR), Label.INCONCLUSIVE)
    assert late.value.decision == first
    assert Decision.objects.count() == 1


def test_nobody_decides_about_an_upload_of_ones_own(item: Item, moderator: User, uploader: User, auditor: User) -> None:
    Scan.objects.update(owner=moderator)
    item.refresh_from_db()
    for somebody in (moderator, uploader, auditor):
        with pytest.raises(queue.NotYours):
            decisions.decide(item, somebody, Label.MANIPULATED)


@pytest.fixture
def sure(judged: Callable[..., Scan]) -> Item:
    return judged(score=0.97).items.get()


def test_against_a_sure_model_it_takes_two(sure: Item, moderator: User, lead: User, policy: Policy) -> None:
    decision = decisions.decide(sure, moderator, Label.NOT_MANIPULATED, policy=policy)
    assert decision.needs_second
    assert decisions.standing(sure.scan) is None
    waiting = Item.objects.open().get(scan=sure.scan)
    assert (waiting.queue.slug, [one.reason for one in waiting.reasons.all()]) == ("leads", [Reason.SECOND])
    for somebody in (moderator, sure.scan.owner):
        with pytest.raises(queue.NotYours):
            decisions.answer(decision, somebody, SecondLook.Verdict.APPROVE)
    decisions.answer(decision, lead, SecondLook.Verdict.APPROVE)
    assert decisions.standing(sure.scan) == decision
    assert not Item.objects.open().exists()
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
        opened = Item.objects.open().filter(scan=item.scan)
        assert [one.reason for waiting in opened for one in waiting.reasons.all()] == left


def test_removal_and_some_policies_take_two(judged: Callable[..., Scan], moderator: User, policy: Policy) -> None:
    assert decisions.decide(judged().items.get(), moderator, Label.MANIPULATED, action=Action.REMOVE).needs_second
    policy.two_people = True
    policy.save()
    assert decisions.decide(judged().items.get(), moderator, Label.MANIPULATED, policy=policy).needs_second


def test_within_five_minutes_it_can_be_taken_back(item: Item, moderator: User, lead: User, clock: Clock) -> None:
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


def test_a_held_decision_can_be_taken_back_with_its_waiting(sure: Item, moderator: User, policy: Policy) -> None:
    decision = decisions.decide(sure, moderator, Label.NOT_MANIPULATED, policy=policy)
    decisions.undo(decision, moderator)
    assert Item.objects.open().get() == sure


def test_a_later_decision_takes_the_place_of_an_earlier_one(item: Item, moderator: User, lead: User) -> None:
    first = decisions.decide(item, moderator, Label.MANIPULATED)
    with pytest.raises(queue.NotYours):
        decisions.reopen(first, moderator)
    again = decisions.reopen(first, lead, said="new evidence")
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
    assert Item.objects.open().count() == 4
    with pytest.raises(ValueError, match="200"):
        decisions.decide_all([items[0]] * 201, moderator, Label.MANIPULATED)


def test_a_queues_roles_hold_for_deciding_and_answering_too(
    item: Item, sure: Item, moderator: User, person: Callable[..., User], lead: User, policy: Policy
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
        decisions.decide(Item.objects.open().get(scan=sure.scan), lead, Label.INCONCLUSIVE)
    assert waits.value.decision == held, "it waits for an answer, not for another decision"
    assert decisions.answer(held, lead, SecondLook.Verdict.APPROVE).person == lead


def test_what_somebody_holds_nobody_else_decides(
    item: Item, moderator: User, lead: User, person: Callable[..., User]
) -> None:
    queue.claim(item, moderator)
    for one in (lead, person("other", Role.MODERATOR)):
        with pytest.raises(queue.Taken):
            decisions.decide(item, one, Label.MANIPULATED)
    queue.assign(item, moderator, lead)
    queue.take_over(item, lead)
    assert decisions.decide(item, lead, Label.MANIPULATED).decider == lead


# -- Races -------------------------------------------------------------------------------------------


def race(count: int, act: Callable[[int], Any]) -> list[Any]:
    """All at the same moment, each over a connection of its own."""
    barrier, results = threading.Barrier(count), [None] * count

    def run(number: int) -> None:
        try:
            barrier.wait(30)
            results[number] = act(number)
        except Exception as error:
            results[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def crew(count: int, person: Callable[..., User]) -> list[User]:
    return [person(f"mod{number}", Role.MODERATOR, second_factor=False) for number in range(count)]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_thirty_people_ten_items_each_has_one_holder(person: Callable[..., User], uploader: User) -> None:
    if connection.vendor != "postgresql":
        people, count = crew(6, person), 3  # SQLite lets one write at a time: the rules are the same, the crowd smaller
    else:
        people, count = crew(30, person), 10
    review = ReviewQueue.objects.get(slug="review")
    items = []
    for number in range(count):
        scan = Scan.objects.create(owner=uploader, name=f"{number}", sha256="0" * 64, bytes=1, status="analysed")
        items.append(routing.put(scan, review, Reason.HAND))
    got = race(len(people), lambda number: queue.claim(items[number % count], people[number]))
    held = [one for one in got if isinstance(one, Item)]
    assert len(held) == count
    assert {one.pk for one in held} == {one.pk for one in items}
    others = [one for one in got if not isinstance(one, Item)]
    assert all(isinstance(one, queue.Taken) and one.item.holder_id for one in others), others


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_everybody_asks_for_the_next_and_none_is_given_twice(person: Callable[..., User], uploader: User) -> None:
    people, review = crew(8, person), ReviewQueue.objects.get(slug="review")
    for number in range(5):
        scan = Scan.objects.create(owner=uploader, name=f"{number}", sha256="0" * 64, bytes=1, status="analysed")
        routing.put(scan, review, Reason.HAND)
    got = race(len(people), lambda number: queue.next_for(people[number]))
    held = [one.pk for one in got if isinstance(one, Item)]
    assert len(held) == len(set(held)) == 5
    assert got.count(None) == 3


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_deciding_at_the_same_moment_makes_one_decision(person: Callable[..., User], uploader: User) -> None:
    people, review = crew(8, person), ReviewQueue.objects.get(slug="review")
    scan = Scan.objects.create(owner=uploader, name="a", sha256="0" * 64, bytes=1, status="analysed")
    item = routing.put(scan, review, Reason.HAND)
    got = race(len(people), lambda number: decisions.decide(item, people[number], Label.INCONCLUSIVE))
    assert sum(isinstance(one, Decision) for one in got) == 1
    assert all(isinstance(one, (Decision, decisions.AlreadyDecided)) for one in got), got
    assert Decision.objects.count() == 1
