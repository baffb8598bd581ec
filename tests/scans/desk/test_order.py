"""Overdue first, then by priority, then by due date: in the list, for whoever claims the next item, and by program."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.roles import Role
from scans.models import ReviewItem, Scan
from scans.review import queue

from .conftest import NOW, Clock

pytestmark = pytest.mark.django_db
# Name, hours until it is due, priority; in the order in which they should be worked on.
ORDER = (
    ("late and weighty", -1, 80), ("later and light", -5, 20), ("late and light", -2, 20), ("weighty", 48, 90),
    ("soon", 1, 50), ("less soon", 2, 50), ("light", 1, 10),
)  # fmt: skip
BY_PLACE = [name for name, _hours, _priority in sorted(ORDER, key=lambda one: (one[1] > 0, -one[2], one[1]))]


@pytest.fixture
def waiting(judged: Callable[..., Scan], clock: Clock, settings: Any) -> dict[str, ReviewItem]:
    settings.BLIND_PERCENT = 0
    made = {}
    for name, hours, priority in ORDER[::-1]:
        scan = judged()
        Scan.objects.filter(pk=scan.pk).update(name=name)
        ReviewItem.objects.filter(scan=scan).update(
            due_at=NOW + dt.timedelta(hours=hours), priority=priority, blind=False
        )
        made[name] = ReviewItem.objects.get(scan=scan)
    return made


def test_the_list_is_in_the_order_of_work_and_says_why(
    waiting: dict[str, ReviewItem], moderator: User, as_user: Callable[..., Client]
) -> None:
    page = as_user(moderator).get("/admin/scans/reviewitem/").content.decode()
    places = [page.index(f">{name}</a>") for name in BY_PLACE]
    assert places == sorted(places)
    assert BY_PLACE[0] == "late and weighty"
    assert "Overdue for 1\xa0hour, priority 80" in page
    assert "Priority 90, due in 2\xa0days" in page


def test_whoever_claims_the_next_gets_them_in_that_order(
    waiting: dict[str, ReviewItem], person: Callable[..., User]
) -> None:
    given = [queue.next_for(person(f"mod{number}", Role.MODERATOR)) for number in range(len(ORDER))]
    assert [item.scan.name for item in given if item] == BY_PLACE


def test_the_review_page_says_why_it_is_its_turn(
    waiting: dict[str, ReviewItem], moderator: User, as_user: Callable[..., Client]
) -> None:
    client = as_user(moderator)
    where = reverse("admin:scans_reviewitem_change", args=[waiting["late and light"].pk])
    assert "overdue for 2\xa0hours, priority 20" in client.get(where).content.decode()


def test_the_priority_of_an_item_that_is_judged_blind_is_not_told(
    waiting: dict[str, ReviewItem], moderator: User, as_user: Callable[..., Client]
) -> None:
    ReviewItem.objects.update(blind=True)
    client = as_user(moderator)
    where = reverse("admin:scans_reviewitem_change", args=[waiting["weighty"].pk])
    for page in (client.get("/admin/scans/reviewitem/"), client.get(where)):
        assert "riority 90" not in page.content.decode()
