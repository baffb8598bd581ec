"""Who looked, exported, used a key or changed a setting is in the record."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts import keys, roles
from accounts.models import ApiKey, User
from accounts.roles import Role
from scans.evidence import sealing
from scans.models import ChainCheck, Event, Policy, ReviewItem, Scan
from scans.review import caring, panels, queue

pytestmark = pytest.mark.django_db


def notes(kind: str) -> list[tuple[Any, Any]]:
    return [(event.actor, event.content) for event in Event.objects.filter(kind=kind).order_by("id")]


def test_a_look_at_somebody_elses_file_is_noted_once_in_a_quarter_of_an_hour_for_each_picture(
    bundles: Any, upload: Callable[..., Scan], as_user: Callable[..., Client], uploader: User, moderator: User
) -> None:
    scan = upload()
    preview = scan.assessment.artifacts.filter(kind="preview").first()
    for person in (moderator, uploader):
        client = as_user(person)
        for _time in range(2):
            for where in ("media", f"artifacts/{preview.pk}"):
                answer = client.get(f"/scans/{scan.pk}/{where}/")
                assert answer.status_code == 200
                assert b"".join(answer.streaming_content)
    assert notes("viewed") == [(moderator, {"file": "media"}), (moderator, {"file": "preview"})]


def test_unveiling_and_a_first_answer_are_noted_and_nobody_outside_the_desk_learns_of_it(
    item: ReviewItem,
    moderator: User,
) -> None:
    ReviewItem.objects.update(blind=True)
    caring.reveal(item.scan, moderator)
    queue.claim(item, moderator)
    for _time in range(2):
        queue.first_answer(item, moderator, "manipulated")  # type: ignore[arg-type]
    assert notes("unveiled") == [(moderator, {})]
    assert notes("first_answer") == [(moderator, {"label": "manipulated"})]
    assert not Event.objects.for_uploaders().filter(kind__in=("unveiled", "first_answer")).exists()


def test_the_use_of_a_key_is_noted_once_an_hour(uploader: User, clock: Any) -> None:
    key, secret = keys.issue(uploader, name="a", scopes=["scans:read"])
    for _minute in range(0, 120, 5):
        assert keys.verify(secret)
        clock.later(minutes=5)
    assert notes("key_issued") == [(uploader, {"key": key.prefix, "test": False, "scopes": ["scans:read"]})]
    assert notes("key_used") == [(uploader, {"key": key.prefix})] * 2
    assert secret not in str(list(Event.objects.values_list("content", flat=True)))


def test_who_revokes_a_key_is_noted(uploader: User, admin: User, as_user: Callable[..., Client]) -> None:
    keys.issue(uploader, name="a", scopes=["scans:read"])
    key = ApiKey.objects.get()
    address = "/admin/accounts/apikey/"
    as_user(admin, proven=True).post(address, {"action": "revoke", "_selected_action": [str(key.pk)]})
    assert notes("key_revoked") == [(admin, {"key": key.prefix})]


def test_exports_are_noted(as_user: Callable[..., Client], uploader: User) -> None:
    client = as_user(uploader, proven=True)
    for answer in (client.get("/scans/export.csv"), client.post("/profile/privacy/export/")):
        assert answer.status_code == 200
        assert b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert notes("exported") == [
        (uploader, {"what": "scans", "form": "csv", "count": 0}), (uploader, {"what": "personal data"}),
    ]  # fmt: skip


def test_a_changed_setting_is_noted_with_what_was_there_before(
    policy: Policy,
    lead: User,
    as_user: Callable[..., Client],
) -> None:
    fields = {"code": policy.code, "title": "Satire, marked", "title_de": "", "text": policy.text, "text_de": "",
              "two_people": "on", "active": "on"}  # fmt: skip
    answer = as_user(lead).post(f"/admin/scans/policy/{policy.pk}/change/", fields)
    assert answer.status_code == 302, answer.content
    ((actor, content),) = notes("setting_changed")
    assert actor == lead
    assert (content["object"], content["verb"]) == (f"scans.policy:{policy.pk}", "changed")
    assert content["changes"][-1]["values"] == {
        "before": {"title": "Satire", "two_people": False}, "after": {"title": "Satire, marked", "two_people": True},
    }  # fmt: skip


def test_cut_offs_that_were_proposed_approved_and_ended_are_noted(lead: User, person: Callable[..., User]) -> None:
    other = person("other", Role.LEAD)
    version = panels.propose(lead, 0.3, 0.8, "fewer false alarms")
    panels.approve(version, other)
    panels.end(version, lead)
    changes = [(actor, content["verb"], content["cut_offs"]) for actor, content in notes("setting_changed")]
    assert changes == [
        (lead, "proposed", [0.3, 0.8]), (other, "approved", [0.3, 0.8]), (lead, "ended", [0.3, 0.8])
    ]  # fmt: skip


def test_whoever_gets_or_loses_a_role_is_noted(uploader: User) -> None:
    before = len(notes("roles_changed"))
    roles.give(uploader, Role.LEAD)
    uploader.groups.clear()
    changes = [content for _actor, content in notes("roles_changed")[before:]]
    assert changes == [
        {"people": [uploader.pk], "change": "add", "roles": ["lead"]},
        {"people": [uploader.pk], "change": "clear", "roles": []},
    ]


def test_the_page_says_whether_the_chain_is_whole_and_checks_it(
    auditor: User, as_user: Callable[..., Client], settings: Any, tmp_path: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.AUDIT_ANCHOR_DIR = tmp_path
    client, where = as_user(auditor), "/admin/scans/chaincheck/"
    assert "has not been checked yet" in client.get(where).content.decode()
    sealing.seal()
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(where).status_code == 302
    check = ChainCheck.objects.get()
    assert check.rows > 0
    assert f"Complete: {check.rows} rows" in client.get(where).content.decode()
    event = Event.objects.filter(position__isnull=False).first()
    ChainCheck.objects.create(rows=5, problem="changed", position=6, event=event.pk, seconds=1)
    page = client.get(where).content.decode()
    assert "Broken at position 6" in page
    assert f"/admin/scans/event/{event.pk}/change/" in page
    assert client.get(f"/admin/scans/event/{event.pk}/change/").status_code == 200


def test_a_moderator_does_not_open_the_page(moderator: User, as_user: Callable[..., Client]) -> None:
    assert as_user(moderator).get("/admin/scans/chaincheck/").status_code == 403
