"""Periodic tasks: started once in their interval, however many beats run."""

import collections
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis as redis_client
from django.conf import settings

from tests.chaos.clock import Clock
from tests.conftest import Redis

from .test_defaults import PRODUCTION

pytestmark = pytest.mark.slow  # starts processes


@pytest.fixture
def private_redis(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def start_beat(private_redis: Redis, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    running = []

    def start(machine: str, **more: str) -> subprocess.Popen[bytes]:
        folder = tmp_path / machine
        folder.mkdir()
        environment = {
            **PRODUCTION, "PATH": os.environ["PATH"], "VAR_DIR": str(folder), "TMPDIR": str(folder),
            "REDIS_URL": f"unix://{private_redis.socket}", "DJANGO_SETTINGS_MODULE": "deepfake_site.settings",
            **more,
        }  # fmt: skip
        command = [sys.executable, "-m", "celery", "-A", "deepfake_site", "beat", "--pidfile="]
        process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, stderr=subprocess.DEVNULL)
        running.append(process)
        return process

    yield start
    for process in running:
        process.send_signal(signal.SIGKILL)
        process.wait(10)


def sent(redis: Redis) -> collections.Counter[str]:
    messages = redis_client.Redis(unix_socket_path=str(redis.socket)).lrange("post", 0, -1)
    return collections.Counter(json.loads(message)["headers"]["task"] for message in messages)


def until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)


def test_two_beats_start_each_task_once_and_the_second_goes_on_alone(
    private_redis: Redis, start_beat: Callable[..., subprocess.Popen[bytes]]
) -> None:
    began = time.monotonic()
    first = start_beat("first")
    start_beat("second")
    entries = settings.CELERY_BEAT_SCHEDULE.values()
    until(lambda: len(sent(private_redis)) == len(entries), "every task")
    until(lambda: sent(private_redis)["scans.tasks.rescue"] >= 4, "what is due every five seconds")
    took = time.monotonic() - began
    for entry in entries:
        most = 1 + took / (entry["schedule"] * 0.9)
        assert 1 <= sent(private_redis)[entry["task"]] <= most, entry["task"]
    first.kill()
    before = sent(private_redis)
    until(lambda: sent(private_redis)["scans.tasks.rescue"] >= before["scans.tasks.rescue"] + 2, "the other beat")
    assert sent(private_redis)["accounts.tasks.forget_sessions"] == 1


def test_a_clock_that_was_set_back_by_hours_stops_no_task(
    private_redis: Redis, start_beat: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    clock = Clock(tmp_path)
    if not clock.environment:
        pytest.skip("There is no C compiler, so no clock can be set back.")
    clock.jump_to(7200)
    start_beat("first", **clock.environment)
    until(lambda: len(sent(private_redis)) == len(settings.CELERY_BEAT_SCHEDULE), "every task")
    before = sent(private_redis)
    clock.jump_to(0)
    until(lambda: sent(private_redis)["scans.tasks.rescue"] >= before["scans.tasks.rescue"] + 2, "the next turns")
    # Its lock in Redis still lasts for most of an hour.
    until(lambda: sent(private_redis)["scans.tasks.anchor_chain"] == 2, "what is due once an hour")
