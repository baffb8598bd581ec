"""Limits under many clients at once, and parameters of any kind: what is said is answered or refused, never broken."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from accounts import keys
from accounts.models import ApiKey, User
from accounts.roles import Role
from scans.api import reference

from .conftest import ApiClient

NAMES = sorted({one.name for operation in reference.operations() for one in operation.parameters} - {"Idempotency-Key"})
LISTS = sorted(one.path for one in reference.operations() if one.method == "GET" and "{" not in one.path)
SAID = st.one_of(
    st.text(max_size=60),
    st.from_regex(r"[0-9]{1,20}(-[0-9a-f]{1,32})?", fullmatch=True),
    st.sampled_from(["", "0", "-1", "1e9", "nan", "null", "true", "[]", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00Z",
                     "9999-12-31T23:59:59+00:00", "99999999-0" * 3, "analysed", "inconclusive", "pending"]),
    st.uuids().map(str),
    st.datetimes().map(lambda at: f"{at.isoformat()}Z"),
)  # fmt: skip


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_fifty_at_once_get_as_many_answers_as_one_may(uploader: User) -> None:
    key, secret = keys.issue(uploader, name="p", scopes=["scans:read"])
    ApiKey.objects.filter(pk=key.pk).update(read_limit="20/1m")

    def ask(_number: int) -> int:
        try:
            client = Client(headers={"Authorization": f"Bearer {secret}"})
            return int(client.get("/api/v1/policies").status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(50) as threads:
        assert Counter(threads.map(ask, range(80))) == {200: 20, 429: 60}


@pytest.fixture
def anything(person: Callable[..., User], settings: Any, bundles: Any) -> Client:
    settings.LIMITS = {**settings.LIMITS, "read": {"visitor": "100000/1m"}}
    user = person("all", Role.ADMIN, Role.INTEGRATOR)
    scopes = ["scans:read", "review:read", "webhooks"]
    return ApiClient(headers={"Authorization": f"Bearer {keys.issue(user, name='p', scopes=scopes)[1]}"})


@pytest.mark.django_db
@pytest.mark.parametrize("path", LISTS)
@given_settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(said=st.dictionaries(st.sampled_from(NAMES), SAID, max_size=4))
def test_any_parameter_is_taken_or_refused(path: str, said: dict[str, str], anything: Client) -> None:
    said.pop("wait", None)
    answer = anything.get(f"/api/v1{path}", said)
    assert answer.status_code in (200, 400, 422), (path, said)
    if answer.status_code == 422:
        wrong = {one["pointer"].lstrip("/") for one in answer.json()["errors"]}
        assert wrong <= set(said), "what is wrong is named"
    else:
        known = next(one for one in reference.operations() if (one.method, one.path) == ("GET", path)).parameters
        assert answer.status_code == 400 or set(said) <= {one.name for one in known}, "nothing is silently left out"


@pytest.mark.django_db
def test_a_key_is_counted_by_itself_and_who_has_none_by_address(uploader: User, settings: Any) -> None:
    settings.LIMITS = {**settings.LIMITS, "read": {"visitor": "3/1m"}}
    key, secret = keys.issue(uploader, name="p", scopes=["scans:read"])
    ApiKey.objects.filter(pk=key.pk).update(read_limit="20/1m")
    with_key, without = Client(headers={"Authorization": f"Bearer {secret}"}), Client()
    wrong = Client(headers={"Authorization": "Bearer dfm_live_000000000000_" + "x" * 43})
    assert [without.get("/api/v1/me").status_code for _ask in range(2)] == [401, 401]
    refused = wrong.get("/api/v1/me")
    assert refused.status_code == 401
    assert refused["RateLimit"].startswith('"read";r=0;')
    assert wrong.get("/api/v1/me").status_code == 429, "keys can't be tried out without end"
    assert [with_key.get("/api/v1/me").status_code for _ask in range(21)] == [200] * 20 + [429]
