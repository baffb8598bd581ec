"""Not alone: second opinions, the leads, assigning in turn, and being asked apart."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from scans.analysis import routing
from scans.models import CannedReply, Decision, DeskSettings, Label, Note, Policy, Reason, ReviewItem, ReviewQueue, Scan
from scans.review import appeals, decisions, queue

from .conftest import Clock, why

pytestmark = pytest.mark.django_db


def do(client: Client, item: ReviewItem, what: str, **more: Any) -> Any:
    return client.post(reverse("admin:scans_reviewitem_change", args=[item.pk]), {"do": what, **more})


def seen(person: User, minutes_ago: float = 0) -> None:
    at = timezone.now() - dt.timedelta(minutes=minutes_ago)
    row = UserSession.objects.create(user=person, ip="127.0.0.1", session_key=f"{person.pk}", user_agent="")
    UserSession.objects.filter(pk=row.pk).update(last_seen_at=at)


def test_a_second_opinion_comes_from_somebody_else(
    item: ReviewItem, moderator: User, person: Callable[..., User], as_user: Callable[..., Client]
) -> None:
    queue.claim(item, moderator)
    do(as_user(moderator), item, "opinion", message="Is the ear right?")
    item.refresh_from_db()
    assert item.holder is None
    assert item.skips == 0, "asking is not letting pass"
    assert queue.next_for(moderator) is None
    assert Note.objects.get().text == "Is the ear right?"
    other = person("other", Role.MODERATOR)
    assert queue.next_for(other) == item
    assert Reason.OPINION in why(item.scan)


def test_handed_to_the_leads_with_all_that_is_known(
    item: ReviewItem, moderator: User, lead: User, as_user: Callable[..., Client]
) -> None:
    queue.claim(item, moderator)
    do(as_user(moderator), item, "escalate", message="A public figure.")
    item.refresh_from_db()
    assert item.queue.slug == "leads"
    assert do(as_user(moderator), item, "claim").status_code == 404
    assert queue.next_for(lead) == item
    assert (
        "A public figure."
        in as_user(lead).get(reverse("admin:scans_reviewitem_change", args=[item.pk])).content.decode()
    )


def test_what_somebody_else_holds_is_not_handed_on(
    item: ReviewItem, moderator: User, person: Callable[..., User]
) -> None:
    queue.claim(item, person("other", Role.MODERATOR))
    with pytest.raises(queue.Taken):
        queue.escalate(item, moderator, "")
    with pytest.raises(queue.Taken):
        queue.ask_another(item, moderator, "")


def test_items_go_in_turn_to_those_who_are_there(
    judged: Callable[..., Scan], lead: User, person: Callable[..., User], as_user: Callable[..., Client]
) -> None:
    here, also, gone, away = (person(name, Role.MODERATOR) for name in ("here", "also", "gone", "away"))
    for one in (here, also, away):
        seen(one)
    seen(gone, 30)
    DeskSettings.objects.create(person=away, away=True)
    items = [ReviewItem.objects.get(scan=judged()) for _number in range(5)]
    own = ReviewItem.objects.get(scan=judged())
    Scan.objects.filter(pk=own.scan_id).update(owner=also)
    form = {"action": "in_turn", "_selected_action": [one.pk for one in [*items, own]]}
    client = as_user(lead)
    assert client.post("/admin/scans/reviewitem/", form).status_code == 302
    load = {one: ReviewItem.objects.filter(assigned_to=one).count() for one in (here, also, gone, away)}
    assert (load[gone], load[away]) == (0, 0)
    assert sum(load.values()) == 6
    own.refresh_from_db()
    assert own.assigned_to != also, "never one's own upload"


def test_who_is_no_lead_assigns_nothing(item: ReviewItem, moderator: User, as_user: Callable[..., Client]) -> None:
    seen(moderator)
    client = as_user(moderator)
    assert "in_turn" not in client.get("/admin/scans/reviewitem/").content.decode()
    client.post("/admin/scans/reviewitem/", {"action": "in_turn", "_selected_action": [item.pk]})
    assert do(client, item, "assign", to=moderator.pk).status_code == 403
    item.refresh_from_db()
    assert item.assigned_to is None


def test_rubbish_for_a_person_is_nobody(item: ReviewItem, lead: User, as_user: Callable[..., Client]) -> None:
    client = as_user(lead)
    for said in ("x", "9" * 40, ""):
        assert do(client, item, "assign", to=said).status_code == 302
    item.refresh_from_db()
    assert item.assigned_to is None


def test_an_appeal_while_a_second_person_is_asked_apart_is_not_blind(
    settings: Any, judged: Callable[..., Scan], moderator: User, uploader: User, clock: Clock
) -> None:
    settings.DOUBLE_PERCENT = 100
    item = ReviewItem.objects.get(scan=judged())
    decision = decisions.decide(item, moderator, Label.MANIPULATED)
    assert ReviewItem.objects.open().get(scan=item.scan).blind
    clock.later(minutes=6)
    appeals.make(decision, uploader, "It is my own face.")
    open_ = ReviewItem.objects.open().get(scan=item.scan)
    assert (open_.blind, open_.queue.slug) == (False, "appeals")


def test_a_lead_assigns_to_one_who_is_there(
    item: ReviewItem, moderator: User, lead: User, as_user: Callable[..., Client]
) -> None:
    seen(moderator)
    client = as_user(lead)
    page = client.get(reverse("admin:scans_reviewitem_change", args=[item.pk])).content.decode()
    assert f'<option value="{moderator.pk}">' in page
    do(client, item, "assign", to=moderator.pk)
    item.refresh_from_db()
    assert item.assigned_to == moderator


# -- Asked apart -------------------------------------------------------------------------------------


@pytest.fixture
def double(settings: Any, item: ReviewItem, moderator: User) -> ReviewItem:
    """An item that one person has decided, and another is asked about."""
    settings.DOUBLE_PERCENT = 100
    decisions.decide(item, moderator, Label.INCONCLUSIVE)
    return ReviewItem.objects.open().get(scan=item.scan)


def test_a_second_person_is_told_nothing_and_agrees(
    double: ReviewItem, moderator: User, person: Callable[..., User], as_user: Callable[..., Client]
) -> None:
    assert queue.next_for(moderator) is None, "not the one who has decided it"
    other = person("other", Role.MODERATOR)
    client = as_user(other)
    page = client.get(reverse("admin:scans_reviewitem_change", args=[double.pk])).content.decode()
    assert "Blind review" in page
    for told in (
        "Inconclusive</span>",
        "Earlier decisions",
        "0.85",
        str(moderator),
        "Likely manipulated",
        "Outcome of the models",
    ):
        assert told not in page
    assert "Likely manipulated" not in client.get("/admin/scans/reviewitem/").content.decode()
    with pytest.raises(decisions.BlindFirst):
        decisions.decide(double, other, Label.MANIPULATED)
    do(client, double, "first", label=Label.INCONCLUSIVE)
    double.refresh_from_db()
    assert double.closed_at
    assert not ReviewItem.objects.open().filter(scan=double.scan).exists()
    assert Decision.objects.count() == 1, "an answer is not a decision"
    assert double.scan.events.filter(kind="agreed").exists()
    assert not double.scan.events.for_uploaders().filter(kind="agreed").exists()


def test_where_two_differ_the_leads_look(double: ReviewItem, person: Callable[..., User]) -> None:
    assert queue.first_answer(double, person("other", Role.MODERATOR), Label.MANIPULATED)
    waits = ReviewItem.objects.open().get(scan=double.scan)
    assert waits.queue.slug == "leads"
    assert why(double.scan)[-1] == Reason.DISPUTE


def test_taking_the_decision_back_ends_the_asking(double: ReviewItem, item: ReviewItem, moderator: User) -> None:
    decisions.undo(Decision.objects.get(), moderator)
    assert list(ReviewItem.objects.open().filter(scan=item.scan)) == [item]


def test_of_a_hundred_decisions_about_five_are_asked_again(
    settings: Any, judged: Callable[..., Scan], moderator: User
) -> None:
    settings.DOUBLE_PERCENT = 5
    for _number in range(200):
        decisions.decide(ReviewItem.objects.open().get(scan=judged()), moderator, Label.INCONCLUSIVE)
    assert 1 <= ReviewItem.objects.open().count() <= 25


# -- Replies and files known before ------------------------------------------------------------------


def test_a_canned_reply_is_filled_in_and_sent_as_shown(
    item: ReviewItem, moderator: User, policy: Policy, as_user: Callable[..., Client], settings: Any
) -> None:
    reply = CannedReply.objects.create(title="Satire", text="{name} at {site}: {policy}. {else} <b>")
    client = as_user(moderator)
    page = client.get(reverse("admin:scans_reviewitem_change", args=[item.pk])).content.decode()
    assert f"a.jpg at {settings.SITE_NAME}: {{policy}}. {{else}} &lt;b&gt;" in page
    do(client, item, "decide", label=Label.PERMITTED, action="keep", policy=policy.pk, reply=reply.pk)
    expected = f"a.jpg at {settings.SITE_NAME}: Satire. {{else}} <b>"
    assert Decision.objects.get().public_note == expected


def test_ones_own_words_go_before_a_canned_reply(
    item: ReviewItem, moderator: User, as_user: Callable[..., Client]
) -> None:
    reply = CannedReply.objects.create(title="Thanks", text="Thanks.")
    do(as_user(moderator), item, "decide", label=Label.INCONCLUSIVE, action="keep", reply=reply.pk, public_note="Mine.")
    assert Decision.objects.get().public_note == "Mine."


@pytest.fixture
def alike(judged: Callable[..., Scan], moderator: User) -> tuple[Decision, Scan]:
    """A file that was decided, and one that looks like it and has not been judged yet."""
    from scans.analysis import lookalikes

    from ..conftest import portrait

    first = judged()
    decision = decisions.decide(
        ReviewItem.objects.get(scan=first), moderator, Label.MANIPULATED, public_note="As before."
    )
    second = Scan.objects.create(owner=first.owner, name="b.jpg", sha256="1" * 64, bytes=1, status="analysed")
    for scan in (first, second):
        lookalikes.remember(scan, [(0.0, portrait())])
    return decision, second


def assess(scan: Scan) -> ReviewItem | None:
    return routing.route(scan, scan.assessments.create(outcome="little_evidence", score=0.1, version="1"))


def test_what_looks_like_a_file_in_the_bank_is_proposed_the_same(
    alike: tuple[Decision, Scan],
    moderator: User,
    person: Callable[..., User],
    as_user: Callable[..., Client],
    policy: Policy,
) -> None:
    decision, scan = alike
    client = as_user(moderator)
    do(client, decision.item, "remember", decision=decision.pk, note="the mayor", active="on")
    item = assess(scan)
    assert item is not None
    assert Reason.KNOWN in why(scan)
    page = client.get(reverse("admin:scans_reviewitem_change", args=[item.pk])).content.decode()
    assert "Decided before" in page
    assert "the mayor" in page
    answer = do(client, item, "same", decision=decision.pk)
    assert answer.status_code == 422, "the models say something else of this one: that takes a policy"
    assert not scan.decisions.exists()
    scan.assessments.create(outcome="likely_manipulated", score=0.9, version="1")
    do(client, item, "same", decision=decision.pk)
    made = scan.decisions.get()
    assert (made.label, made.public_note) == (Label.MANIPULATED, "As before.")


@pytest.mark.parametrize("how", ["off", "over", "undone", "never"])
def test_an_entry_that_is_not_in_force_proposes_nothing(
    how: str, alike: tuple[Decision, Scan], moderator: User, clock: Clock
) -> None:
    decision, scan = alike
    if how != "never":
        expires = clock.now + dt.timedelta(hours=1) if how == "over" else None
        decisions.remember(decision, moderator, expires_at=expires, active=how != "off")
    if how == "over":
        clock.later(hours=2)
    if how == "undone":
        decisions.undo(Decision.objects.get(pk=decision.pk), moderator)
    assess(scan)
    assert Reason.KNOWN not in why(scan)


def test_another_files_decision_is_not_taken_over(
    item: ReviewItem, judged: Callable[..., Scan], moderator: User, as_user: Callable[..., Client]
) -> None:
    other = ReviewItem.objects.get(scan=judged())
    decision = decisions.decide(other, moderator, Label.MANIPULATED)
    assert do(as_user(moderator), item, "same", decision=decision.pk).status_code == 404


def test_a_queue_that_is_not_ones_own_stays_closed(
    item: ReviewItem, moderator: User, lead: User, as_user: Callable[..., Client]
) -> None:
    ReviewItem.objects.filter(pk=item.pk).update(queue=ReviewQueue.objects.get(slug="leads"))
    client = as_user(moderator)
    for verb in ("opinion", "escalate", "harm", "first", "decide", "skip", "claim"):
        answer = do(client, item, verb, label=Label.MANIPULATED, action="keep", harm="hate", cause="unsure")
        assert answer.status_code == 404, verb
    assert not Decision.objects.exists()
