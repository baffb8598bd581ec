"""Everything held about a person: taken along, or erased."""

import datetime as dt
import io
import json
import zipfile

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import mail
from django.utils import timezone

from accounts import keys, personal
from accounts.models import Erasure, User


def members(response) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def due(user: User) -> Erasure:
    erasure = personal.ask_for_erasure(user)
    Erasure.objects.filter(pk=erasure.pk).update(due_at=timezone.now() - dt.timedelta(seconds=1))
    return erasure


def test_the_export_holds_everything_and_no_secret(moderator: User, as_user) -> None:
    key, secret = keys.issue(moderator, name="Importer", scopes=["scans:read"])
    held = members(as_user(moderator, proven=True).post("/profile/privacy/export/"))
    said = json.loads(held["account.json"])
    assert said["email"] == moderator.email
    assert said["roles"] == ["moderator"]
    assert said["api_keys"][0]["name"] == "Importer"
    assert said["second_factors"][0]["type"] == "totp"
    whole = held["account.json"].decode()
    assert secret.removeprefix(f"dfm_live_{key.prefix}_") not in whole
    assert moderator.password not in whole
    assert Authenticator.objects.get(user=moderator).data["secret"] not in whole


def test_the_export_takes_along_what_other_rooms_hold(uploader: User, as_user, monkeypatch) -> None:
    room = personal.Holder(
        export=lambda user: iter([("media/a.jpg", [b"one", b"two"])]), holds=lambda user: [], erase=lambda user: []
    )
    monkeypatch.setattr(personal, "holders", [*personal.holders, room])
    assert members(as_user(uploader, proven=True).post("/profile/privacy/export/"))["media/a.jpg"] == b"onetwo"


@pytest.mark.parametrize("address", ["/profile/privacy/export/", "/profile/privacy/erase/"])
def test_export_and_erasure_need_a_fresh_proof(uploader: User, as_user, address: str) -> None:
    response = as_user(uploader).post(address, {"sure": "on"})
    assert response.status_code == 302
    assert "reauthenticate" in response["Location"]
    assert not Erasure.objects.exists()


def test_asking_twice_is_asking_once(uploader: User, django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert personal.ask_for_erasure(uploader) == personal.ask_for_erasure(uploader)
    assert len(mail.outbox) == 1
    assert mail.outbox[0].to == [uploader.email]


def test_within_the_days_of_grace_nothing_is_erased_and_the_wish_can_be_taken_back(uploader: User, as_user) -> None:
    client = as_user(uploader, proven=True)
    client.post("/profile/privacy/erase/", {"sure": "on"})
    assert personal.erase_due() == 0
    client.post("/profile/privacy/keep/")
    Erasure.objects.update(due_at=timezone.now() - dt.timedelta(days=1))
    assert personal.erase_due() == 0
    uploader.refresh_from_db()
    assert uploader.is_active


def test_the_mail_speaks_the_language_of_the_page_on_which_it_was_asked_for(
    uploader: User, as_user, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        as_user(uploader, proven=True).post(
            "/profile/privacy/erase/", {"sure": "on"}, headers={"Accept-Language": "de"}
        )
    assert mail.outbox[-1].subject == "Ihr Konto wird gelöscht"


def test_an_erasure_needs_the_tick(uploader: User, as_user) -> None:
    assert as_user(uploader, proven=True).post("/profile/privacy/erase/").status_code == 422
    assert not Erasure.objects.exists()


def test_erased_means_that_nothing_says_who_it_was(
    moderator: User, as_user, client, django_capture_on_commit_callbacks
) -> None:
    browser = as_user(moderator)
    browser.get("/profile/")
    _key, secret = keys.issue(moderator, name="Importer", scopes=["scans:read"])
    address, name = moderator.email, moderator.name
    erasure = due(moderator)
    with django_capture_on_commit_callbacks(execute=True):
        assert personal.erase_due() == 1
    assert mail.outbox[-1].to == [address]
    assert str(erasure.pk) in mail.outbox[-1].body
    row = str(User.objects.values().get(pk=moderator.pk))
    assert address not in row
    assert name not in row
    assert not EmailAddress.objects.exists()
    assert not Authenticator.objects.exists()
    assert keys.verify(secret) is None
    assert browser.get("/profile/").status_code == 302
    assert not client.login(email=address, password="correct horse battery")
    erasure.refresh_from_db()
    assert erasure.done_at
    assert erasure.kept
    assert personal.erase_due() == 0


def test_a_hold_keeps_everything_and_says_why(uploader: User, monkeypatch) -> None:
    erased = []
    room = personal.Holder(
        export=lambda user: iter([]), holds=lambda user: ["An appeal is open."], erase=lambda user: erased or []
    )
    monkeypatch.setattr(personal, "holders", [*personal.holders, room])
    erasure = due(uploader)
    assert personal.erase_due() == 0
    erasure.refresh_from_db()
    assert erasure.kept == ["An appeal is open."]
    uploader.refresh_from_db()
    assert uploader.is_active


def test_an_erased_address_can_sign_up_again(uploader: User) -> None:
    address = uploader.email
    due(uploader)
    personal.erase_due()
    User.objects.create_user(address)
