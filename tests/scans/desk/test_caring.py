"""The desk cares: what one need not see, how it is shown, when to rest; and views of the queue under a name."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.roles import Role
from scans.models import DeskSettings, Exposure, HarmTag, ReviewItem, SavedFilter, Scan
from scans.review import caring, queue

from .conftest import Clock

pytestmark = pytest.mark.django_db
LIST = "/admin/scans/reviewitem/"


def page_of(item: ReviewItem) -> str:
    return reverse("admin:scans_reviewitem_change", args=[item.pk])


def test_what_somebody_avoids_goes_to_others(
    item: ReviewItem, moderator: User, person: Callable[..., User], as_user: Callable[..., Client]
) -> None:
    other = person("other", Role.MODERATOR)
    client = as_user(other)
    client.post(f"{LIST}settings/", {"blur": "on", "grey": "on", "avoids": ["violence"]})
    as_user(moderator).post(page_of(item), {"do": "harm", "harm": "violence"})
    assert HarmTag.objects.get().person == moderator
    assert queue.next_for(other) is None
    assert queue.next_for(moderator) == item
    queue.release(item, moderator)
    as_user(moderator).post(page_of(item), {"do": "harm", "off": "violence"})
    assert queue.next_for(other) == item


def test_nobody_else_is_shown_what_one_avoids(
    lead: User, moderator: User, admin: User, as_user: Callable[..., Client]
) -> None:
    DeskSettings.objects.create(person=moderator, avoids=["self_harm"])
    for who in (lead, admin):
        client = as_user(who)
        for where in (LIST, f"{LIST}insight/", f"{LIST}settings/", "/admin/"):
            page = client.get(where).content.decode()
            assert "checked" not in page.partition("Self-harm")[0][-120:]
    assert client.get("/admin/scans/desksettings/").status_code == 404


@pytest.mark.parametrize(
    ("given", "looks"),
    [
        ({"blur": "on", "grey": "on"}, 'class="veiled looked"'),
        ({"grey": "on"}, 'class="veiled unblurred looked"'),
        ({"blur": "on"}, 'class="veiled coloured looked"'),
        ({}, 'class="veiled unblurred coloured looked"'),
    ],
)
def test_files_are_shown_as_one_has_set_it(
    given: dict[str, str], looks: str, item: ReviewItem, moderator: User, as_user: Callable[..., Client]
) -> None:
    client = as_user(moderator)
    assert 'class="veiled looked"' in client.get(page_of(item)).content.decode(), "before anything is set"
    assert client.post(f"{LIST}settings/", given).status_code == 302
    assert looks in client.get(page_of(item)).content.decode()
    assert ('class="unblurred' in client.get(LIST).content.decode()) == ("blur" not in given)


def look_at(count: int, person: User, owner: User) -> None:
    for number in range(count):
        scan = Scan.objects.create(owner=owner, name=f"{number}", sha256="1" * 64, bytes=1)
        for _time in range(3):  # the same file again does not count again
            caring.reveal(scan, person)


def test_after_enough_the_desk_asks_for_a_pause(
    item: ReviewItem, moderator: User, uploader: User, clock: Clock, as_user: Callable[..., Client], settings: Any
) -> None:
    settings.REST_AFTER, settings.REST_MINUTES = 4, 10
    client = as_user(moderator)
    look_at(3, moderator, uploader)
    assert queue.next_for(moderator) == item
    queue.release(item, moderator)
    look_at(1, moderator, uploader)
    answer = client.post(f"{LIST}next/", follow=True)
    assert "You have viewed many files" in answer.content.decode()
    item.refresh_from_db()
    assert item.holder is None
    clock.later(minutes=11)
    assert client.post(f"{LIST}next/")["Location"] == page_of(item)
    assert caring.looks_since_rest(moderator) == 0, "a pause counts"


def test_looks_of_long_ago_tire_nobody(moderator: User, uploader: User, clock: Clock, settings: Any) -> None:
    settings.REST_AFTER = 2
    look_at(2, moderator, uploader)
    clock.later(hours=5)
    assert caring.rest(moderator) is None


def test_ones_own_limit_counts_where_it_is_lower(moderator: User, settings: Any) -> None:
    settings.REST_AFTER = 40
    assert caring.limit_of(moderator) == 40
    kept = DeskSettings.objects.create(person=moderator, rest_after=5)
    assert caring.limit_of(moderator) == 5
    kept.rest_after = 400
    kept.save()
    assert caring.limit_of(moderator) == 40


def test_the_sum_is_told_to_leads_only_and_never_one_persons(
    moderator: User, lead: User, uploader: User, person: Callable[..., User], as_user: Callable[..., Client]
) -> None:
    look_at(2, moderator, uploader)
    assert "one person" in as_user(lead).get(f"{LIST}insight/").content.decode()
    look_at(1, person("other", Role.MODERATOR), uploader)
    page = as_user(lead).get(f"{LIST}insight/").content.decode()
    assert "<dd>9</dd>" in page
    assert moderator.name not in page
    assert "all reviewers" not in as_user(moderator).get(f"{LIST}insight/").content.decode()
    assert Exposure.objects.count() == 9


# -- Views under a name ------------------------------------------------------------------------------


def test_a_view_is_kept_with_its_count_and_shared_if_one_wants(
    item: ReviewItem, moderator: User, lead: User, judged: Callable[..., Scan], as_user: Callable[..., Client]
) -> None:
    judged()
    queue.claim(item, moderator)
    mine, theirs = as_user(moderator), as_user(lead)
    mine.post(f"{LIST}filters/", {"name": "in my hands", "query": "whose=mine&p=3"})
    assert SavedFilter.objects.get().query == "whose=mine"
    assert '<a href="?whose=mine">in my hands</a> <b>1</b>' in " ".join(mine.get(LIST).content.decode().split())
    assert "in my hands" not in theirs.get(LIST).content.decode()
    mine.post(f"{LIST}filters/", {"name": "in my hands", "query": "whose=free"})
    assert SavedFilter.objects.count() == 1, "a name is taken once"
    theirs.post(f"{LIST}filters/", {"name": "free", "query": "whose=free", "shared": "on"})
    assert '<a href="?whose=free">free</a> <b>1</b>' in " ".join(mine.get(LIST).content.decode().split())
    shared = SavedFilter.objects.get(name="free")
    assert mine.post(f"{LIST}filters/", {"drop": shared.pk}).status_code == 404, "it is not theirs to forget"
    assert theirs.post(f"{LIST}filters/", {"drop": shared.pk}).status_code == 302


def test_a_filter_whose_field_is_gone_says_so(moderator: User, as_user: Callable[..., Client]) -> None:
    for number, query in enumerate(("no_such_field__exact=1", "queue__id__exact=x", "password__startswith=a")):
        SavedFilter.objects.create(person=moderator, name=f"old {number}", query=query)
    page = as_user(moderator).get(LIST)
    assert page.status_code == 200
    assert page.content.decode().count("no longer matches any items") == 3


@pytest.mark.parametrize(("query", "count"), [("due=over", 1), ("due=today", 1), ("whose=free", 2), ("whose=given", 1)])
def test_the_list_is_filtered_by_the_server(
    query: str, count: int, judged: Callable[..., Scan], moderator: User, clock: Clock, as_user: Callable[..., Client]
) -> None:
    over, soon, given = (ReviewItem.objects.get(scan=judged()) for _number in range(3))
    for one, hours in ((over, -1), (soon, 5), (given, 50)):
        ReviewItem.objects.filter(pk=one.pk).update(due_at=clock.now + dt.timedelta(hours=hours))
    ReviewItem.objects.filter(pk=given.pk).update(assigned_to=moderator)
    assert as_user(moderator).get(f"{LIST}?{query}").context["cl"].result_count == count
