"""Every operation, asked by every role with every scope that it may have: who is let in stands in matrix.txt."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts import keys, roles
from accounts.models import User
from accounts.roles import Role
from scans.analysis import routing
from scans.api import reference
from scans.models import Reason, ReviewQueue

MATRIX = Path(__file__).with_name("matrix.txt")
PUBLIC = {"getArtifact", "verifyReport"}
pytestmark = pytest.mark.django_db


def ask(client: Client, one: reference.Operation) -> int:
    path = one.path.replace("{code}", "AAAA-BBBB-CCCC").replace("{token}", "x")
    path = path.replace("{id}", "999999" if path.startswith(("/queue-items", "/case-links")) else str(uuid.UUID(int=7)))
    send = getattr(client, one.method.lower())
    answer = send(f"/api/v1{path}", **({} if one.method == "GET" else {"content_type": "application/json"}))
    status: int = answer.status_code
    return status


def test_nobody_is_let_in_without_a_key(client: Client) -> None:
    for one in reference.operations():
        if one.name not in PUBLIC:
            assert ask(client, one) == 401, one.name
            assert ask(Client(headers={"Authorization": "Bearer dfm_live_0"}), one) == 401, one.name


@pytest.mark.slow
def test_who_is_let_in_where(
    person: Callable[..., User], as_user: Callable[..., Client], bundles: Any, settings: Any
) -> None:
    """`o` is let in, `.` is not. Asked is what isn't there, so that nothing comes of it. 1FA: no second factor."""
    settings.LIMITS = {
        kind: {"visitor": "100000/1m"} for kind in ("read", "upload", "review", "webhook_test", "export")
    }
    columns: list[tuple[str, Client]] = []
    for role in Role:
        user = person(role.value, role)
        for scope in roles.scopes_for(user):
            _key, secret = keys.issue(user, name=scope, scopes=[scope])
            columns.append((f"{role.value} {scope}", Client(headers={"Authorization": f"Bearer {secret}"})))
            if role in roles.DESK:
                there = person(f"{role.value}-{scope.replace(':', '-')}", role)
                _key, secret = keys.issue(there, name=scope, scopes=[scope])
                there.authenticator_set.all().delete()  # the key is older than the loss of the second factor
                name = f"{role.value} {scope} 1FA"
                columns.append((name, Client(headers={"Authorization": f"Bearer {secret}"})))
        columns.append((f"{role.value} session", as_user(user)))
        if role in roles.DESK:
            without = person(f"{role.value}-1fa", role, second_factor=False)
            columns.append((f"{role.value} session 1FA", as_user(without)))
    lines = [f"{number:2} {name}" for number, (name, _client) in enumerate(columns)]
    lines.append("")
    for one in reference.operations():
        cells = "".join("." if ask(client, one) in (401, 403) else "o" for _name, client in columns)
        lines.append(f"{one.name:24} {cells}")
    matrix = "\n".join(lines) + "\n"
    assert matrix == MATRIX.read_text(), matrix


def test_a_scope_that_the_role_has_lost_opens_nothing(person: Callable[..., User]) -> None:
    user = person("mod", Role.MODERATOR)
    _key, secret = keys.issue(user, name="desk", scopes=["review:read"])
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    assert client.get("/api/v1/queues").status_code == 200
    user.groups.clear()
    assert client.get("/api/v1/queues").status_code == 403


@pytest.fixture(params=["session", "key"])
def without_second_factor(request: Any, person: Callable[..., User], as_user: Callable[..., Client]) -> Client:
    """A moderator who has lost the second factor, with a key and a session that are older."""
    mod = person("mod", Role.MODERATOR)
    _key, secret = keys.issue(mod, name="desk", scopes=["scans:read", "review:read", "review:write"])
    client = Client(headers={"Authorization": f"Bearer {secret}"}) if request.param == "key" else as_user(mod)
    assert client.get("/api/v1/queues").status_code == 200
    mod.authenticator_set.all().delete()
    return client


def test_without_a_second_factor_nothing_of_others_is_read_or_decided(
    without_second_factor: Client, upload: Callable[..., Any], bundles: Any
) -> None:
    scan = upload()
    item = routing.put(scan, ReviewQueue.objects.get(slug="review"), Reason.HAND)
    get = without_second_factor.get
    assert get("/api/v1/queue-items").status_code == 403
    for of in ("", "/assessments", "/faces", "/frames", "/artifacts", "/decisions", "/report"):
        assert get(f"/api/v1/scans/{scan.pk}{of}").status_code == 404, of
    assert get("/api/v1/scans").json()["results"] == []
    assert get("/api/v1/changes").json()["results"] == []
    assert get("/api/v1/events").json()["results"] == []
    verdict = {"label": "manipulated", "action": "label", "note_public": "x", "expected_version": 1}
    for where, body in ((f"queue-items/{item.pk}/claim", {}), (f"scans/{scan.pk}/decisions", verdict)):
        answer = without_second_factor.post(f"/api/v1/{where}", body, content_type="application/json")
        assert answer.status_code == 403, where
    item.refresh_from_db()
    assert item.holder is None
    assert not scan.decisions.exists()


def test_without_a_second_factor_pages_show_nothing_of_others(
    person: Callable[..., User], as_user: Callable[..., Client], upload: Callable[..., Any], bundles: Any
) -> None:
    scan = upload()
    client = as_user(person("mod", Role.MODERATOR, second_factor=False))
    for of in ("", "report.pdf", "media/"):
        assert client.get(f"/scans/{scan.pk}/{of}").status_code == 404, of
