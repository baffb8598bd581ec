"""Signing up, in and out, and what a stranger can't learn from it."""

import hashlib
import io
import re
import urllib.request
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.conf import settings as site
from django.contrib.auth.hashers import MD5PasswordHasher, get_hashers_by_algorithm, make_password
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils.module_loading import import_string

from accounts import roles
from accounts.models import User
from accounts.roles import Role

from ..conftest import PASSWORD

GOOD = "a long enough phrase"


def sign_up(client: Client, email: str):
    return client.post("/accounts/signup/", {"email": email, "password1": GOOD, "password2": GOOD})


def links(body: str) -> list[str]:
    return re.findall(r"http://\S+", body)


def test_whoever_signs_up_becomes_an_uploader_after_following_the_mails_link(
    client: Client, db, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        response = sign_up(client, "New@Example.org")
    assert response["Location"] == "/accounts/confirm-email/"
    user = User.objects.get()
    assert user.email == "new@example.org"
    assert roles.roles_of(user) == {Role.UPLOADER}
    sign_in = {"login": "new@example.org", "password": GOOD}
    client.post("/accounts/login/", sign_in)
    assert "_auth_user_id" not in client.session
    (link,) = links(mail.outbox[0].body)
    Client().post(link)
    assert EmailAddress.objects.get().verified
    client.post("/accounts/login/", sign_in)
    assert client.session["_auth_user_id"] == str(user.pk)


def test_whoever_confirms_in_the_same_browser_is_signed_in_and_nobody_else(
    client: Client, db, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        sign_up(client, "new@example.org")
    (link,) = links(mail.outbox[0].body)
    other = Client()
    other.get(link)
    assert "_auth_user_id" not in other.session
    assert client.post(link)["Location"] == "/scans/new/"
    assert client.session["_auth_user_id"] == str(User.objects.get().pk)
    other.post(link)
    assert "_auth_user_id" not in other.session


def test_a_link_that_was_followed_elsewhere_signs_nobody_in_there(
    client: Client, db, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        sign_up(client, "new@example.org")
    (link,) = links(mail.outbox[0].body)
    other = Client()
    other.post(link)
    assert EmailAddress.objects.get().verified
    assert "_auth_user_id" not in other.session


def shape(response) -> tuple[int, str, str]:
    """What a stranger sees: status, where it leads, the page without its tokens."""
    body = re.sub(r'(csrfmiddlewaretoken" value|nonce)="[^"]+"', "", response.content.decode())
    return response.status_code, response.get("Location", ""), body


@pytest.mark.parametrize("path", ["signup", "password/reset", "login"])
def test_no_page_tells_a_stranger_whether_somebody_has_an_account(path, uploader: User, db) -> None:
    def ask(email: str):
        form = {"email": email, "login": email, "password": "wrong", "password1": GOOD, "password2": GOOD}
        response = Client().post(f"/accounts/{path}/", form)
        return shape(response)[:2], shape(response)[2].replace(email, "")

    assert ask(uploader.email) == ask("nobody@example.org")


def test_the_owner_of_a_taken_address_learns_of_the_attempt_by_mail(
    client: Client, uploader: User, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        sign_up(client, uploader.email)
    assert mail.outbox[0].to == [uploader.email]
    assert "confirm-email" not in mail.outbox[0].body
    assert User.objects.count() == 1


def test_a_forgotten_password_is_reset_by_mail(
    client: Client, uploader: User, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/accounts/password/reset/", {"email": uploader.email})
    (link,) = links(mail.outbox[0].body)
    form = client.get(link, follow=True)
    client.post(form.redirect_chain[-1][0], {"password1": GOOD, "password2": GOOD})
    uploader.refresh_from_db()
    assert uploader.check_password(GOOD)
    assert Client().get(link, follow=True).context.get("token_fail")


WEAK = [
    "short", "password123", "1234567890123", "uploader@example.org", "sunshine2024", "!Michael-85", "qwerty12345",
    "volleyball", "chrisbrown2024", "aaaaaaaaaaaa", "abc7abc7abc7", "zyxwvutsrq98765", "qwertyuiop",
]  # fmt: skip


@pytest.mark.parametrize("weak", WEAK)
def test_weak_passwords_are_refused(client: Client, db, weak: str) -> None:
    client.post("/accounts/signup/", {"email": "uploader@example.org", "password1": weak, "password2": weak})
    assert not User.objects.exists()


@pytest.mark.parametrize("digest", ["{}:3", "{}"])
def test_a_password_of_a_breach_is_refused_where_a_copy_of_all_is_kept(
    client: Client, db, settings, tmp_path: Path, digest: str
) -> None:
    settings.BREACHED_PASSWORDS = str(tmp_path)
    known = hashlib.sha1(GOOD.encode()).hexdigest().upper()
    (tmp_path / f"{known[:5]}.txt").write_text(f"{'0' * 35}:9\n{digest.format(known[5:])}\n")
    answer = sign_up_with(client, GOOD)
    assert not User.objects.exists()
    assert "data breach" in answer.content.decode()
    (tmp_path / f"{known[:5]}.txt").write_text(f"{'0' * 35}:9\n{known[5:]}:0\n")  # 0 is padding of the service
    sign_up_with(client, GOOD)
    assert User.objects.get().check_password(GOOD)


def test_the_service_that_knows_breaches_never_sees_the_password(client: Client, db, settings, monkeypatch) -> None:
    settings.BREACHED_PASSWORDS = "https://breaches.example.org/range"
    requested = []

    def urlopen(request, timeout: float) -> io.BytesIO:
        requested.append(request.full_url)
        return io.BytesIO(f"{digest[5:]}:1\r\n".encode())

    digest = hashlib.sha1(GOOD.encode()).hexdigest().upper()
    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    sign_up_with(client, GOOD)
    assert set(requested) == {f"https://breaches.example.org/range/{digest[:5]}"}
    assert not User.objects.exists()


def sign_up_with(client: Client, password: str):
    form = {"email": "uploader@example.org", "password1": password, "password2": password}
    return client.post("/accounts/signup/", form)


@pytest.mark.parametrize("good", ["8305926417395", "mehkqzwrtnvb", "QXVTMRKWPLZD", "sunshine 4729 boat"])
def test_a_password_may_consist_of_one_kind_of_characters(client: Client, db, good: str) -> None:
    client.post("/accounts/signup/", {"email": "uploader@example.org", "password1": good, "password2": good})
    assert User.objects.get().check_password(good)


def test_passwords_are_kept_with_argon2(settings) -> None:
    settings.PASSWORD_HASHERS = site.REAL_PASSWORD_HASHERS
    assert import_string(settings.PASSWORD_HASHERS[0])().algorithm == "argon2"
    get_hashers_by_algorithm.cache_clear()
    assert make_password("x").startswith("argon2$")


def test_a_wrong_password_takes_the_same_work_whether_the_account_exists_or_not(
    uploader: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(hasher: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return encode(hasher, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    work = []
    for email in (uploader.email, "nobody@example.org"):
        Client().post("/accounts/login/", {"login": email, "password": "wrong"})
        work.append(len(hashed))
        hashed.clear()
    assert work[0] == work[1] > 0


def test_a_session_from_before_the_sign_in_is_worth_nothing_after_it(uploader: User) -> None:
    victim, attacker = Client(), Client()
    planted = attacker.session
    planted["planted"] = True
    planted.save()
    victim.cookies[site.SESSION_COOKIE_NAME] = planted.session_key
    victim.post("/accounts/login/", {"login": uploader.email, "password": PASSWORD})
    assert victim.get("/profile/").status_code == 200
    assert victim.cookies[site.SESSION_COOKIE_NAME].value != planted.session_key
    assert attacker.cookies[site.SESSION_COOKIE_NAME].value == planted.session_key
    assert attacker.get("/profile/").status_code == 302


def test_an_address_belongs_to_one_person_however_it_is_written(uploader: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.bulk_create([User(email=uploader.email.upper(), password="x")])


def test_one_click_ends_all_other_sessions(uploader: User, as_user) -> None:
    here, elsewhere = as_user(uploader, proven=True), as_user(uploader)
    for client in (here, elsewhere):
        assert client.get("/profile/").status_code == 200
    page = here.get("/accounts/sessions/")
    assert page.content.decode().count("127.0.0.1") >= 2
    here.post("/accounts/sessions/")
    assert elsewhere.get("/profile/").status_code == 302
    assert here.get("/profile/").status_code == 200


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 "
            "Safari/537.36 Edg/130.0.0.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/18.1 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 "
            "Mobile Safari/537.36",
            "Chrome on Android",
        ),
        ("some program/1.0", "some program/1.0"),
    ],
)
def test_sessions_are_told_apart_by_browser_and_system(user_agent: str, name: str, uploader: User, as_user) -> None:
    client = as_user(uploader, proven=True)
    client.get("/profile/", HTTP_USER_AGENT=user_agent)
    UserSession.objects.update(user_agent=user_agent)
    assert f">{name}</td>" in client.get("/accounts/sessions/", HTTP_USER_AGENT=user_agent).content.decode()


def test_a_session_that_is_used_a_lot_is_written_down_rarely(
    uploader: User, as_user, django_assert_max_num_queries
) -> None:
    client = as_user(uploader)
    client.get("/profile/")
    with django_assert_max_num_queries(4):
        client.get("/profile/")


def test_language_and_time_zone_follow_the_person(uploader: User, as_user) -> None:
    client = as_user(uploader)
    form = {"name": "Ann", "language": "de", "time_zone": "Europe/Berlin"}
    assert client.post("/profile/", form).status_code == 302
    page = client.get("/profile/").content.decode()
    assert '<html lang="de"' in page
    uploader.refresh_from_db()
    assert uploader.time_zone == "Europe/Berlin"


def test_a_time_zone_that_does_not_exist_is_refused(uploader: User, as_user) -> None:
    as_user(uploader).post("/profile/", {"name": "", "language": "", "time_zone": "Mars/Olympus"})
    uploader.refresh_from_db()
    assert uploader.time_zone == "UTC"


def test_signing_out_needs_a_post(uploader: User, as_user) -> None:
    client = as_user(uploader)
    client.get("/accounts/logout/")
    assert client.get("/profile/").status_code == 200
    client.post("/accounts/logout/")
    assert client.get("/profile/").status_code == 302


def test_without_a_queue_mail_is_sent_at_once(
    client: Client, db, settings, monkeypatch, django_capture_on_commit_callbacks
) -> None:
    from kombu.exceptions import OperationalError

    from accounts import mail as post

    def away(*args: object) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr(post.deliver, "delay", away)
    with django_capture_on_commit_callbacks(execute=True):
        post.send("Subject", "Body", to=["a@example.org"])
    assert mail.outbox[0].subject == "Subject"
