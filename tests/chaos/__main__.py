"""Faults on the running site, and what became of every scan: `make chaos` prints the table.

Each row is a fault, repeated at moments when scans wait and are being analysed. Uploads are sent until they are
answered, with one Idempotency-Key each, as a careful program does.
"""

import argparse
import io
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .site import BASE, Site, until

PATIENCE = 120  # seconds after the last fault and the last answer: what still waits then is stuck
MEDIA_MB = 64


@dataclass
class Result:
    fault: str
    faults: int = 0
    scans: int = 0
    lost: int = 0
    double: int = 0
    stuck: int = 0
    recoveries: list[float] = field(default_factory=list)


class Run:
    """One site on one database, and its faults."""

    def __init__(self, site: Site, scans: int, kills: int, restart: Callable[[str], None] | None) -> None:
        from django.conf import settings

        from accounts import keys, roles, rules
        from accounts.models import User

        self.site, self.scans, self.kills, self.restart = site, scans, kills, restart
        self.media = Path(settings.MEDIA_ROOT)
        user = User.objects.create_user("chaos@example.org", None, name="Chaos")
        roles.give(user, roles.Role.UPLOADER)
        rules.accept(user)
        _key, self.secret = keys.issue(user, name="chaos", scopes=["scans:read", "scans:write"])

    def scenarios(self) -> dict[str, tuple[int, Callable[[int], None]]]:
        """Name → how often, and what is done."""
        few = max(1, self.kills // 3)
        found: dict[str, tuple[int, Callable[[int], None]]] = {
            "analysis worker killed": (self.kills, lambda number: self.kill("analysis", child=bool(number % 2))),
            "web killed": (few, lambda _number: self.kill("web")),
            "post worker and beat killed": (few, lambda number: self.kill("beat" if number % 2 else "post")),
            "Redis killed": (few, lambda _number: self.kill("redis")),
            "Redis flushed": (few, lambda _number: self.flush()),
        }
        if restart := self.restart:
            modes = ("fast", "immediate")
            found["PostgreSQL restarted"] = (few, lambda number: restart(modes[number % 2]))
        else:
            found["SQLite locked for 26 s"] = (1, lambda _number: self.lock())
        if self.media.is_mount():
            found["disk full for 15 s"] = (1, lambda _number: self.fill())
        return found

    # -- Faults ------------------------------------------------------------------------------------

    def kill(self, name: str, *, child: bool = False) -> None:
        until(lambda: self.site.kill(name, child=child), f"{name} to be there", 60)

    def flush(self) -> None:
        import redis
        from django.conf import settings

        redis.Redis(unix_socket_path=str(settings.REDIS_SOCKET)).flushall()

    def lock(self) -> None:
        import sqlite3

        database = sqlite3.connect(self.site.folder / "db.sqlite3", timeout=60, isolation_level=None)
        database.execute("BEGIN IMMEDIATE")
        time.sleep(26)  # the fault itself
        database.execute("COMMIT")
        database.close()

    def fill(self) -> None:
        with (self.media / "full").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
            except OSError:
                time.sleep(15)  # the fault itself
        (self.media / "full").unlink()

    # -- One row of the table ------------------------------------------------------------------------

    def row(self, fault: str, times: int, act: Callable[[int], None]) -> Result:
        from scans.models import Scan

        result = Result(fault, scans=self.scans)
        mark = fault.split()[0] + str(time.time_ns())
        mine = Scan.objects.filter(external_id__startswith=mark)
        begun: list[tuple[float, list[object]]] = []
        with ThreadPoolExecutor(4) as pool:
            answers = [pool.submit(self.upload, f"{mark}-{number}", number) for number in range(self.scans)]
            for number in range(times):
                due = (number + 0.5) * self.scans / (times + 1)
                waited(lambda due=due: mine.filter(status="analysed").count() >= due, 60)
                waited(lambda: mine.filter(status="analysing").exists(), 10)
                time.sleep(random.random() / 2)  # anywhere in an analysis
                interrupted = list(mine.filter(status="analysing").values_list("pk", flat=True))
                begun.append((time.time(), interrupted))
                act(number)
                result.faults += 1
            ids = [answer.result() for answer in answers]
        waited(lambda: not mine.filter(status__in=("queued", "analysing")).exists(), PATIENCE)
        rows = list(mine.values_list("pk", "status", "external_id"))
        result.stuck = sum(status in ("queued", "analysing") for _pk, status, _id in rows)
        result.double = len(rows) - len({external for _pk, _status, external in rows})
        result.double += sum(scan.assessments.count() > 1 for scan in mine)
        analysed = {str(pk) for pk, status, _id in rows if status in ("analysed", "queued", "analysing")}
        result.lost = sum(pk not in analysed for pk in ids)
        result.recoveries = [took for at, interrupted in begun if (took := self.recovery(mine, at, interrupted))]
        return result

    def recovery(self, mine: "object", at: float, interrupted: list[object]) -> float | None:
        """Until the site has finished a scan again, and until those that were interrupted have been taken up again."""
        import datetime as dt

        from scans.models import Event

        since = dt.datetime.fromtimestamp(at, dt.UTC)
        ends = mine.filter(finished_at__gt=since).order_by("finished_at").values_list("finished_at", flat=True)[:1]  # type: ignore[attr-defined]
        for pk in interrupted:
            events = Event.objects.filter(scan_id=pk, at__gt=since, kind__in=("analysing", "analysed", "failed"))
            ends = [*ends, *events.order_by("id").values_list("at", flat=True)[:1]]
        return max((end - since).total_seconds() for end in ends) if ends else None

    def upload(self, key: str, number: int) -> str:
        """Sent until it is answered; every fourth waits for its result."""
        body, boundary = form(photo(key), key)
        query = "?wait=5" if number % 4 == 0 else ""
        headers = {
            "Authorization": f"Bearer {self.secret}",
            "Idempotency-Key": key,
            "Content-Type": f"multipart/form-data; boundary={boundary}",
        }
        deadline = time.monotonic() + 300
        while True:
            request = urllib.request.Request(
                f"http://localhost:{self.site.port}/api/v1/scans{query}", body, headers, method="POST"
            )
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return str(json.load(answer)["id"])
            except (OSError, urllib.error.URLError, ValueError) as error:
                status = getattr(error, "code", 503)
                if (status < 500 and status not in (409, 429)) or time.monotonic() > deadline:
                    return f"not answered: {error}"
                time.sleep(0.5)


def waited(true: Callable[[], bool], seconds: float) -> bool:
    """Like `until`, beside a database that may be away."""
    from django.db import DatabaseError, InterfaceError, connection

    def asked() -> bool:
        try:
            return true()
        except (DatabaseError, InterfaceError):
            connection.close()
            return False

    return until(asked, "", seconds)


def photo(comment: str) -> bytes:
    from PIL import Image

    from tests.detection import files

    out = io.BytesIO()
    Image.fromarray(files.ASTRONAUT).resize((320, 320)).save(out, "JPEG", quality=90, comment=comment.encode())
    return out.getvalue()


def form(content: bytes, external_id: str) -> tuple[bytes, str]:
    boundary = "chaos-boundary"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="external_id"\r\n\r\n{external_id}\r\n'
    head += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    return head.encode() + content + f"\r\n--{boundary}--\r\n".encode(), boundary


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of its own for the media, where one may be mounted: then a full disk can be tried."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={MEDIA_MB}m", "chaos", str(folder)]
    mounted = subprocess.run(command, check=False, capture_output=True).returncode == 0
    try:
        yield folder
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=False)


def on_one(database: str, options: argparse.Namespace) -> list[Result]:
    from tests.on_postgresql import server

    with ExitStack() as stack:
        postgresql = stack.enter_context(server()) if database == "postgresql" else None
        if database == "postgresql" and postgresql is None:
            print("PostgreSQL isn't installed.")
            return []
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        stack.enter_context(small_disk(folder / "media"))
        site = Site(folder, postgresql.url if postgresql else "")
        os.environ.update(site.environment, DJANGO_SETTINGS_MODULE="deepfake_site.settings")
        import django

        django.setup()
        from tests.scans.conftest import bundle

        bundle(folder / "bundles")
        stack.callback(site.stop)
        site.start()
        run = Run(site, options.scans, options.kills, postgresql.restart if postgresql else None)
        results = []
        for fault, (times, act) in run.scenarios().items():
            if options.only in fault:
                results.append(run.row(fault, times, act))
                print(line(database, results[-1]), flush=True)
        return results


def line(database: str, result: Result) -> str:
    times = result.recoveries
    took = f"{statistics.median(times):.0f} s | {max(times):.0f} s" if times else "– | –"
    counts = (result.faults, result.scans, result.lost, result.double, result.stuck)
    return f"| {database} | {result.fault} | " + " | ".join(map(str, counts)) + f" | {took} |"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__.splitlines()[0])
    parser.add_argument("--scans", type=int, default=50, help="for each fault")
    parser.add_argument("--kills", type=int, default=10, help="of the analysis worker; a third of it of the others")
    parser.add_argument("--only", default="", help="faults whose name has this in it")
    parser.add_argument("--on", choices=("sqlite", "postgresql"), help="only on this database")
    options = parser.parse_args()
    if not options.on:
        print("| database | fault | times | scans | lost | double | stuck | recovery, median | longest |")
        print("|---|---|---|---|---|---|---|---|---|", flush=True)
        again = [sys.executable, "-m", "tests.chaos", *sys.argv[1:], "--on"]
        return max(
            subprocess.run([*again, name], cwd=BASE, check=False).returncode for name in ("sqlite", "postgresql")
        )
    results = on_one(options.on, options)
    return int(any(result.lost or result.double or result.stuck for result in results))


if __name__ == "__main__":
    sys.exit(main())
