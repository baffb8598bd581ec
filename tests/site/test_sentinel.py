"""A Redis that a Sentinel watches over: named by its address alone, and used after a failover."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis as redis_client

from deepfake_site import redis_server
from tests.browser.conftest import free_port

from .test_defaults import PRODUCTION, START, run

pytestmark = pytest.mark.slow  # starts processes

PASSWORD = "only-for-tests"
USES_REDIS = """
import sys, time
import django
django.setup()
from django.core.cache import cache
from redis.exceptions import RedisError
from scans import tasks
from deepfake_site import health
from deepfake_site.celery import app

cache.set("kept", "before")
app.send_task("first", queue="post")
print("ready", flush=True)
sys.stdin.readline()
deadline = time.monotonic() + 60
while time.monotonic() < deadline:
    try:
        cache.set("written", "after")
        break
    except (RedisError, OSError):
        time.sleep(0.1)
app.send_task("second", queue="post")
print(cache.get("kept"), cache.get("written"), tasks.messages_in("post"), health.broker())
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    running = []

    def server(port: int, *more: str, config: str = "") -> subprocess.Popen[bytes]:
        file = tmp_path / f"{port}.conf"
        file.write_text(f"port {port}\nbind 127.0.0.1\ndir {tmp_path}\n{config}")
        process = subprocess.Popen([str(redis_server.find()), str(file), *more], stdout=subprocess.DEVNULL)
        running.append(process)
        until(lambda: answers(port), f"the server on port {port}")
        return process

    yield server
    for process in running:
        process.kill()
        process.wait(10)


def client(port: int) -> redis_client.Redis:
    return redis_client.Redis(port=port, password=PASSWORD)


def answers(port: int) -> bool:
    try:
        redis_client.Redis(port=port).ping()
    except redis_client.AuthenticationError:
        return True
    except redis_client.RedisError:
        return False
    return True


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


def test_the_new_primary_is_used_after_a_failover(
    start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    primary, replica, sentinel = (free_port() for _server in range(3))
    login = f'save ""\nrequirepass {PASSWORD}\nmasterauth {PASSWORD}\n'
    first = start(primary, config=login)
    start(replica, config=f"{login}replicaof 127.0.0.1 {primary}\n")
    watch = (
        f"sentinel monitor site 127.0.0.1 {primary} 1\nsentinel auth-pass site {PASSWORD}\n"
        "sentinel down-after-milliseconds site 500\n"
    )
    start(sentinel, "--sentinel", config=watch)
    until(lambda: redis_client.Redis(port=sentinel).sentinel_slaves("site"), "the Sentinel to know the replica")
    address = f"sentinel://:{PASSWORD}@127.0.0.1:{sentinel}/site"
    settings = {"DJANGO_SETTINGS_MODULE": "deepfake_site.settings", "VAR_DIR": str(tmp_path), "REDIS_URL": address}
    process = subprocess.Popen(
        [sys.executable, "-c", USES_REDIS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**PRODUCTION, **settings},
    )  # fmt: skip
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    until(lambda: client(replica).llen("post") == 1, "the message to be on the replica")
    first.kill()
    first.wait(10)
    said, _none = process.communicate("go on\n", timeout=120)
    assert said.split() == ["before", "after", "2", "ok"]
    assert client(replica).info("replication")["role"] == "master"


@pytest.mark.parametrize("address", ["sentinel://sentinel-1:26379", "sentinel://a:x/site", "sentinel:///site"])
def test_an_address_that_lacks_something_is_refused_in_a_sentence(address: str, tmp_path: Path) -> None:
    done = run(START, VAR_DIR=str(tmp_path), **{**PRODUCTION, "REDIS_URL": address})
    assert "Name the Sentinels and the primary that they watch" in done.stderr
