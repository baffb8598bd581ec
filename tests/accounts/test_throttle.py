"""How often one may try, and what happens when nobody can count."""

from types import SimpleNamespace

import pytest
from django.test import Client
from structlog.testing import capture_logs

from accounts.models import User
from accounts.throttle import address_of


def try_sign_in(client: Client, who: str = "ann@example.org", **headers: str):
    return client.post("/accounts/login/", {"login": who, "password": "wrong"}, headers=headers)


@pytest.fixture(autouse=True)
def small_limits(settings) -> None:
    settings.LIMITS = {
        "sign-in": {"account": "3/5m", "address": "5/5m"},
        "sign-up": {"account": "2/1h", "address": "4/1h"},
        "reset": {"account": "2/1h", "address": "4/1h"},
        "read": {"visitor": "15/1m"},
    }


def test_one_try_too_many_on_an_account_is_a_readable_429(client: Client, db) -> None:
    assert [try_sign_in(client).status_code for _ in range(3)] == [200, 200, 200]
    response = try_sign_in(client)
    assert response.status_code == 429
    assert 1 <= int(response["Retry-After"]) <= 300
    assert "<h1" in response.content.decode()


def test_no_window_of_that_length_ever_holds_more_than_the_limit(client: Client, db, monkeypatch) -> None:
    """Wherever the attempts lie on the clock: windows that begin by the clock would let twice as many through."""
    now = 1_800_000_000.0
    monkeypatch.setattr("accounts.throttle.time", SimpleNamespace(time=lambda: now))
    let_through: list[float] = []
    for _ in range(40):
        now += 20
        if try_sign_in(client).status_code == 200:
            let_through.append(now)
    for start in let_through:
        assert sum(start <= at < start + 300 for at in let_through) <= 3
    assert len(let_through) >= 8, "and after the wait they go on"


def test_the_limit_is_the_same_whether_the_account_exists_or_not(client: Client, uploader: User) -> None:
    def walk(who: str) -> list[int]:
        return [try_sign_in(client, who).status_code for _ in range(4)]

    known = walk(uploader.email)
    from django.core.cache import cache

    cache.clear()
    assert walk("nobody@example.org") == known


def test_writing_the_address_otherwise_is_no_way_around(client: Client, db) -> None:
    for who in ("ann@example.org", "ANN@example.org", " Ann@Example.org "):
        try_sign_in(client, who)
    assert try_sign_in(client).status_code == 429


def test_many_accounts_from_one_address_are_stopped_too(client: Client, db) -> None:
    assert [try_sign_in(client, f"p{n}@example.org").status_code for n in range(6)] == [200] * 5 + [429]


def test_the_right_password_is_let_in_below_the_limit_and_not_above(client: Client, uploader: User) -> None:
    for _ in range(3):
        try_sign_in(client, uploader.email)
    response = client.post("/accounts/login/", {"login": uploader.email, "password": "correct horse battery"})
    assert response.status_code == 429
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("/accounts/signup/", {"email": "a@example.org", "password1": "x", "password2": "y"}),
        ("/accounts/password/reset/", {"email": "a@example.org"}),
    ],
)
def test_sign_up_and_reset_have_limits_of_their_own(client: Client, db, address: str, form: dict[str, str]) -> None:
    statuses = [client.post(address, form).status_code for _ in range(3)]
    assert statuses[-1] == 429
    assert 429 not in statuses[:-1]


def test_a_second_factor_cannot_be_guessed(person, client: Client) -> None:
    from accounts.roles import Role

    user = person("mo", Role.MODERATOR)
    client.post("/accounts/login/", {"login": user.email, "password": "correct horse battery"})
    assert [client.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code for _ in range(4)][-1] == 429


def test_reading_has_a_wide_limit(client: Client, db) -> None:
    statuses = {client.get("/accounts/login/").status_code for _ in range(16)}
    assert statuses == {200, 429}


def test_whoever_has_signed_in_is_not_counted_with_the_others_at_the_same_address(
    client: Client, uploader: User, stranger: User, as_user
) -> None:
    one = as_user(uploader)
    for _ in range(16):
        client.get("/accounts/login/")
        one.get("/profile/")
    assert client.get("/accounts/login/").status_code == one.get("/profile/").status_code == 429
    assert as_user(stranger).get("/profile/").status_code == 200


def test_health_is_never_limited(client: Client, db) -> None:
    assert {client.get("/healthz").status_code for _ in range(30)} == {200}


def test_an_api_client_reads_its_429_as_a_problem(client: Client, db) -> None:
    for _ in range(16):
        response = client.get("/api/v1/me")
    assert response.status_code == 429
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "rate_limited"


def test_with_redis_away_nobody_gets_in_and_reading_goes_on_and_both_are_logged(
    uploader: User, as_user, redis_away, client: Client
) -> None:
    with capture_logs() as said:
        refused = client.post("/accounts/login/", {"login": uploader.email, "password": "correct horse battery"})
        read = as_user(uploader).get("/profile/")
    assert refused.status_code == 503
    assert int(refused["Retry-After"]) >= 1
    assert "_auth_user_id" not in client.session
    assert read.status_code == 200
    kinds = [(line["kind"], line["refused"]) for line in said if line["event"] == "limits can't be counted"]
    assert kinds == [("sign-in", True), ("read", False)]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "peer", "address"),
    [
        (0, "1.1.1.1", "9.9.9.9", "9.9.9.9"),  # anybody can write that header
        (1, "1.1.1.1", "9.9.9.9", "1.1.1.1"),
        (1, "6.6.6.6, 1.1.1.1", "9.9.9.9", "1.1.1.1"),  # what stands further left came from the client
        (2, "6.6.6.6, 1.1.1.1, 8.8.8.8", "9.9.9.9", "1.1.1.1"),
        (2, "1.1.1.1", "9.9.9.9", "1.1.1.1"),
        (1, "", "9.9.9.9", "9.9.9.9"),
        (1, "rubbish", "9.9.9.9", "unknown"),
        (0, "", "2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        (0, "", "::ffff:1.2.3.4", "1.2.3.4"),
        (0, "", "", "unknown"),
    ],
)
def test_the_clients_address_is_counted_from_the_right(rf, settings, proxies, forwarded, peer, address) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = rf.get("/", REMOTE_ADDR=peer, **({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}))
    assert address_of(request) == address
