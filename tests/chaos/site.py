"""The whole site, started by its launcher in a folder of its own, and its processes by name."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil

from .clock import Clock

BASE = Path(__file__).resolve().parent.parent.parent
TOKEN = "only-for-these-runs"
MARKS = {"web": "gunicorn", "analysis": "analysis@", "post": "post@", "beat": " beat ", "redis": "redis-server"}


class Site:
    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder, self.bundles, self.clock = folder, folder / "bundles", Clock(folder)
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        unset = {"SECRET_KEY", "ALLOWED_HOSTS", "REDIS_URL", "HTTPS", "DJANGO_SETTINGS_MODULE", "LOG_LEVEL"}
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in unset},
            "VAR_DIR": str(folder),
            "PORT": str(self.port),
            "DATABASE_URL": database_url,
            "MEDIA_ROOT": str(folder / "media"),
            "BUNDLES_DIR": str(self.bundles),
            "METRICS_TOKEN": TOKEN,
            "PRIVATE_TARGETS": "127.0.0.1/32",
            "EMBEDDED": "1",
            "DEMO": "0",
            "LIMIT_UPLOAD": "100000/1m",
            "LIMIT_READ": "100000/1m",
            "MIN_FREE_DISK_MB": "1",
            "TMPDIR": str(self.temporary),
        }

    def start(self) -> None:
        log = (self.folder / "up.txt").open("w")
        self.up = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=BASE, env={**self.environment, **self.clock.environment},
            stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        until(self.is_ready, "the site to be ready", 900)

    def is_ready(self) -> bool:
        if self.up.poll() is not None:
            raise RuntimeError((self.folder / "up.txt").read_text())
        try:
            with urllib.request.urlopen(f"http://localhost:{self.port}/readyz", timeout=5) as answer:
                return bool(json.load(answer)["parts"]["analysis_worker"] == "ok")
        except OSError:
            return False

    def alarms(self) -> set[str]:
        """The parts that /metrics says are not working."""
        address = f"http://localhost:{self.port}/metrics"
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {TOKEN}"})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            return {"no answer"}
        return {line.split('"')[1] for line in lines if line.startswith("site_part_up{") and line.endswith(" 0.0")}

    def stop(self) -> None:
        self.up.send_signal(signal.SIGTERM)
        self.up.wait(90)

    def leader(self, name: str) -> psutil.Process | None:
        for process in psutil.Process(self.up.pid).children():
            try:
                if MARKS[name] in " ".join(process.cmdline()):
                    return process
            except psutil.Error:
                continue
        return None

    def kill(self, name: str, *, child: bool = False) -> bool:
        """SIGKILL for the leader, which the launcher starts again; or for one of its children."""
        victim = self.leader(name)
        if victim and child:
            victim = next(iter(victim.children(recursive=True)), None)
        if victim is None:
            return False
        try:
            victim.kill()
        except psutil.NoSuchProcess:
            return False
        return True


def until(true: Callable[[], bool], what: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            if what:
                raise TimeoutError(f"waited in vain for {what}")
            return False
        time.sleep(0.1)
    return True
