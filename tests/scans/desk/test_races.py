"""Many at the same moment: one holder, one decision."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections

from accounts.models import User
from accounts.roles import Role
from scans.analysis import routing
from scans.models import (
    Decision,
    Label,
    Reason,
    ReviewItem,
    ReviewQueue,
    Scan,
)
from scans.review import decisions, queue

pytestmark = pytest.mark.django_db


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
    return [person(f"mod{number}", Role.MODERATOR) for number in range(count)]


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
    held = [one for one in got if isinstance(one, ReviewItem)]
    assert len(held) == count
    assert {one.pk for one in held} == {one.pk for one in items}
    others = [one for one in got if not isinstance(one, ReviewItem)]
    assert all(isinstance(one, queue.Taken) and one.item.holder_id for one in others), others


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_everybody_asks_for_the_next_and_none_is_given_twice(person: Callable[..., User], uploader: User) -> None:
    people, review = crew(8, person), ReviewQueue.objects.get(slug="review")
    for number in range(5):
        scan = Scan.objects.create(owner=uploader, name=f"{number}", sha256="0" * 64, bytes=1, status="analysed")
        routing.put(scan, review, Reason.HAND)
    got = race(len(people), lambda number: queue.next_for(people[number]))
    held = [one.pk for one in got if isinstance(one, ReviewItem)]
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
