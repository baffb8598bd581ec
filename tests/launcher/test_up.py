"""`make run`'s launcher, with every process that it starts."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from django.conf import settings

from tests.browser.conftest import free_port, wait_until_ready

NOT_OURS = {"SECRET_KEY", "ALLOWED_HOSTS", "REDIS_URL", "HTTPS", "DATABASE_URL", "DJANGO_SETTINGS_MODULE", "LOG_LEVEL"}


class Launcher:
    """One `manage.py up` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.said = folder / "up.txt"
        self.process: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        theirs = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
        return {**theirs, "VAR_DIR": str(self.folder / "var"), "DEMO": "1"}

    def start(self, **more: str) -> subprocess.Popen[bytes]:
        environment = {**self.environment(), "PORT": str(self.port), **more}
        with self.said.open("ab") as said:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=settings.BASE_DIR, env=environment, stdout=said, stderr=said, start_new_session=True,
            )  # fmt: skip
        return self.process

    def start_and_wait(self) -> subprocess.Popen[bytes]:
        process = self.start()
        wait_until_ready(f"http://localhost:{self.port}/readyz", process, self.said)
        self.wait_for("Ctrl-C stops everything")
        return process

    def wait_for(self, words: str) -> str:
        until(lambda: words in self.said.read_text(), f"{words!r} in what it says")
        return self.said.read_text()

    def left_behind(self) -> list[str]:
        """Processes that work in this folder, whoever their parent is now."""
        mark, left = str(self.folder / "var"), []
        for process in psutil.process_iter():
            try:
                if mark in " ".join(process.cmdline()) or process.environ().get("VAR_DIR") == mark:
                    left.append(f"{process.pid} {' '.join(process.cmdline())}")
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        return left


def until(true: Callable[[], bool], what: str, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[Launcher]:
    up = Launcher(tmp_path)
    yield up
    if up.process and up.process.poll() is None:
        up.process.send_signal(signal.SIGTERM)
        up.process.wait(60)


def home(launcher: Launcher) -> int:
    try:
        with urllib.request.urlopen(f"http://localhost:{launcher.port}/", timeout=5) as answer:
            return int(answer.status)
    except OSError:
        return 0


def test_it_starts_everything_says_so_survives_deaths_and_leaves_nothing(launcher: Launcher) -> None:
    up = launcher.start_and_wait()
    said = launcher.said.read_text()
    assert f"http://localhost:{launcher.port}" in said
    passwords = dict(re.findall(r"(\w+@demo\.example) +(\S+)", said))
    assert set(passwords) == {f"{role}@demo.example" for role in ("uploader", "moderator", "lead", "admin")}
    assert home(launcher) == 200
    # Hashes, sessions and links for new passwords lie in there: nobody else on the machine looks in.
    assert (launcher.folder / "var").stat().st_mode & 0o077 == 0

    second = subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=settings.BASE_DIR, capture_output=True, text=True, check=False, env=launcher.environment(),
    )  # fmt: skip
    assert second.returncode == 3
    assert f"already running at http://localhost:{launcher.port}" in second.stderr

    for name in ("web", "analysis"):
        mark = "gunicorn" if name == "web" else "analysis@"
        (leader,) = [p for p in psutil.Process(up.pid).children() if mark in " ".join(p.cmdline())]
        leader.kill()
        launcher.wait_for(f"{name} was ended by SIGKILL")
    until(lambda: home(launcher) == 200, "the web to come back")
    wait_until_ready(f"http://localhost:{launcher.port}/readyz", up, launcher.said)

    up.send_signal(signal.SIGTERM)
    assert up.wait(60) == 0
    assert launcher.left_behind() == []

    up = launcher.start_and_wait()  # again, on the same folder: the same people, and no passwords
    assert launcher.said.read_text().count("demo.example") == 4
    assert len(launcher.left_behind()) > 5
    up.kill()
    up.wait()
    until(lambda: launcher.left_behind() == [], "every process to end with its launcher")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_starting_it_leaves_nothing(launcher: Launcher, number: signal.Signals) -> None:
    up = launcher.start()
    launcher.wait_for("Starting the site")
    up.send_signal(number)
    assert up.wait(60) == 0
    assert launcher.left_behind() == []


def refusal(launcher: Launcher, **environment: str) -> str:
    assert launcher.start(**environment).wait(60) == 1
    assert launcher.left_behind() == []
    said = launcher.said.read_text()
    assert "Traceback" not in said
    return said


def test_a_taken_port_is_a_sentence(launcher: Launcher) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", launcher.port))
        taken.listen()
        assert f"PORT={launcher.port + 1} make run" in refusal(launcher)


def test_a_database_or_redis_that_is_not_there_is_a_sentence(launcher: Launcher) -> None:
    assert "names a Redis at localhost that can't be used" in refusal(launcher, REDIS_URL="redis://localhost:1")
    assert "The database x at localhost can't be used" in refusal(
        launcher, DATABASE_URL="postgresql://a:b@localhost:1/x"
    )
