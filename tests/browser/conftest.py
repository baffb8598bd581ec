"""The site as it runs for people: every process of `manage.py up`, and a real browser in front of it."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import dj_database_url
import numpy as np
import psycopg
import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from .. import schema
from ..detection.files import ASTRONAUT
from ..detection.judging import films
from ..scans.conftest import bundle

CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
expect.set_options(timeout=20_000)  # a busy machine is slow, not wrong
# Half a megabyte goes to the browser once, and is run on the pages that ask for it.
AXE = f"window.startAxe = () => {{ {Path(__file__).with_name('axe.min.js').read_text()} }};"
START_AXE = "() => { window.axe || window.startAxe(); }"
QUIET = ("background-networking", "component-update", "sync", "gpu", "dev-shm-usage")


# Reads code, runs it, and answers with what it printed and how it failed.
SHELL = """
import contextlib, io, json, sys, traceback
from django.db import close_old_connections
answers = sys.stdout
for line in sys.stdin:
    printed, error = io.StringIO(), ""
    try:
        with contextlib.redirect_stdout(printed):
            exec(json.loads(line), {})
    except Exception:
        error = traceback.format_exc()
    close_old_connections()
    print("answer:" + json.dumps([printed.getvalue(), error]), file=answers, flush=True)
"""


class Shell:
    """One `manage.py shell` beside the site, for the code of all tests: every start takes seconds."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "shell", "-v0", "-c", SHELL],
            cwd=settings.BASE_DIR, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, code: str) -> str:
        assert self.process.stdin
        assert self.process.stdout
        print(json.dumps(code), file=self.process.stdin, flush=True)
        answer = next(line for line in self.process.stdout if line.startswith("answer:"))
        printed, error = json.loads(answer.removeprefix("answer:"))
        assert not error, error
        return str(printed)

    def close(self) -> None:
        self.process.communicate(timeout=60)


@dataclass
class Site:
    address: str
    folder: Path
    environment: dict[str, str]
    shell: Shell

    def mail_to(self, who: str) -> str:
        """The newest mail to this person, once it has come."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for file in sorted((self.folder / "mail").glob("*.log"), key=os.path.getmtime, reverse=True):
                text = file.read_text()
                if f"To: {who}" in text and text.rstrip().endswith("-" * 79):
                    return text
            time.sleep(0.05)
        raise AssertionError(f"no mail to {who}")

    def link_in_mail_to(self, who: str) -> str:
        found = re.search(r"http://\S+", self.mail_to(who))
        assert found
        return found[0]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def fresh_database() -> Iterator[str]:
    """An empty database beside the one that the other tests use; nothing where they use SQLite."""
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        yield ""
        return
    said = dj_database_url.parse(url)
    name = f"site_{uuid.uuid4().hex[:8]}"
    server = {"host": said["HOST"], "port": said["PORT"] or None, "user": said["USER"], "password": said["PASSWORD"]}
    server = {key: value for key, value in server.items() if value}
    with psycopg.connect(dbname="postgres", autocommit=True, **server) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        head, _slash, tail = url.rpartition("/")
        yield f"{head}/{name}" + tail[len(tail.partition("?")[0]) :]
    finally:
        with psycopg.connect(dbname="postgres", autocommit=True, **server) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder, port = tmp_path_factory.mktemp("var"), free_port()
    wide = {f"LIMIT_{kind}{by}": "1000/1m" for kind in ("SIGN_IN", "SIGN_UP", "RESET") for by in ("", "_ADDRESS")}
    unset = {"SECRET_KEY", "ALLOWED_HOSTS", "REDIS_URL", "HTTPS", "DJANGO_SETTINGS_MODULE", "LOG_LEVEL"}
    with fresh_database() as database, (folder / "up.txt").open("w+") as said:
        environment = {
            **{name: value for name, value in os.environ.items() if name not in unset},
            **wide,
            "LIMIT_READ": "100000/1m",
            "VAR_DIR": str(folder),
            "PORT": str(port),
            "DATABASE_URL": database,
            "EMBEDDED": "1",
            "BUNDLES_DIR": str(bundle(folder / "bundles")),
            "LIMIT_UPLOAD": "100000/1m",
            "LIMIT_REVIEW": "100000/1m",
            "LIMIT_WEBHOOK_TEST": "100000/1m",
            "PRIVATE_TARGETS": "127.0.0.1/32",
        }
        if not database:
            schema.copy_database(folder / "db.sqlite3")
        up = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=settings.BASE_DIR,
            env=environment,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_until_ready(f"http://localhost:{port}/readyz", up, folder / "up.txt")
            shell = Shell(environment)
            yield Site(f"http://localhost:{port}", folder, environment, shell)
            shell.close()
        finally:
            up.send_signal(signal.SIGTERM)
            up.wait(60)


def wait_until_ready(address: str, up: subprocess.Popen[bytes], said: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert up.poll() is None, said.read_text()
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except (OSError, urllib.error.URLError):
            time.sleep(0.2)
    raise AssertionError(said.read_text())


def launch(playwright: Playwright, *more: str) -> Browser:
    found = next((path for path in CHROMIUM if Path(path).exists()), None)
    if found is None:
        pytest.skip("no Chromium on this machine: apt install chromium")
    arguments = ["--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in QUIET), *more]
    return playwright.chromium.launch(executable_path=found, args=arguments)


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    running = launch(playwright)
    yield running
    running.close()


@pytest.fixture
def open_camera(playwright: Playwright, site: Site) -> Iterator[Callable[..., Page]]:
    """A browser of its own with a camera that nobody has to allow: it shows a test picture, or a film of JPEGs."""
    running: list[Browser] = []

    def open_(film: Path | None = None) -> Page:
        shows = [f"--use-file-for-fake-video-capture={film}"] if film else []
        running.append(
            launch(playwright, "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", *shows)
        )
        return running[-1].new_context(base_url=site.address, locale="en-GB").new_page()

    yield open_
    for one in running:
        one.close()


@dataclass
class Window:
    """A page, and everything that its console complained about."""

    page: Page
    complaints: list[str]


@pytest.fixture
def open_window(browser: Browser, site: Site) -> Iterator[Callable[..., Window]]:
    contexts: list[BrowserContext] = []

    def open_(theme: str = "light", width: int = 1280) -> Window:
        context = browser.new_context(
            base_url=site.address,
            viewport={"width": width, "height": 800},
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
            locale="en-GB",
        )
        contexts.append(context)
        context.add_init_script(AXE)
        page, complaints = context.new_page(), []
        page.set_default_timeout(20_000)
        page.on(
            "console",
            lambda said: (
                complaints.append(f"{page.url}: {said.text} {said.location}")
                if said.type in ("error", "warning")
                else None
            ),
        )
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error} {error.stack}"))
        return Window(page, complaints)

    yield open_
    for context in contexts:
        context.close()


@pytest.fixture
def window(open_window: Callable[..., Window]) -> Window:
    return open_window()


@pytest.fixture
def manage(site: Site) -> Callable[..., str]:
    """Run one of the site's commands beside it, as an operator would."""

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env=site.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def brighter_between(seconds: float, start: float, end: float, rate: int = 12) -> Iterable[np.ndarray]:
    """A head that walks to the right. The network of these tests gives bright faces high scores."""
    for number in range(round(seconds * rate)):
        picture = np.roll(ASTRONAUT[4:404, 4:404], round(4 * number / rate), axis=1)
        yield np.clip(picture.astype(int) + 50, 0, 255).astype(np.uint8) if start <= number / rate < end else picture


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return films.film(tmp_path / "film.mp4", brighter_between(12, 4, 8))
