"""A private Redis, a small cast, and in CI no test that is quietly skipped."""

import gc
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.core.cache import cache
from django.db import connection, connections
from django.db.backends.base.operations import BaseDatabaseOperations
from django.test import Client
from django.utils import timezone, translation
from xdist.scheduler.loadscope import LoadScopeScheduling

from accounts import roles, rules
from accounts.models import User
from accounts.roles import Role
from deepfake_site import redis_server
from scans.evidence import guards
from scans.models import Reason, Rule

from . import schema

PASSWORD = "correct horse battery"
DATABASES = {"db", "transactional_db", "django_db_serialized_rollback"}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """What CI leaves out it has not tested: there, a skip is a failure."""
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """CI hears of a failure when it happens: what comes after may take long, or never end."""
    if report.failed and os.environ.get("CI"):
        why = str(report.longrepr).strip().splitlines()[-1:]
        print(
            f"\n{report.nodeid} failed in its {report.when} after {report.duration:.0f} s: {''.join(why)}", flush=True
        )


SITES = ("tests/browser", "tests/launcher")  # tests of a whole site, which brings its own processes and database
# Of the running site, what many programs send at once, what random requests hold, and commands with SQL of their own.
# The launcher's tests bring SQLite or PostgreSQL themselves, whatever the others run on. What people do in a browser
# sends queries that the tests of pages send as well.
SITES_ON_BOTH = ("tests/browser/test_programs.py", "tests/browser/test_measurements.py")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what a database can change. pytest-django refuses every query of a test that does not ask for one."""
    for item in items:
        asks = item.get_closest_marker("django_db") or DATABASES & set(getattr(item, "fixturenames", ()))
        if asks or item.nodeid.startswith(SITES_ON_BOTH):
            item.add_marker("database")
    # However they are shuffled: a site is started once for its folder. (The sort is stable.)
    items.sort(key=lambda item: next((place for place, site in enumerate(SITES) if item.nodeid.startswith(site)), -1))


def pytest_collection_finish() -> None:
    """What was loaded until here stays: the garbage collector need not go through half a million objects again."""
    gc.collect()
    gc.freeze()


class TogetherWhereDear(LoadScopeScheduling):
    """Tests that share a running site, or a trained network, stay on one worker; others go where there is room."""

    FOLDERS = (*SITES, "tests/detection/judging")
    FILES = ("tests/detection/training/", "tests/detection/test_faces.py", "tests/scans/web/test_object_store.py")

    def _split_scope(self, nodeid: str) -> str:
        folder = nodeid.rpartition("/")[0]
        if folder in self.FOLDERS:
            return folder
        return nodeid.partition("::")[0] if nodeid.startswith(self.FILES) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> TogetherWhereDear:
    return TogetherWhereDear(config, log)


class Redis:
    """A real server on a private socket, which tests may stop and start."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "redis.sock"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [str(redis_server.find()), "--port", "0", "--unixsocket", str(self.socket), "--save", "", "--dir", "/tmp"],
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 30
        while not self.answers():
            assert time.monotonic() < deadline, "Redis did not start"
            time.sleep(0.01)

    def answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.socket)) == 0

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(10)
            self.process = None


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    server = Redis(settings.VAR_DIR)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(settings.VAR_DIR, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_modify_db_settings: None) -> bool:
    """Begin with a copy of a migrated database. PostgreSQL begins with nothing."""
    if connection.vendor == "sqlite":
        schema.copy_database(connection.creation._get_test_db_name())
    return connection.vendor == "sqlite"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """The shipped audit rule draws 2 of 100 scans by their random id: only tests of that rule may meet it."""
    with django_db_blocker.unblock():
        Rule.objects.filter(reason=Reason.AUDIT).update(share=0)
        for database in connections.all():
            if hasattr(database, "_test_serialized_contents"):  # what transactional tests begin with
                database._test_serialized_contents = database.creation.serialize_db_to_string()


@pytest.fixture(scope="session", autouse=True)
def emptied_past_the_guards() -> Iterator[None]:
    """Tests that commit empty the database afterwards, which its triggers refuse to everybody else."""
    original = BaseDatabaseOperations.execute_sql_flush

    def flush(operations: Any, statements: Any) -> None:
        guards.remove(operations.connection)
        original(operations, statements)
        guards.set_up(operations.connection.alias)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", flush)
        yield


@pytest.fixture(autouse=True)
def fresh_redis(redis: Redis) -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def own_language_and_time_zone() -> None:
    """A request leaves its person's language and time zone active: the next test must not inherit them."""
    translation.activate(settings.LANGUAGE_CODE)
    timezone.deactivate()


@pytest.fixture(autouse=True)
def limits_stand_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts are counted by the minute on the clock: a test must not straddle one."""
    monkeypatch.setattr("django_ratelimit.core.time", SimpleNamespace(time=lambda: 1_800_000_000.0))


# The secrets of API keys and webhooks, by their shape, and the password of the cast.
SECRETS = re.compile(rf"dfm_(?:live|test)_[0-9a-f]{{12}}_[\w-]{{43}}|whsec_[A-Za-z0-9+/=]{{24,}}|{PASSWORD}")


@pytest.fixture(autouse=True)
def no_secret_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Of everything that any test of the suite makes the site log."""
    yield
    logged = "".join(record.getMessage() for when in ("setup", "call") for record in caplog.get_records(when))
    assert not SECRETS.search(logged), "a secret is in the log"


@pytest.fixture
def redis_away(redis: Redis) -> Iterator[None]:
    redis.stop()
    yield
    redis.start()


# -- The cast: each knows one role, and nobody is anybody else ----------------------------------------


@pytest.fixture
def person(db: None) -> Callable[..., User]:
    """Makes people: `person("ann", Role.LEAD)`; those at the desk get the second factor that it asks for."""

    def make(name: str, *their_roles: Role, second_factor: bool | None = None) -> User:
        user = User.objects.create_user(f"{name}@example.org", PASSWORD, name=name.title())
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        roles.give(user, *their_roles)
        rules.accept(user)
        user = User.objects.get(pk=user.pk)
        if second_factor if second_factor is not None else user.is_staff:
            TOTP.activate(user, generate_totp_secret())
        return user

    return make


@pytest.fixture
def uploader(person: Callable[..., User]) -> User:
    return person("uploader", Role.UPLOADER)


@pytest.fixture
def stranger(person: Callable[..., User]) -> User:
    """Another uploader, who has no business with what the first one owns."""
    return person("stranger", Role.UPLOADER)


@pytest.fixture
def moderator(person: Callable[..., User]) -> User:
    return person("moderator", Role.MODERATOR)


@pytest.fixture
def lead(person: Callable[..., User]) -> User:
    return person("lead", Role.LEAD)


@pytest.fixture
def auditor(person: Callable[..., User]) -> User:
    return person("auditor", Role.AUDITOR)


@pytest.fixture
def admin(person: Callable[..., User]) -> User:
    return person("admin", Role.ADMIN)


@pytest.fixture
def as_user(db: None) -> Callable[..., Client]:
    """A browser in which this person has signed in; with `proven`, just now and once more."""

    def sign_in(user: User, *, proven: bool = False) -> Client:
        client = Client()
        client.force_login(user)
        if proven:
            answer = client.post("/accounts/reauthenticate/", {"password": PASSWORD})
            assert answer.status_code == 302
        return client

    return sign_in
