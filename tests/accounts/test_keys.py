"""API keys: shown once, kept as a hash, two at a time, closed for good."""

import datetime as dt
import threading
from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import keys, roles
from accounts.models import ApiKey, User
from accounts.roles import Role


def ask(client, secret: str):
    return client.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"})


def test_a_key_opens_the_api_and_says_what_it_may(client, uploader: User) -> None:
    key, secret = keys.issue(uploader, name="Importer", scopes=["scans:read"])
    said = ask(client, secret).json()
    assert said["scopes"] == ["scans:read"]
    assert said["roles"] == ["uploader"]
    assert said["key"]["prefix"] == key.prefix
    key.refresh_from_db()
    assert key.last_used_at is not None


def test_the_secret_is_stored_nowhere(uploader: User) -> None:
    _key, secret = keys.issue(uploader, name="Importer", scopes=["scans:read"])
    row = ApiKey.objects.values().get()
    start = f"dfm_live_{row['prefix']}_"
    assert secret.startswith(start)
    assert secret.removeprefix(start) not in str(row)


@pytest.mark.parametrize(
    "said", ["", "Bearer", "dfm_live_x_y", "dfm_live_000000000000_" + "A" * 43, "dfm_live_ä", "x" * 10_000]
)
def test_anything_else_opens_nothing(client, db, said: str) -> None:
    response = client.get("/api/v1/me", headers={"Authorization": f"Bearer {said}".encode().decode("latin-1")})
    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"
    assert response["WWW-Authenticate"] == "Bearer"
    assert response.json()["code"] == "unauthorized"


def test_a_live_secret_is_no_test_secret(client, uploader: User) -> None:
    _key, secret = keys.issue(uploader, name="Importer", scopes=["scans:read"])
    assert ask(client, secret.replace("_live_", "_test_")).status_code == 401


def test_a_revoked_key_an_expired_key_and_a_key_of_somebody_who_left_open_nothing(client, uploader: User) -> None:
    revoked, secret = keys.issue(uploader, name="a", scopes=["scans:read"])
    assert keys.revoke(revoked)
    assert not keys.revoke(revoked)
    assert ask(client, secret).status_code == 401
    expired, secret = keys.issue(
        uploader, name="b", scopes=["scans:read"], expires_at=timezone.now() + dt.timedelta(days=1)
    )
    ApiKey.objects.filter(pk=expired.pk).update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert ask(client, secret).status_code == 401
    _key, secret = keys.issue(uploader, name="c", scopes=["scans:read"])
    User.objects.update(is_active=False)
    assert ask(client, secret).status_code == 401


def test_a_key_cannot_do_more_than_its_person(uploader: User) -> None:
    with pytest.raises(ValidationError):
        keys.issue(uploader, name="a", scopes=["review:write"])
    with pytest.raises(ValidationError):
        keys.issue(uploader, name="a", scopes=[])


def test_a_key_loses_what_its_person_loses(client, moderator: User) -> None:
    _key, secret = keys.issue(moderator, name="a", scopes=["scans:read", "review:write"])
    moderator.groups.clear()
    roles.give(moderator, Role.UPLOADER)
    assert ask(client, secret).json()["scopes"] == ["scans:read"]


def test_without_a_second_factor_no_key_gets_or_keeps_a_staff_scope(client, person, as_user) -> None:
    with_one = person("mo", Role.MODERATOR)
    key, secret = keys.issue(with_one, name="a", scopes=["scans:read", "review:write"])
    with_one.authenticator_set.all().delete()
    assert ask(client, secret).json()["scopes"] == ["scans:read"]
    without = User.objects.get(pk=with_one.pk)
    with pytest.raises(ValidationError):
        keys.issue(without, name="b", scopes=["review:write"])
    assert keys.rotate(ApiKey.objects.get(pk=key.pk))[0].scopes == ["scans:read"]
    page = as_user(without, proven=True).get("/profile/keys/").content.decode()
    assert 'value="scans:read"' in page
    assert 'value="review:write"' not in page
    assert "your account needs a second factor" in page


def test_rotation_leaves_both_open_until_one_is_revoked(client, uploader: User) -> None:
    old, old_secret = keys.issue(uploader, name="Importer", scopes=["scans:read"])
    new, new_secret = keys.rotate(old)
    assert (new.name, new.scopes) == (old.name, old.scopes)
    assert ask(client, old_secret).status_code == ask(client, new_secret).status_code == 200
    with pytest.raises(ValidationError):
        keys.rotate(old)
    keys.revoke(old)
    assert ask(client, old_secret).status_code == 401
    keys.rotate(new)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_keys_at_a_time_also_when_ten_are_asked_for_at_once() -> None:
    user = User.objects.create_user("ann@example.org")
    roles.give(user, Role.UPLOADER)
    start, made = threading.Barrier(10), []

    def issue() -> None:
        start.wait()
        try:
            made.append(keys.issue(user, name="same", scopes=["scans:read"]))
        except ValidationError:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=issue) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == user.api_keys.count() == keys.AT_A_TIME


def test_on_the_page_a_key_is_shown_once_and_only_after_a_fresh_proof(uploader: User, as_user) -> None:
    form = {"name": "Importer", "scopes": ["scans:read"], "lifetime": "90"}
    response = as_user(uploader).post("/profile/keys/new/", form)
    assert response.status_code == 302
    assert "reauthenticate" in response["Location"]
    assert not uploader.api_keys.exists()
    client = as_user(uploader, proven=True)
    response = client.post("/profile/keys/new/", form)
    secret = f"dfm_live_{uploader.api_keys.get().prefix}_"
    assert secret in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert secret not in client.get("/profile/keys/").content.decode()


def test_nobody_touches_a_strangers_key(uploader: User, stranger: User, as_user) -> None:
    key, secret = keys.issue(uploader, name="Importer", scopes=["scans:read"])
    client = as_user(stranger, proven=True)
    assert client.post(f"/profile/keys/{key.pk}/revoke/").status_code == 404
    assert client.post(f"/profile/keys/{key.pk}/rotate/").status_code == 404
    assert keys.verify(secret) == key


def test_a_refused_key_form_says_why(uploader: User, as_user) -> None:
    response = as_user(uploader, proven=True).post("/profile/keys/new/", {"name": "", "scopes": ["webhooks"]})
    assert response.status_code == 422
    assert not uploader.api_keys.exists()


def test_the_list_of_keys_asks_the_same_number_of_questions_however_many_there_are(
    uploader: User, as_user, django_assert_num_queries
) -> None:
    client = as_user(uploader)
    client.get("/profile/keys/")
    with CaptureQueriesContext(connection) as few:
        client.get("/profile/keys/")
    for number in range(12):
        keys.issue(uploader, name=f"Importer {number}", scopes=["scans:read"])
    with django_assert_num_queries(len(few)):
        client.get("/profile/keys/")


def test_the_page_of_keys_says_in_words_what_each_may_do(as_user: Callable[..., Client], uploader: User) -> None:
    keys.issue(uploader, name="Importer", scopes=["scans:read", "scans:write"])
    page = as_user(uploader).get("/profile/keys/", headers={"Accept-Language": "de"}).content.decode()
    assert ">Scans lesen, Scans hochladen und löschen</td>" in page
    assert ">scans:read" not in page
