"""What stands in the log about sign-ins, and how long a session lasts."""

import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.utils import decrypt
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts import presence
from accounts.models import User

from ..conftest import PASSWORD
from ..site.test_logs import said


def test_every_sign_in_stands_in_the_log_and_no_address_of_a_person(uploader: User, caplog: Any) -> None:
    client = Client()
    client.post("/accounts/login/", {"login": uploader.email, "password": "wrong"})
    client.post("/accounts/login/", {"login": uploader.email, "password": PASSWORD})
    client.post("/accounts/logout/")
    (failed,) = said(caplog, "sign-in failed")
    (signed_in,) = said(caplog, "signed in")
    (signed_out,) = said(caplog, "signed out")
    assert (failed["level"], failed["method"], failed["address"]) == ("warning", "password", "127.0.0.1")
    assert (signed_in["user"], signed_in["methods"], signed_in["address"]) == (uploader.pk, ["password"], "127.0.0.1")
    assert signed_out["user"] == uploader.pk
    assert uploader.email not in caplog.text


def test_attempts_on_one_account_are_seen_to_belong_together(db: None, caplog: Any) -> None:
    for login in ("a@example.org", "A@example.org", "b@example.org"):
        Client().post("/accounts/login/", {"login": login, "password": "wrong"})
    first, second, other = (line["account"] for line in said(caplog, "sign-in failed"))
    assert first == second != other


def test_a_wrong_code_and_a_changed_password_stand_in_the_log(moderator: User, as_user: Any, caplog: Any) -> None:
    client = Client()
    client.post("/accounts/login/", {"login": moderator.email, "password": PASSWORD})
    client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert [line["method"] for line in said(caplog, "sign-in failed")] == ["totp"]
    new = "another long phrase of mine"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    as_user(moderator, proven=True).post("/accounts/password/change/", form)
    assert [line["user"] for line in said(caplog, "password changed")] == [moderator.pk]


def test_a_refused_page_stands_in_the_log(uploader: User, as_user: Any, caplog: Any) -> None:
    assert as_user(uploader).get("/admin/").status_code == 403
    (refused,) = said(caplog, "access refused")
    assert (refused["view"], refused["user"]) == ("admin:index", uploader.pk)


def code_of(user: User) -> str:
    secret = TOTP(Authenticator.objects.get(user=user, type="totp"))
    counter = list(yield_hotp_counters_from_time())[1]
    return format_hotp_value(hotp_value(decrypt(secret.instance.data["secret"]), counter))


@pytest.mark.parametrize(("tolerance", "opens"), [(1, [True, True, True]), (0, [False, True, False])])
def test_without_tolerance_a_code_lives_for_thirty_seconds(
    tolerance: int, opens: list[bool], moderator: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MFA_TOTP_TOLERANCE = tolerance
    totp = TOTP(Authenticator.objects.get(user=moderator, type="totp"))
    secret = decrypt(totp.instance.data["secret"])
    now = 60_000_000
    monkeypatch.setattr(time, "time", lambda: now * 30 + 29.0)
    accepted = [totp.validate_code(format_hotp_value(hotp_value(secret, now + step))) for step in (-1, 0, 1)]
    assert accepted == opens


def test_a_code_of_an_app_opens_one_session_only(moderator: User) -> None:
    code = code_of(moderator)
    for status in (200, 302):
        client = Client()
        client.post("/accounts/login/", {"login": moderator.email, "password": PASSWORD})
        client.post("/accounts/2fa/authenticate/", {"code": code})
        assert client.get("/profile/").status_code == status


def test_a_recovery_code_opens_one_session_only(moderator: User) -> None:
    code = RecoveryCodes.activate(moderator).get_unused_codes()[0]
    for status in (200, 302):
        client = Client()
        client.post("/accounts/login/", {"login": moderator.email, "password": PASSWORD})
        client.post("/accounts/2fa/authenticate/", {"code": code})
        assert client.get("/profile/").status_code == status


def test_secrets_of_second_factors_are_encrypted_and_keys_can_change(moderator: User, settings: Any) -> None:
    before = code_of(moderator)
    assert Authenticator.objects.get(user=moderator).data["secret"].startswith("aes1:")
    settings.ENCRYPTION_KEYS = ["new", *settings.ENCRYPTION_KEYS]
    call_command("reencrypt")
    settings.ENCRYPTION_KEYS = ["new"]
    assert code_of(moderator) == before


def test_a_reset_password_does_not_get_around_the_second_factor(moderator: User) -> None:
    moderator.set_password("a phrase after the reset")
    moderator.save()
    client = Client()
    answer = client.post("/accounts/login/", {"login": moderator.email, "password": "a phrase after the reset"})
    assert answer["Location"].startswith("/accounts/2fa/authenticate/")
    assert client.get("/profile/").status_code == 302


def age(client: Client, seconds: int) -> None:
    session = client.session
    session[presence.BEGAN] = int(time.time()) - seconds
    session.save()


@pytest.mark.parametrize(("cast", "lasts"), [("uploader", 30 * 24 * 3600), ("moderator", 24 * 3600)])
def test_a_session_ends_after_its_time_however_much_it_is_used(
    cast: str, lasts: int, as_user: Any, request: pytest.FixtureRequest
) -> None:
    client = as_user(request.getfixturevalue(cast))
    client.get("/profile/")
    age(client, lasts - 60)
    assert client.get("/profile/").status_code == 200
    age(client, lasts + 1)
    assert client.get("/profile/").status_code == 302
    age(client, 0)
    assert client.get("/profile/").status_code == 302


def test_a_fresh_proof_gives_the_session_a_new_key(uploader: User, as_user: Any, settings: Any) -> None:
    client, thief = as_user(uploader), Client()
    client.get("/profile/")
    thief.cookies[settings.SESSION_COOKIE_NAME] = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert thief.get("/profile/").status_code == 200
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert thief.get("/profile/").status_code == 302
    assert client.get("/profile/").status_code == 200
    assert UserSession.objects.get().session_key == client.cookies[settings.SESSION_COOKIE_NAME].value


def test_a_session_of_somebody_who_was_made_inactive_opens_nothing(uploader: User, as_user: Any) -> None:
    client = as_user(uploader)
    assert client.get("/profile/").status_code == 200
    User.objects.filter(pk=uploader.pk).update(is_active=False)
    assert client.get("/profile/").status_code == 302


def test_a_new_password_ends_the_other_sessions(uploader: User, as_user: Any) -> None:
    here, elsewhere = as_user(uploader, proven=True), as_user(uploader)
    new = "another long phrase of mine"
    here.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert here.get("/profile/").status_code == 200
    assert elsewhere.get("/profile/").status_code == 302


def test_a_password_is_changed_only_by_who_knows_it(uploader: User, as_user: Any) -> None:
    new = "another long phrase of mine"
    form = {"oldpassword": "a guess", "password1": new, "password2": new}
    as_user(uploader, proven=True).post("/accounts/password/change/", form)
    uploader.refresh_from_db()
    assert uploader.check_password(PASSWORD)


def test_the_email_address_is_changed_after_a_fresh_proof_only(uploader: User, as_user: Any) -> None:
    form = {"email": "new@example.org", "action_add": ""}
    answer = as_user(uploader).post("/accounts/email/", form)
    assert answer["Location"].startswith("/accounts/reauthenticate/")


def test_ending_sessions_takes_a_fresh_proof(uploader: User, as_user: Any) -> None:
    here, elsewhere = as_user(uploader), as_user(uploader)
    for client in (here, elsewhere):
        client.get("/profile/")
    assert here.post("/accounts/sessions/")["Location"].startswith("/accounts/reauthenticate/")
    assert elsewhere.get("/profile/").status_code == 200


def test_an_admin_signs_somebody_out_everywhere(admin: User, uploader: User, as_user: Any) -> None:
    client = as_user(uploader)
    client.get("/profile/")
    form = {"action": "end_sessions", "_selected_action": [str(uploader.pk)]}
    as_user(admin).post(reverse("admin:accounts_user_changelist"), form)
    assert client.get("/profile/").status_code == 302


def remove_factors(client: Client, person: User) -> Any:
    form = {"action": "remove_second_factors", "_selected_action": [str(person.pk)]}
    return client.post(reverse("admin:accounts_user_changelist"), form)


def test_an_admin_removes_a_lost_second_factor_after_a_fresh_proof(
    admin: User, moderator: User, as_user: Any, caplog: Any, django_capture_on_commit_callbacks: Any
) -> None:
    theirs = as_user(moderator)
    theirs.get("/profile/")
    answer = remove_factors(as_user(admin), moderator)
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert Authenticator.objects.filter(user=moderator).exists()
    with django_capture_on_commit_callbacks(execute=True):
        remove_factors(as_user(admin, proven=True), moderator)
    assert not Authenticator.objects.filter(user=moderator).exists()
    assert theirs.get("/profile/").status_code == 302
    assert mail.outbox[-1].to == [moderator.email]
    assert [line["user"] for line in said(caplog, "second factor changed")][-1] == moderator.pk
    assert LogEntry.objects.filter(
        user=admin, object_id=moderator.pk, change_message="Second factors removed."
    ).exists()
    assert as_user(moderator).get("/admin/").status_code == 403, "until there is a new one"


def test_nobody_removes_their_own_second_factor_or_a_superuser_s(
    admin: User, lead: User, moderator: User, as_user: Any
) -> None:
    User.objects.filter(pk=moderator.pk).update(is_superuser=True)
    for actor in (admin, lead):
        for person in (admin, moderator):
            remove_factors(as_user(actor, proven=True), person)
    assert Authenticator.objects.filter(user__in=[admin, moderator]).count() == 2


def test_a_lead_signs_nobody_out(lead: User, uploader: User, as_user: Any) -> None:
    client = as_user(uploader)
    client.get("/profile/")
    form = {"action": "end_sessions", "_selected_action": [str(uploader.pk)]}
    as_user(lead).post(reverse("admin:accounts_user_changelist"), form)
    assert client.get("/profile/").status_code == 200


def test_pages_of_somebody_who_is_signed_in_are_not_kept_by_the_browser(uploader: User, as_user: Any) -> None:
    client = as_user(uploader)
    for where in ("/", "/profile/", "/history/"):
        assert "no-store" in client.get(where, follow=True)["Cache-Control"]
    assert client.post("/accounts/logout/")["Clear-Site-Data"] == '"cache", "storage"'
    assert not client.get("/").has_header("Clear-Site-Data")


@pytest.mark.parametrize("easy", ["moderation2024", "Deepfake-Moderation", "moderator!!", "auditor-1-admin"])
def test_words_of_the_site_are_no_password(client: Client, db: None, easy: str) -> None:
    client.post("/accounts/signup/", {"email": "new@example.org", "password1": easy, "password2": easy})
    assert not User.objects.exists()


def test_a_long_password_is_taken_exactly_as_it_is(client: Client, db: None) -> None:
    good = "Ümläut Phrase 🐎 " * 8  # it ends with a space
    client.post("/accounts/signup/", {"email": "new@example.org", "password1": good, "password2": good})
    user = User.objects.get()
    assert len(good) > 64
    assert user.check_password(good)
    assert not any(user.check_password(other) for other in (good.strip(), good.lower(), good[:72]))
