"""The desk opens on work: what waits, what is one's own, what is late; then everything else, each with a sentence."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.utils import timezone

from accounts.models import User
from deepfake_site.desk import SECTIONS
from scans.models import Label, Reason, ReviewItem, ReviewQueue, Scan, Skip
from scans.review import decisions, queue
from scans.review.front import front

pytestmark = pytest.mark.django_db


def text_of(client: Client) -> str:
    return " ".join(client.get("/admin/").content.decode().split())


def test_it_counts_what_waits_and_each_number_leads_to_its_list(
    judged: Callable[..., Scan], moderator: User, lead: User, as_user: Callable[..., Client], settings: Any
) -> None:
    settings.BLIND_PERCENT = settings.DOUBLE_PERCENT = 0
    items = [ReviewItem.objects.get(scan=judged("inconclusive", 0.5)) for _number in range(4)]
    ReviewItem.objects.filter(pk=items[0].pk).update(due_at=timezone.now() - dt.timedelta(hours=2))
    queue.assign(items[1], moderator, lead)
    client = as_user(moderator)
    page = text_of(client)
    for number, name, query in (
        (1, "Mine", "whose=mine"),
        (1, "Overdue", "due=over"),
        (4, "Available", "whose=free"),
    ):
        assert f'?{query}"><b>{number}</b> {name}' in page, name
    listed = client.get("/admin/scans/reviewitem/?due=over").content.decode()
    assert f"/reviewitem/{items[0].pk}/change/" in listed
    assert f"/reviewitem/{items[1].pk}/change/" not in listed
    review = ReviewQueue.objects.get(slug="review")
    assert f'?queue__id__exact={review.pk}">Review</a></th><td class="number">4</td>' in page
    assert "Leads</a></th>" not in page, "a queue that is not theirs"


def test_what_waits_for_a_second_person_and_appeals_are_counted(
    judged: Callable[..., Scan], moderator: User, lead: User, settings: Any
) -> None:
    settings.BLIND_PERCENT = 0
    item = ReviewItem.objects.get(scan=judged())
    decisions.decide(item, moderator, Label.MANIPULATED, action="remove")  # type: ignore[arg-type]
    assert (front(lead).on_hold, front(lead).appeals) == (1, 0)
    appealed = ReviewItem.objects.get(scan=judged())
    appealed.reasons.create(reason=Reason.APPEAL)
    assert (front(lead).on_hold, front(lead).appeals) == (1, 1)


def test_everything_at_the_desk_is_named_with_a_sentence() -> None:
    named = {name.lower() for _slug, _title, entries in SECTIONS for name, _sentence in entries}
    registered = {model._meta.label_lower for model in admin.site._registry}
    assert registered - named == {"scans.reviewitem"}, "items have the upper half of the page"
    assert named <= registered


@pytest.mark.parametrize(
    ("who", "sees", "not_sees"),
    [
        ("moderator", ("Policies", "Decisions"), ("API keys", "URLs that receive", "Erasures")),
        ("auditor", ("API keys", "Decisions"), ("Start reviewing",)),
        ("admin", ("API keys", "Policies", "Start reviewing"), ()),
    ],
)
def test_each_sees_what_they_may_open(
    who: str, sees: tuple[str, ...], not_sees: tuple[str, ...], request: pytest.FixtureRequest,
    as_user: Callable[..., Client],
) -> None:  # fmt: skip
    page = text_of(as_user(request.getfixturevalue(who)))
    for said in sees:
        assert said in page, said
    for said in not_sees:
        assert said not in page, said


def test_it_asks_no_more_for_many_items(
    judged: Callable[..., Scan], moderator: User, as_user: Callable[..., Client], django_assert_max_num_queries: Any
) -> None:
    client = as_user(moderator)
    for _number in range(8):
        queue.claim(ReviewItem.objects.get(scan=judged()), moderator)
    client.get("/admin/")
    with django_assert_max_num_queries(22):
        client.get("/admin/")


def test_who_is_named_in_a_note_finds_it_on_the_front_page(
    judged: Callable[..., Scan], moderator: User, lead: User, as_user: Callable[..., Client]
) -> None:
    item = ReviewItem.objects.get(scan=judged())
    note = item.scan.notes.create(author=lead, text="Look at the left ear, @Moderator")
    note.mentions.set([moderator])
    page = text_of(as_user(moderator))
    assert "You are mentioned" in page
    assert f"/reviewitem/{item.pk}/change/" in page
    assert "Look at the left ear" in page
    assert "You are mentioned" not in text_of(as_user(lead))


def test_leads_see_what_was_skipped_by_whom_and_why(
    judged: Callable[..., Scan], moderator: User, lead: User, as_user: Callable[..., Client]
) -> None:
    item = ReviewItem.objects.get(scan=judged())
    queue.claim(item, moderator)
    queue.skip(item, moderator, Skip.Cause.LANGUAGE)
    page = as_user(lead).get("/admin/scans/skip/").content.decode()
    assert "a.jpg" in page
    assert "Moderator" in page
    assert str(Skip.Cause.LANGUAGE.label).replace("'", "&#x27;") in page
    assert as_user(moderator).get("/admin/scans/skip/").status_code == 403
