"""A backup and its restore by the commands, each in an installation of its own on SQLite: how long, and is it equal."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from django.conf import settings

FILL = """
from django.core.files.base import ContentFile
from accounts.models import User
from scans.evidence import sealing
from scans.models import Assessment, Event, Scan
owner = User.objects.create_user("ann@example.org", "x" * 20)
scans = []
for number in range({count}):
    scan = Scan(owner=owner, name=f"{{number}}.jpg", sha256=f"{{number:064x}}", bytes=20_000, status="analysed")
    scan.media.save("a.jpg", ContentFile(number.to_bytes(8, "big") * 2500), save=False)
    scans.append(scan)
Scan.objects.bulk_create(scans, 1000)
Assessment.objects.bulk_create((Assessment(scan=scan, outcome="inconclusive", score=0.5) for scan in scans), 1000)
for kind in ("queued", "analysing", "analysed"):
    Event.objects.bulk_create((Event(scan=scan, kind=kind) for scan in scans), 1000)
sealing.seal()
"""


class NotEqual(Exception):
    pass


def measure(count: int) -> dict[str, str]:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        _run(folder / "first", "migrate", "-v", "0")
        _run(folder / "first", "shell", "-v", "0", "-c", FILL.format(count=count))
        saved = folder / "backup"
        first, _said = _run(folder / "first", "backup", saved)
        second, _said = _run(folder / "first", "backup", saved)
        restored, said = _run(folder / "second", "restore", saved)
    return {
        f"backup of {count:,} scans, each with a file of 20 kB": f"{first:.1f} s",
        "the next one, without new files": f"{second:.1f} s",
        "restore": f"{restored:.1f} s",
        **{f"restore, {line.partition(':')[0].lower()}": line.partition(": ")[2] for line in said.splitlines()[:3]},
    }


def _run(site: Path, *command: object) -> tuple[float, str]:
    site.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ, "EMBEDDED": "1", "VAR_DIR": str(site), "MEDIA_ROOT": str(site / "media"), "DATABASE_URL": "",
        "S3_BUCKET": "", "REDIS_URL": "",
    }  # fmt: skip
    began = time.monotonic()
    arguments = [sys.executable, str(settings.BASE_DIR / "manage.py"), *map(str, command)]
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise NotEqual(f"{command[0]}: {done.stderr.strip().splitlines()[-1]}")
    return time.monotonic() - began, done.stdout
