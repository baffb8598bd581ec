"""Holding items: one person each, for as long as there is a sign of life."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from scans.models import Action, Label, ReviewItem, ReviewQueue, Scan, SecondLook, Skip
from scans.review import appeals, decisions, queue

from .conftest import NOW, Clock

pytestmark = pytest.mark.django_db


def test_one_holds_it_for_a_quarter_of_an_hour_or_as_long_as_there_is_life(
    item: ReviewItem, moderator: User, person: Callable[..., User], clock: Clock
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


def test_released_it_is_free_at_once(item: ReviewItem, moderator: User, person: Callable[..., User]) -> None:
    queue.claim(item, moderator)
    queue.release(item, moderator)
    assert queue.next_for(person("other", Role.MODERATOR)) == item


def test_the_most_urgent_comes_first_and_never_ones_own(
    judged: Callable[..., Scan], moderator: User, person: Callable[..., User]
) -> None:
    late, early, weighty = (judged().items.get() for _ in range(3))
    soon = timezone.now() + dt.timedelta(hours=1)
    ReviewItem.objects.filter(pk__in=(early.pk, weighty.pk)).update(due_at=soon)
    ReviewItem.objects.filter(pk=weighty.pk).update(priority=99)
    assert [queue.next_for(moderator) for _ in range(2)] == [weighty, weighty], "it has that one until it is done"
    other = person("other", Role.MODERATOR)
    assert queue.next_for(other) == early
    Scan.objects.filter(pk=late.scan_id).update(owner=other)
    queue.release(early, other)
    queue.claim(early, moderator)
    assert queue.next_for(other) is None
    with pytest.raises(queue.NotYours):
        queue.claim(late, other)


def test_a_queue_is_for_its_roles(item: ReviewItem, moderator: User, lead: User, uploader: User, auditor: User) -> None:
    item.queue = ReviewQueue.objects.get(slug="leads")
    item.save()
    assert queue.next_for(moderator) is None
    for somebody in (moderator, uploader, auditor):
        with pytest.raises(queue.NotYours):
            queue.claim(item, somebody)
    assert queue.next_for(lead) == item


def test_skipped_three_times_it_is_a_leads(item: ReviewItem, person: Callable[..., User]) -> None:
    for number in range(3):
        somebody = person(f"mod{number}", Role.MODERATOR)
        assert queue.next_for(somebody) == item
        queue.skip(item, somebody, Skip.Cause.UNSURE)
        assert queue.next_for(somebody) is None, "it does not come back to who let it pass"
    item.refresh_from_db()
    assert (item.skips, item.queue.slug) == (3, "leads")
    with pytest.raises(queue.NotYours):
        queue.skip(item, somebody, Skip.Cause.UNSURE)


def test_a_lead_takes_over_and_assigns(
    item: ReviewItem, moderator: User, lead: User, person: Callable[..., User]
) -> None:
    other = person("other", Role.MODERATOR)
    queue.claim(item, moderator)
    with pytest.raises(queue.NotYours):
        queue.take_over(item, other)
    assert queue.take_over(item, lead).holder == lead
    assert item.scan.events.get(kind="taken_over").content == {"from": str(moderator.pk)}
    queue.assign(item, other, lead)
    assert queue.next_for(moderator) is None
    assert queue.next_for(other) == item


def test_whoever_decided_is_not_given_what_another_should_look_at(
    judged: Callable[..., Scan], lead: User, person: Callable[..., User], uploader: User, clock: Clock
) -> None:
    other = person("other", Role.LEAD)
    item = ReviewItem.objects.get(scan=judged())
    decision = decisions.decide(item, lead, Label.MANIPULATED, action=Action.REMOVE)
    assert queue.next_for(lead) is None, "the held one waits for a second person"
    held = queue.next_for(other)
    assert held is not None
    decisions.answer(decision, other, SecondLook.Verdict.APPROVE)
    clock.later(minutes=6)
    appeals.make(decision, uploader, "It is my own face.")
    assert queue.next_for(lead) is None, "the appeal too"
    assert queue.next_for(other) is not None
