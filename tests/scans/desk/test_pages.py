"""The desk's pages: what a reviewer sees, and what a POST does; who may not, can't by either."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from accounts.lists import CappedPaginator
from accounts.models import User
from accounts.roles import Role
from scans.analysis import routing
from scans.models import (
    Action,
    Decision,
    Exposure,
    FirstAnswer,
    Label,
    Note,
    Policy,
    Reason,
    ReviewItem,
    ReviewQueue,
    Rule,
    Scan,
    SecondLook,
)
from scans.review import decisions, queue

pytestmark = pytest.mark.django_db
LIST = "/admin/scans/reviewitem/"


def page_of(item: ReviewItem) -> str:
    return reverse("admin:scans_reviewitem_change", args=[item.pk])


def do(client: Client, item: ReviewItem, what: str, **more: Any) -> Any:
    return client.post(page_of(item), {"do": what, **more})


def test_the_list_shows_what_waits_and_blurred(mo: Client, waiting: ReviewItem) -> None:
    page = mo.get(LIST).content.decode()
    assert waiting.scan.name in page
    assert 'class="veiled"' in page
    assert str(waiting.reasons.get()) in page


def test_a_queue_is_for_its_roles_and_ones_own_upload_for_nobody(
    waiting: ReviewItem, moderator: User, lead: User, auditor: User, as_user: Callable[..., Client]
) -> None:
    seen = {who: as_user(who) for who in (moderator, lead, auditor)}
    assert all(client.get(page_of(waiting)).status_code == 200 for client in seen.values())
    ReviewItem.objects.update(queue=ReviewQueue.objects.get(slug="leads"))
    for who, client in seen.items():
        there = who != moderator
        assert (client.get(page_of(waiting)).status_code == 200) == there
        assert (waiting.scan.name in client.get(LIST).content.decode()) == there
    Scan.objects.update(owner=lead)
    assert seen[lead].get(page_of(waiting)).status_code == 404, "with its notes and its scores"
    assert waiting.scan.name not in seen[lead].get(LIST).content.decode()


def test_who_is_named_in_a_note_or_given_an_item_sees_it(
    waiting: ReviewItem, mo: Client, moderator: User, lead: User, as_user: Callable[..., Client]
) -> None:
    client = as_user(lead)
    do(client, waiting, "note", text="@Moderator, is that you?")
    do(client, waiting, "assign", to=moderator.pk)
    page = mo.get(LIST).content.decode()
    assert "Lead mentioned you:" in page
    assert "is that you?" in page
    assert "Assigned to me" in page
    assert f'?queue__id__exact={waiting.queue_id}">Review</a> <b>1</b>' in page
    assert "mentioned you" not in client.get(LIST).content.decode()


def test_the_next_one_is_taken_and_opened(mo: Client, waiting: ReviewItem, moderator: User) -> None:
    assert mo.post(f"{LIST}next/")["Location"] == page_of(waiting)
    waiting.refresh_from_db()
    assert waiting.holder == moderator
    page = mo.get(page_of(waiting)).content.decode()
    assert "Why it is here" in page
    assert 'class="veiled looked"' in page
    assert "muted" in page or "<video" not in page
    assert mo.post(f"{LIST}{waiting.pk}/beat/").json() == {"held": True}


def test_to_see_clearly_is_written_down(mo: Client, waiting: ReviewItem, moderator: User) -> None:
    do(mo, waiting, "reveal")
    assert Exposure.objects.get().person == moderator
    assert 'class="veiled looked"' not in mo.get(page_of(waiting)).content.decode()


def test_a_decision_opens_the_next(
    mo: Client, waiting: ReviewItem, upload: Callable[..., Scan], moderator: User
) -> None:
    other = routing.put(
        Scan.objects.create(owner=waiting.scan.owner, name="b", sha256="1" * 64, bytes=1, status="analysed"),
        waiting.queue,
        Reason.HAND,
    )
    answer = do(mo, waiting, "decide", label=Label.INCONCLUSIVE, action=Action.KEEP)
    assert answer["Location"] == page_of(other)
    assert Decision.objects.get().label == Label.INCONCLUSIVE
    assert "You decided" in mo.get(page_of(other)).content.decode()
    undone = do(mo, other, "undo", decision=Decision.objects.get().pk)
    assert undone["Location"] == page_of(waiting)
    assert not Decision.objects.standing().exists()


def test_a_form_without_a_label_comes_back(mo: Client, waiting: ReviewItem) -> None:
    assert do(mo, waiting, "decide", action=Action.KEEP).status_code == 422
    assert do(mo, waiting, "decide", label="rubbish", action="x").status_code == 422
    assert not Decision.objects.exists()


def test_contradicting_without_a_policy_is_explained(mo: Client, waiting: ReviewItem) -> None:
    waiting.scan.assessments.create(outcome="likely_manipulated", score=0.95, version="1")
    answer = do(mo, waiting, "decide", label=Label.NOT_MANIPULATED, action=Action.KEEP)
    assert answer.status_code == 422
    assert "Choose the policy" in answer.content.decode()


def test_the_slower_one_gets_a_page_with_what_was_said(
    mo: Client, waiting: ReviewItem, person: Callable[..., User]
) -> None:
    fast = person("fast", Role.MODERATOR)
    decisions.decide(waiting, fast, Label.INCONCLUSIVE, public_note="can't say")
    answer = do(mo, waiting, "decide", label=Label.MANIPULATED, action=Action.KEEP)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Fast" in text
    assert "can&#x27;t say" in text
    assert Decision.objects.count() == 1


def test_who_holds_it_is_said(
    mo: Client, waiting: ReviewItem, person: Callable[..., User], lead: User, as_user: Any
) -> None:
    queue.claim(waiting, person("fast", Role.MODERATOR))
    assert "Fast" in mo.get(page_of(waiting)).content.decode()
    answer = do(mo, waiting, "claim")
    assert (answer.status_code, "Fast" in answer.content.decode()) == (409, True)
    assert do(mo, waiting, "take_over").status_code == 403
    assert do(as_user(lead), waiting, "take_over").status_code == 302
    waiting.refresh_from_db()
    assert waiting.holder == lead


def test_skipping_takes_a_reason(mo: Client, waiting: ReviewItem) -> None:
    do(mo, waiting, "claim")
    do(mo, waiting, "skip", cause="")
    assert not waiting.passes.exists()
    do(mo, waiting, "skip", cause="unsure")
    assert waiting.passes.get().cause == "unsure"


def test_a_second_person_approves_on_the_page(
    mo: Client, waiting: ReviewItem, lead: User, as_user: Callable[..., Client]
) -> None:
    do(mo, waiting, "decide", label=Label.MANIPULATED, action=Action.REMOVE, policy=Policy.objects.create(code="p").pk)
    held = ReviewItem.objects.open().get()
    leads = as_user(lead)
    assert "A second person must approve" in leads.get(page_of(held)).content.decode()
    assert do(mo, held, "answer", verdict="approve").status_code == 404
    assert do(leads, held, "answer", verdict="approve").status_code == 302
    assert SecondLook.objects.get().person == lead
    assert decisions.standing(waiting.scan) is not None
    assert do(leads, held, "answer", verdict="approve").status_code == 409


def test_blind_first_nothing_gives_the_score_away(mo: Client, waiting: ReviewItem, moderator: User) -> None:
    ReviewItem.objects.update(blind=True)
    assessment = waiting.scan.assessment
    page = mo.get(page_of(waiting)).content.decode()
    for said in ("Likely manipulated", "Inconclusive</span>", "badge outcome", "bright/1", 'class="band"', "cut-off"):
        assert said not in page, said
    assert f"{assessment.score:.2f}" not in page
    assert not re.search(r"\d+ %", page)
    do(mo, waiting, "first", label=Label.MANIPULATED)
    assert FirstAnswer.objects.get().person == moderator
    assert 'class="badge outcome' in mo.get(page_of(waiting)).content.decode()


def test_notes_stay_at_the_desk_and_mention(
    mo: Client, waiting: ReviewItem, lead: User, as_user: Callable[..., Client], uploader: User
) -> None:
    do(mo, waiting, "note", text="look at the ear, @Lead and @nobody")
    assert list(Note.objects.get().mentions.all()) == [lead]
    assert "look at the ear" in mo.get(page_of(waiting)).content.decode()
    mine = as_user(uploader)
    assert "look at the ear" not in mine.get(waiting.scan.get_absolute_url()).content.decode()


def test_who_may_not_review_sees_no_buttons_and_does_nothing(
    waiting: ReviewItem, auditor: User, uploader: User, as_user: Callable[..., Client], moderator: User
) -> None:
    looks_only = as_user(auditor)
    page = looks_only.get(page_of(waiting)).content.decode()
    assert 'name="do" value="decide"' not in page
    for what in ("claim", "decide", "skip", "note", "first", "answer", "reveal", "undo", "take_over"):
        assert do(looks_only, waiting, what, label=Label.INCONCLUSIVE, action=Action.KEEP).status_code == 403, what
        assert do(as_user(uploader), waiting, what).status_code == 403, what
    assert looks_only.post(f"{LIST}next/").status_code == 403
    Scan.objects.update(owner=moderator)
    mine = as_user(moderator)
    assert 'name="do" value="decide"' not in mine.get(page_of(waiting)).content.decode()
    assert do(mine, waiting, "decide", label=Label.INCONCLUSIVE, action=Action.KEEP).status_code == 404
    assert not Decision.objects.exists()


def test_in_a_queue_that_is_not_theirs_there_is_nothing_for_them(
    mo: Client, waiting: ReviewItem, lead: User, as_user: Any
) -> None:
    ReviewItem.objects.update(queue=ReviewQueue.objects.get(slug="leads"))
    button = 'name="do" value="decide"'
    assert button not in mo.get(page_of(waiting)).content.decode()
    assert do(mo, waiting, "decide", label=Label.INCONCLUSIVE, action=Action.KEEP).status_code == 404
    assert button in as_user(lead).get(page_of(waiting)).content.decode()


def test_rubbish_is_answered(mo: Client, waiting: ReviewItem) -> None:
    assert do(mo, waiting, "explode").status_code == 403
    assert do(mo, waiting, "").status_code == 403
    assert mo.get(f"{LIST}999999/change/").status_code == 404
    assert mo.get(f"{LIST}rubbish/change/").status_code in (302, 404)
    for which in ("4711", "rubbish", "9" * 40, ""):
        assert do(mo, waiting, "undo", decision=which).status_code == 404
    assert mo.get(f"{LIST}next/").status_code == 403


def test_a_rule_is_tried_before_it_is_saved(waiting: ReviewItem, lead: User, as_user: Callable[..., Client]) -> None:
    client = as_user(lead)
    queue_ = ReviewQueue.objects.get(slug="review")
    form = {"name": "all", "reason": "outcome", "share": "100", "queue": queue_.pk, "priority": "10", "active": "on",
            "lowest": "0", "highest": "99.5"}  # fmt: skip
    count = Rule.objects.count()
    tried = client.post("/admin/scans/rule/add/", {**form, "_try": "1"})
    text = tried.content.decode()
    assert "Of 1 assessment in 30 days this rule would have chosen 1." in text
    assert 'value="all"' in text, "it is still filled in"
    assert 'name="highest" value="99.5"' in text
    assert Rule.objects.count() == count
    client.post("/admin/scans/rule/add/", {**form, "_save": "1"})
    rule = Rule.objects.get(name="all")
    assert (rule.lowest, rule.highest) == (0.0, 0.995), "people write scores from 0 to 100"
    assert rule.share == 1.0
    client.post(f"/admin/scans/rule/{rule.pk}/change/", {**form, "share": "0.04", "_save": "1"})
    rule.refresh_from_db()
    assert rule.share == 0.0004
    assert "0.04 %" in client.get("/admin/scans/rule/").content.decode()
    assert 'name="share" value="0.04"' in client.get(f"/admin/scans/rule/{rule.pk}/change/").content.decode()
    assert client.post("/admin/scans/rule/add/", {**form, "highest": "101", "_save": "1"}).status_code == 200
    assert Rule.objects.count() == count + 1
    tried = client.post(
        f"/admin/scans/rule/{rule.pk}/change/", {**form, "outcomes": "not_applicable", "name": "other", "_try": "1"}
    )
    assert "would have chosen 0" in tried.content.decode()
    rule.refresh_from_db()
    assert (rule.name, rule.outcomes) == ("all", [])
    assert client.get(f"/admin/scans/rule/{rule.pk}/delete/").status_code == 403


@pytest.mark.parametrize(
    "what", ["scan", "assessment", "decision", "event", "reviewitem", "rule", "reviewqueue", "policy"]
)
def test_every_list_opens_with_a_constant_number_of_queries(
    what: str, waiting: ReviewItem, lead: User, as_user: Callable[..., Client], django_assert_max_num_queries: Any,
    moderator: User,
) -> None:  # fmt: skip
    decisions.decide(waiting, moderator, Label.INCONCLUSIVE)
    for number in range(12):
        scan = Scan.objects.create(owner=waiting.scan.owner, name=f"{number}", sha256="1" * 64, bytes=1)
        routing.put(scan, waiting.queue, Reason.HAND)
    client = as_user(lead)
    client.get(f"/admin/scans/{what}/")
    with django_assert_max_num_queries(22):
        assert client.get(f"/admin/scans/{what}/").status_code == 200


def test_a_very_long_list_stops_counting_and_says_so(
    lead: User, as_user: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        Scan.objects.create(owner=lead, name=f"{number}.jpg", sha256="0" * 64, bytes=1)
    assert "3 scans" in as_user(lead).get("/admin/scans/scan/").content.decode()
    monkeypatch.setattr(CappedPaginator, "most", 2)
    page = as_user(lead).get("/admin/scans/scan/").content.decode()
    assert "More than 2 scans. Search or filter to see the others." in page


@pytest.mark.parametrize("page", ["scans/reviewqueue", "auth/group"])
def test_a_page_whose_address_names_an_empty_field_opens(
    person: Callable[..., User], as_user: Callable[..., Client], page: str
) -> None:
    admin = person("root", Role.ADMIN)
    model = apps.get_model(page.replace("/", "."))
    row = model.objects.first()
    assert as_user(admin).get(f"/admin/{page}/{row.pk}/change/?_to_field=").status_code == 200


def test_a_choice_that_is_still_open_is_named_in_words(
    as_user: Callable[..., Client], lead: User, waiting: ReviewItem
) -> None:
    client = as_user(lead)
    for path, words in (
        (LIST, ["Choose an action"]),
        (page_of(waiting), ["No policy", "No canned reply"]),
        ("/admin/scans/rule/add/", ["Choose"]),
        ("/admin/scans/cannedreply/add/", ["Not set"]),
    ):
        page = client.get(path).content.decode()
        empty = re.findall(r'<option value=""[^>]*>([^<]*)</option>', page)
        assert set(words) <= set(empty), path
        assert not [text for text in empty if not text.strip("- ")], path
