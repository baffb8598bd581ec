"""What stands on the review page: the uploader's words on top, what happened to a decision, and what to do next."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from scans.analysis import routing
from scans.models import Action, Decision, Label, Policy, Reason, ReviewItem, ReviewQueue, Scan, SecondLook
from scans.review import appeals, decisions

from .conftest import Clock

pytestmark = pytest.mark.django_db
WORDS = "This is our own anchor, filmed on Thursday."


@pytest.fixture(autouse=True)
def sighted(settings: Any) -> None:
    settings.BLIND_PERCENT = settings.DOUBLE_PERCENT = 0


@pytest.fixture
def mo(as_user: Callable[..., Client], moderator: User) -> Client:
    return as_user(moderator)


def page_of(item: ReviewItem) -> str:
    return reverse("admin:scans_reviewitem_change", args=[item.pk])


def do(client: Client, item: ReviewItem, what: str, **more: Any) -> Any:
    return client.post(page_of(item), {"do": what, **more})


def test_what_the_uploader_wrote_in_a_dispute_stands_above_the_decision(
    item: ReviewItem, mo: Client, uploader: User
) -> None:
    item.scan.assessment.feedback.create(person=uploader, kind="false_alarm", text=WORDS)
    page = mo.get(page_of(item)).content.decode()
    assert "The uploader disputes the outcome: It is not manipulated" in page
    assert page.index(WORDS) < page.index('id="decide"')


def test_before_a_blind_answer_a_dispute_is_not_shown(item: ReviewItem, mo: Client, uploader: User) -> None:
    item.scan.assessment.feedback.create(person=uploader, kind="false_alarm", text=WORDS)
    ReviewItem.objects.update(blind=True)
    assert WORDS not in mo.get(page_of(item)).content.decode(), "it tells what the models said"
    do(mo, item, "first", label=Label.INCONCLUSIVE)
    assert WORDS in mo.get(page_of(item)).content.decode()


def test_an_appeal_stands_on_top_whole(item: ReviewItem, mo: Client, uploader: User, lead: User, clock: Clock) -> None:
    decision = decisions.decide(item, lead, Label.MANIPULATED)
    clock.later(minutes=6)
    words = "It is my face. " * 40
    appeals.make(decision, uploader, words)
    opened = ReviewItem.objects.open().get()
    page = mo.get(page_of(opened)).content.decode()
    assert "The uploader appeals" in page
    assert page.index(words.strip()) < page.index('id="decide"')


def test_an_approval_is_confirmed_and_claims_nothing(
    item: ReviewItem, judged: Callable[..., Scan], moderator: User, lead: User, as_user: Callable[..., Client]
) -> None:
    decisions.decide(item, moderator, Label.MANIPULATED, action=Action.REMOVE)
    held = ReviewItem.objects.open().get()
    judged()
    answer = as_user(lead).post(page_of(held), {"do": "answer", "verdict": "approve"}, follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain[-1][0] == page_of(held)
    assert "Approved. The decision is in force" in page
    assert "Claim the next item" in page
    assert not ReviewItem.objects.held().filter(holder=lead).exists()


def test_a_removal_that_waits_is_said_to_wait(item: ReviewItem, judged: Callable[..., Scan], mo: Client) -> None:
    other = ReviewItem.objects.get(scan=judged())
    do(mo, item, "decide", label=Label.MANIPULATED, action=Action.REMOVE)
    page = mo.get(page_of(other)).content.decode()
    assert "“Manipulated · Remove” for a.jpg is waiting for a second person" in page
    assert "You decided" not in page


def test_a_decision_without_the_next_stays_on_the_page(
    item: ReviewItem, judged: Callable[..., Scan], mo: Client
) -> None:
    judged()
    answer = do(mo, item, "decide", label=Label.MANIPULATED, then="stay")
    assert answer["Location"] == page_of(item)
    page = mo.get(page_of(item)).content.decode()
    assert "This item is done" in page
    assert not ReviewItem.objects.held().exists()


def test_the_list_of_decisions_tells_what_became_of_each(
    judged: Callable[..., Scan], moderator: User, lead: User, as_user: Callable[..., Client]
) -> None:
    policy = Policy.objects.get(code="synthetic-media")
    undone, held, refused, kept = (ReviewItem.objects.get(scan=judged()) for _number in range(4))
    decisions.undo(decisions.decide(undone, moderator, Label.MANIPULATED), moderator)
    decisions.decide(held, moderator, Label.MANIPULATED, action=Action.REMOVE)
    turned_down = decisions.decide(refused, moderator, Label.MANIPULATED, action=Action.REMOVE)
    decisions.answer(turned_down, lead, SecondLook.Verdict.REJECT)
    first = decisions.decide(kept, moderator, Label.MANIPULATED)
    routing.put(kept.scan, ReviewQueue.objects.get(slug="review"), Reason.HAND)
    decisions.decide(ReviewItem.objects.open().get(scan=kept.scan), lead, Label.INCONCLUSIVE, policy=policy)
    assert first.status == "superseded"
    page = as_user(lead).get("/admin/scans/decision/").content.decode()
    states = (
        "Undone",
        "Waiting for a second person",
        "Rejected by Lead",
        "Replaced by a later decision",
        "In force",
    )
    for state in states:
        assert len(re.findall(rf'<td[^>]*class="field-state[^>]*>{state}</td>', page)) == 1, state
    assert page.count("<s>Manipulated</s>") == 4
    only = as_user(lead).get("/admin/scans/decision/?state=undone").content.decode()
    assert only.count("<s>") == 1


def test_what_an_undone_decision_replaced_counts_again(item: ReviewItem, moderator: User, lead: User) -> None:
    first = decisions.decide(item, moderator, Label.MANIPULATED)
    routing.put(item.scan, ReviewQueue.objects.get(slug="review"), Reason.HAND)
    second = decisions.decide(ReviewItem.objects.open().get(), lead, Label.INCONCLUSIVE)
    assert Decision.objects.get(pk=first.pk).status == "superseded"
    decisions.undo(second, lead)
    assert [Decision.objects.get(pk=one.pk).status for one in (first, second)] == ["final", "canceled"]
