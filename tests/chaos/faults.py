"""What is done to the running site: each fault by its name, how often, and how."""

import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .sender import Sender
from .site import Site, until

MEDIA_MB = 256
FULL, DAMAGED, LOCKED = 15, 15, 26  # seconds
JUMP = 2 * 3600  # seconds


@dataclass
class Fault:
    times: int
    act: Callable[[int], object]
    judged_again: bool = False  # its end is when all that was judged without a model is judged with it


class Faults:
    def __init__(self, site: Site, sender: Sender, restart: Callable[[str], None] | None) -> None:
        self.site, self.sender, self.restart = site, sender, restart
        self.media = Path(site.environment["MEDIA_ROOT"])
        self.key = ""  # what the keys of the uploads begin with
        self.broken_off: list[str] = []  # keys of uploads that were broken off

    def all(self, kills: int) -> dict[str, Fault]:
        few = max(1, kills // 3)
        faults = {
            "analysis worker killed": Fault(kills, lambda number: self.kill("analysis", child=bool(number % 2))),
            "web killed": Fault(few, lambda _number: self.kill("web")),
            "web killed in an upload": Fault(few, self.kill_in_an_upload),
            "post worker and beat killed": Fault(few, lambda number: self.kill("beat" if number % 2 else "post")),
            "Redis killed": Fault(few, lambda _number: self.kill("redis")),
            "Redis flushed": Fault(few, lambda _number: self.flush()),
            f"weights damaged for {DAMAGED} s": Fault(few, lambda _number: self.damage(), judged_again=True),
            f"a model's folder gone for {DAMAGED} s": Fault(few, lambda _number: self.remove(), judged_again=True),
        }
        if restart := self.restart:
            modes = ("fast", "immediate")
            faults["PostgreSQL restarted"] = Fault(few, lambda number: restart(modes[number % 2]))
        else:
            faults[f"SQLite locked for {LOCKED} s"] = Fault(few, lambda _number: self.lock())
        if self.media.is_mount():
            faults[f"disk full for {FULL} s"] = Fault(few, lambda _number: self.fill())
        if self.site.clock.environment:
            faults["clock 2 h ahead, and back as a worker is killed"] = Fault(2 * few, self.jump)
        return faults

    def kill(self, name: str, *, child: bool = False) -> None:
        until(lambda: self.site.kill(name, child=child), f"{name} to be there", 60)

    def kill_in_an_upload(self, number: int) -> None:
        key = f"{self.key}-broken-off-{number}"
        try:
            connection = self.sender.upload_half(key)
        except OSError:  # it is still starting again
            connection = None
        self.kill("web", child=bool(number % 2))
        if connection:
            connection.close()
        self.broken_off.append(key)

    def flush(self) -> None:
        import redis
        from django.conf import settings

        redis.Redis(unix_socket_path=str(settings.REDIS_SOCKET)).flushall()

    def lock(self) -> None:
        database = sqlite3.connect(self.site.folder / "db.sqlite3", timeout=60, isolation_level=None)
        database.execute("BEGIN IMMEDIATE")
        time.sleep(LOCKED)  # the fault itself
        database.execute("COMMIT")
        database.close()

    def fill(self) -> None:
        with (self.media / "full").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
            except OSError:
                time.sleep(FULL)  # the fault itself
        (self.media / "full").unlink()

    def damage(self) -> None:
        weights = self.site.bundles / "second" / "model.onnx"
        whole = weights.read_bytes()
        weights.write_bytes(whole[: len(whole) // 2])
        time.sleep(DAMAGED)  # the fault itself
        weights.write_bytes(whole)

    def remove(self) -> None:
        folder, aside = self.site.bundles / "second", self.site.folder / "aside"
        folder.rename(aside)
        time.sleep(DAMAGED)  # the fault itself
        aside.rename(folder)

    def jump(self, number: int) -> None:
        if number % 2:
            self.kill("analysis")
            self.site.clock.jump_to(0)
        else:
            self.site.clock.jump_to(JUMP)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of its own for the media, where one may be mounted: then a full disk can be tried."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={MEDIA_MB}m", "chaos", str(folder)]
    can_mount = os.getuid() == 0 and shutil.which("mount") is not None
    mounted = can_mount and subprocess.run(command, check=False, capture_output=True).returncode == 0
    try:
        yield folder
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=False)
