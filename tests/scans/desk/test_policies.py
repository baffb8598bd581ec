"""A new site can decide on its first day: policies and replies are there, in both languages."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from scans.models import Action, CannedReply, Decision, Label, Policy, ReviewItem, ReviewQueue, Rule, Scan
from scans.review import decisions

pytestmark = pytest.mark.django_db
SHIPPED = (
    "impersonation-and-fraud", "intimate-imagery", "misleading-context", "not-enough-evidence",
    "public-figures-and-elections", "satire-and-art", "synthetic-media",
)  # fmt: skip


def page_of(item: ReviewItem) -> str:
    return reverse("admin:scans_reviewitem_change", args=[item.pk])


@pytest.fixture
def sighted(settings: Any) -> None:
    settings.BLIND_PERCENT = 0


def test_policies_and_replies_are_there_and_complete_in_both_languages() -> None:
    assert tuple(Policy.objects.values_list("code", flat=True)) == SHIPPED
    for policy in Policy.objects.all():
        assert policy.title and policy.text and policy.title_de and policy.text_de
        assert "Sie " not in policy.text
        assert (policy.title, policy.text) != (policy.title_de, policy.text_de)
    assert set(CannedReply.objects.exclude(policy=None).values_list("policy__code", flat=True)) == set(SHIPPED)
    for reply in CannedReply.objects.all():
        assert "{name}" in reply.text
        assert "{name}" in reply.text_de
        assert ("{policy}" in reply.text) == ("{policy}" in reply.text_de)
    assert all(ReviewQueue.objects.values_list("name_de", flat=True))
    assert all(Rule.objects.values_list("name_de", flat=True))


def test_on_a_fresh_site_the_models_can_be_contradicted(
    sighted: None, judged: Callable[..., Scan], moderator: User, as_user: Callable[..., Client]
) -> None:
    item = ReviewItem.objects.get(scan=judged())
    policy = Policy.objects.get(code="not-enough-evidence")
    client = as_user(moderator)
    assert f'value="{policy.pk}"' in client.get(page_of(item)).content.decode()
    form = {"do": "decide", "label": Label.NOT_MANIPULATED, "policy": policy.pk}
    assert client.post(page_of(item), form).status_code == 302
    decision = Decision.objects.get()
    assert (decision.policy, decision.overrides) == (policy, True)


@pytest.mark.parametrize(
    ("label", "action"),
    [
        (Label.MANIPULATED, Action.LABEL), (Label.NOT_MANIPULATED, Action.KEEP), (Label.INCONCLUSIVE, Action.KEEP),
        (Label.PERMITTED, Action.KEEP), (Label.MISLEADING, Action.LABEL),
    ],
)  # fmt: skip
def test_the_action_follows_the_label_unless_another_is_chosen(
    sighted: None, label: Label, action: Action, judged: Callable[..., Scan], moderator: User,
    as_user: Callable[..., Client],
) -> None:  # fmt: skip
    client, policy = as_user(moderator), Policy.objects.get(code="synthetic-media")
    for chosen, expected in (("", action), (Action.RESTRICT, Action.RESTRICT)):
        item = ReviewItem.objects.get(scan=judged("inconclusive", 0.5))
        form = {"do": "decide", "label": label, "action": chosen, "policy": policy.pk}
        assert client.post(page_of(item), form).status_code == 302
        assert Decision.objects.get(item=item).action == expected


@pytest.mark.parametrize(
    ("language", "title"), [("en", "Satire and labelled art"), ("de", "Satire und gekennzeichnete")]
)
def test_each_reads_a_policy_in_their_language(
    sighted: None, language: str, title: str, item: ReviewItem, moderator: User, as_user: Callable[..., Client]
) -> None:
    User.objects.filter(pk=moderator.pk).update(language=language)
    assert title in as_user(moderator).get(page_of(item)).content.decode()


def test_a_reply_is_written_in_the_uploaders_language(
    sighted: None, item: ReviewItem, moderator: User, uploader: User, as_user: Callable[..., Client]
) -> None:
    User.objects.filter(pk=uploader.pk).update(language="de")
    policy = Policy.objects.get(code="satire-and-art")
    form = {"do": "decide", "label": Label.PERMITTED, "policy": policy.pk, "reply": policy.replies.get().pk}
    assert as_user(moderator).post(page_of(item), form).status_code == 302
    note = Decision.objects.get().public_note
    assert note.startswith("a.jpg wurde verändert")
    assert "„Satire und gekennzeichnete Kunst“" in note


def test_what_has_no_translation_is_shown_in_the_first_language(
    sighted: None, item: ReviewItem, moderator: User, as_user: Callable[..., Client], policy: Policy
) -> None:
    User.objects.filter(pk=moderator.pk).update(language="de")
    assert "Satire that says so stays." in as_user(moderator).get(page_of(item)).content.decode()


def test_a_lead_rewrites_a_policy_and_the_uploader_reads_it(
    item: ReviewItem, moderator: User, lead: User, as_user: Callable[..., Client]
) -> None:
    policy = Policy.objects.get(code="synthetic-media")
    where = reverse("admin:scans_policy_change", args=[policy.pk])
    form = {
        "code": policy.code,
        "title": "Ours",
        "title_de": "Unseres",
        "text": "New",
        "text_de": "Neu",
        "active": "on",
    }
    assert as_user(lead).post(where, form).status_code == 302
    policy.refresh_from_db()
    assert (policy.title, policy.text_de) == ("Ours", "Neu")
    ReviewItem.objects.update(blind=False)
    item.refresh_from_db()
    made = decisions.decide(item, moderator, Label.MANIPULATED, policy=policy)
    assert str(made.policy) == "Ours"
