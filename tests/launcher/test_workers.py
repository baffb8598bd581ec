"""A worker is killed in the middle of its work: no scan is lost, and none is judged twice."""

import json
import subprocess
import sys
from pathlib import Path

from django.conf import settings

from detection import benchmark

from .. import schema
from ..scans.conftest import portrait
from .test_up import Launcher, launcher

__all__ = ["launcher"]

KILLED_IN_THE_MIDDLE = """
import json, sys, time
import psutil, redis
from django.conf import settings
from django.core.files import File
from accounts.models import User
from scans.uploads import intake
from scans.models import Scan

owner, folder, up = User.objects.get(email__startswith="uploader"), sys.argv[1], int(sys.argv[2])

def submit(name):
    with open(f"{folder}/{name}", "rb") as file:
        return intake.submit(owner, File(file, name=name))

def until(true, seconds=120):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, list(Scan.objects.values_list("name", "status", "attempts"))
        time.sleep(0.01)

scans = [submit("film.mp4"), submit("photo.jpg"), submit("broken.jpg")]
until(lambda: Scan.objects.get(pk=scans[0].pk).status == "analysing")
workers = [p for p in psutil.Process(up).children(recursive=True) if "analysis@" in " ".join(p.cmdline())]
leaders = {p.pid for p in workers}
busy = [p for p in workers if p.ppid() in leaders]
for process in busy:
    process.suspend()
for process in busy:
    process.kill()
psutil.wait_procs(busy, timeout=30)
redis.Redis(unix_socket_path=str(settings.REDIS_SOCKET)).flushall()  # and with it, the messages of those that wait
until(lambda: not Scan.objects.filter(status__in=("queued", "analysing")).exists())
print(json.dumps([
    [scan.name, scan.status, scan.attempts, scan.assessments.count()] for scan in Scan.objects.order_by("created_at")
]))
"""


def test_a_killed_worker_s_scan_is_judged_by_the_next_one_and_once(launcher: Launcher, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(portrait())
    (tmp_path / "broken.jpg").write_bytes(portrait()[:5000])
    benchmark.film(tmp_path / "film.mp4", 60, (1920, 1080))
    (tmp_path / "var").mkdir()
    schema.copy_database(tmp_path / "var" / "db.sqlite3")
    up = launcher.start(SILENCE_SECONDS="5")
    launcher.wait_for("Ctrl-C stops everything")
    environment = {
        **launcher.environment(),
        "EMBEDDED": "1",
        "REDIS_URL": f"unix://{tmp_path}/var/redis/redis.sock",
    }
    start = f"import sys; sys.argv = ['', {str(tmp_path)!r}, '{up.pid}']\n"
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", start + KILLED_IN_THE_MIDDLE],
        cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = {name: rest for name, *rest in json.loads(done.stdout.splitlines()[-1])}
    assert rows["film.mp4"] == ["analysed", 2, 1]
    # On a machine of many cores these may have been in work just then, and be taken up twice as well.
    assert rows["photo.jpg"] in (["analysed", 1, 1], ["analysed", 2, 1])
    assert rows["broken.jpg"] in (["failed", 1, 0], ["failed", 2, 0])
