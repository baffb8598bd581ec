"""Take the manual's pictures anew, of a demo site that is started for them and removed.

    .venv/bin/python docs/_pictures.py PHOTO...

The first photo is the one of the result; the desk shows whichever waits first. Give only photos that may be shown.
Without any, it is the portrait that comes with the detector. Needs the packages of the tests, and Chromium.
"""

import io
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "images"
PORTRAIT = ROOT / "detection" / "weights" / "portrait.jpg"
WINDOW = {"width": 1280, "height": 860}
PATIENCE = 300  # seconds until the site is up, or a file is analysed


def main(photos: list[Path]) -> None:
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder:
        site = start(Path(folder))
        try:
            people = passwords(Path(folder) / "up.txt")
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
                owner = browser.new_page(viewport=WINDOW, base_url=site.address)
                sign_in(owner, "uploader@demo.example", people)
                for photo in reversed(photos):
                    upload(owner, photo)
                keep(owner, "result.png")
                reviewer = browser.new_page(viewport=WINDOW, base_url=site.address)
                sign_in(reviewer, "moderator@demo.example", people)
                review(reviewer)
                keep(reviewer, "desk.png")
                browser.close()
        finally:
            site.process.send_signal(signal.SIGTERM)
            site.process.wait(60)
    print(f"Renewed {PICTURES / 'result.png'} and {PICTURES / 'desk.png'}.")


class Site:
    def __init__(self, process: "subprocess.Popen[bytes]", address: str) -> None:
        self.process = process
        self.address = address


def start(folder: Path) -> Site:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    unset = {"SECRET_KEY", "ALLOWED_HOSTS", "REDIS_URL", "DATABASE_URL", "HTTPS", "DJANGO_SETTINGS_MODULE"}
    environment = {
        **{name: value for name, value in os.environ.items() if name not in unset},
        "PYTHONUNBUFFERED": "1",
        "EMBEDDED": "1",
        "DEMO": "1",
        "VAR_DIR": str(folder),
        "PORT": str(port),
        "LIMIT_UPLOAD": "1000/1m",
        "BLIND_PERCENT": "0",
        "DOUBLE_PERCENT": "0",
    }
    with (folder / "up.txt").open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"], cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    address = f"http://localhost:{port}"
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/readyz", timeout=5).close()  # noqa: S310 (our own address)
            return Site(process, address)
        except (OSError, urllib.error.URLError):
            time.sleep(0.5)
    process.kill()
    raise SystemExit((folder / "up.txt").read_text())


def passwords(output: Path) -> dict[str, str]:
    """The demo people's passwords, which the site prints once, soon after it is ready."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if printed := dict(re.findall(r"(\S+@demo\.example)\s+(\S+)", output.read_text())):
            return printed
        time.sleep(0.5)
    raise SystemExit(output.read_text())


def chromium() -> str:
    names = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
    return next((name for name in names if Path(name).exists()), names[0])


def sign_in(page: Page, email: str, people: dict[str, str]) -> None:
    page.set_default_timeout(PATIENCE * 1000)
    page.goto("/accounts/login/")
    page.locator("input[name=login]").fill(email)
    page.locator("input[name=password]").fill(people[email])
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "login" not in url)


def upload(page: Page, photo: Path) -> None:
    page.goto("/scans/new/")
    page.locator("#id_files").set_input_files(photo)
    page.locator("form:has(#id_files) button[type=submit]").last.click()
    page.wait_for_url(re.compile(r"/scans/[0-9a-f-]{36}/"))
    page.locator("#verdict").wait_for()
    page.wait_for_load_state("networkidle")


def review(page: Page) -> None:
    page.goto("/admin/")
    page.locator("form[action$='/next/'] button[type=submit]").first.click()
    page.wait_for_url(re.compile(r"/admin/scans/reviewitem/\d+/change/"))
    page.wait_for_load_state("networkidle")


def keep(page: Page, name: str) -> None:
    """Store the page as a picture of 256 colours, a third of the size."""
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").quantize(256).save(PICTURES / name, optimize=True)


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]] or [PORTRAIT])
