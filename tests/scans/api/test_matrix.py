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
from scans.api import reference

MATRIX = Path(__file__).with_name("matrix.txt")
PUBLIC = {"getArtifact", "verifyReport"}
pytestmark = pytest.mark.django_db


def ask(client: Client, one: reference.Operation) -> int:
    path = one.path.replace("{code}", "AAAA-BBBB-CCCC").replace("{token}", "x")
    path = path.replace("{id}", "999999" if "queue-items" in path else str(uuid.UUID(int=7)))
    send = getattr(client, one.method.lower())
    answer = send(f"/api/v1{path}", **({} if one.method == "GET" else {"content_type": "application/json"}))
    status: int = answer.status_code
    return status


def test_nobody_is_let_in_without_a_key(client: Client) -> None:
    for one in reference.operations():
        if one.name not in PUBLIC:
            assert ask(client, one) == 401, one.name
            assert ask(Client(headers={"Authorization": "Bearer dfm_live_0"}), one) == 401, one.name


def test_who_is_let_in_where(person: Callable[..., User], bundles: Any, settings: Any) -> None:
    """`o` is let in, `.` is not. Asked is what isn't there, so that nothing comes of it."""
    settings.LIMITS = {kind: {"visitor": "100000/1m"} for kind in ("read", "upload", "review", "webhook_test")}
    columns: list[tuple[str, Client]] = []
    for role in Role:
        user = person(role.value, role)
        for scope in roles.scopes_for(user):
            _key, secret = keys.issue(user, name=scope, scopes=[scope])
            columns.append((f"{role.value} {scope}", Client(headers={"Authorization": f"Bearer {secret}"})))
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
