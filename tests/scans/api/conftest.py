"""A program with a key, and a worker that is there only when a test wants one."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts import keys
from accounts.models import User
from accounts.roles import Role
from scans.models import Rule

from ..conftest import portrait
from . import contract
from .receiver import Receiver, listening

SCANS = "/api/v1/scans"


class ApiClient(Client):
    """Every answer is held against the published description."""

    counted = True

    def request(self, **asked: Any) -> Any:
        answer = super().request(**asked)
        contract.hold(asked.get("REQUEST_METHOD", "GET"), asked["PATH_INFO"], answer, counted=self.counted)
        return answer


class Program:
    """What an integrator's code does: HTTP with a key."""

    def __init__(self, secret: str, run: Callable[..., Any]) -> None:
        self.client, self.run = ApiClient(headers={"Authorization": f"Bearer {secret}"}), run

    def get(self, where: str, **query: Any) -> Any:
        return self.client.get(where, query)

    def post(self, where: str, body: Any = None) -> Any:
        with self.run(execute=True):
            return self.client.post(where, body or {}, content_type="application/json")

    def batch(self, files: list[tuple[str, bytes]], *, judged: bool = True, **fields: Any) -> Any:
        sent = [SimpleUploadedFile(name, content) for name, content in files]
        with self.run(execute=judged):
            return self.client.post("/api/v1/batches", {"files": sent, **fields})

    def patch(self, where: str, body: Any) -> Any:
        return self.client.patch(where, body, content_type="application/json")

    def put(self, where: str, body: Any) -> Any:
        return self.client.put(where, body, content_type="application/json")

    def delete(self, where: str) -> Any:
        return self.client.delete(where)

    def submit(self, content: bytes | None = None, *, judged: bool = True, query: str = "", **fields: Any) -> Any:
        file = SimpleUploadedFile("photo.jpg", portrait() if content is None else content)
        with self.run(execute=judged):
            return self.client.post(f"{SCANS}{query}", {"file": file, **fields})


@pytest.fixture
def program(django_capture_on_commit_callbacks: Callable[..., Any], settings: Any) -> Callable[..., Program]:
    settings.LIMITS = {**settings.LIMITS, "upload": {"visitor": "1000/1m"}}

    def make(person: User, *scopes: str) -> Program:
        _key, secret = keys.issue(person, name="p" + "-".join(scopes), scopes=scopes or ("scans:read", "scans:write"))
        return Program(secret, django_capture_on_commit_callbacks)

    return make


@pytest.fixture
def own(program: Callable[..., Program], uploader: User, bundles: Any) -> Program:
    return program(uploader)


@pytest.fixture
def desk(program: Callable[..., Program], moderator: User) -> Program:
    return program(moderator, "scans:read", "review:read", "review:write")


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.PRIVATE_TARGETS = ["127.0.0.1/32"]
    with listening() as found:
        yield found


@pytest.fixture
def integrator(person: Callable[..., User]) -> User:
    return person("integrator", Role.INTEGRATOR)


@pytest.fixture
def hooked(program: Callable[..., Program], integrator: User, bundles: Any) -> Program:
    return program(integrator, "scans:read", "scans:write", "webhooks")


@pytest.fixture
def no_rules(db: None) -> None:
    """Nothing waits for a person unless a test says so."""
    Rule.objects.update(active=False)
