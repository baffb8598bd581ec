"""Processes that are started, watched over and ended as a family: what `manage.py up` is made of."""

import collections
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

LONGEST_PAUSE = 8  # seconds between two tries to start what keeps dying
STEADY = 10  # seconds alive after which a death counts as the first again

# The leash holds the other end of a pipe. When the launcher is gone, even by SIGKILL, the pipe closes, and the leash
# ends what the launcher had started, whole process groups at a time: a worker's own children would outlive it.
# It reads the leaders that are alive, all in one line, whenever they change.
LEASH = """
trap '' INT TERM HUP
while read -r line; do alive=$line; done
[ -n "$alive" ] || exit 0
kill -TERM $alive
sleep 2
for leader in $alive; do kill -KILL -- -$leader; done
"""


def say(*lines: str) -> None:
    try:
        sys.stdout.writelines(f"{line}\n" for line in lines)
        sys.stdout.flush()
    except OSError:  # the terminal is gone: nobody listens, but stopping cleanly still matters
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def last_lines(log: Path | None, count: int = 8) -> list[str]:
    """What a process wrote last, under a line that says where."""
    if log is None:
        return ["Its last lines are above."]
    if not log.exists():
        return []
    with log.open(errors="replace") as lines:
        return [f"Its last lines in {log}:"] + [
            f"    {line.rstrip()[:400]}" for line in collections.deque(lines, count) if line.strip()
        ]


class Child:
    """One supervised process: the leader of a session and process group of its own."""

    def __init__(
        self, name: str, argv: Iterable[str | Path], *, environment: dict[str, str], folder: Path, log: Path | None
    ) -> None:
        self.name, self.argv, self.environment = name, [str(part) for part in argv], environment
        self.process: subprocess.Popen[bytes] | None = None
        self.started = self.next_try = 0.0
        self.deaths = 0
        self.folder, self.log = folder, log
        if self.log and self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))

    def start(self) -> None:
        with self.log.open("ab") if self.log else contextlib.nullcontext() as log:
            self.process = subprocess.Popen(  # noqa: S603
                self.argv,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started = time.monotonic()

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def ask_to_stop(self) -> None:
        """Only the leader is asked: it knows how to let its own children finish."""
        if self.process is not None:
            self.process.terminate()

    def end(self) -> None:
        """Whatever is left of it goes at once, with or without its leader."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def look_after(self) -> bool:
        """Start it again, after a pause, if it has died. Whether anything changed."""
        now = time.monotonic()
        if self.process is None:
            if now < self.next_try:
                return False
            self.start()
            return True
        code = self.process.poll()
        if code is None:
            return False
        self.end()  # its orphans would hold on to the port, or to messages
        self.deaths = 1 if now - self.started > STEADY else self.deaths + 1
        pause = min(2 ** (self.deaths - 1), LONGEST_PAUSE)
        self.next_try = now + pause
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        say(f"{self.name} {how}; it starts again in {pause} s.", *last_lines(self.log))
        return True


class Leash:
    """Makes sure that the children end with their launcher."""

    def __init__(self, lock: int) -> None:
        self.lock = lock  # held by the leash too: the folder is free only when everything in it has ended
        self.process = self._take()

    def _take(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603
            ["/bin/sh", "-c", LEASH],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=[self.lock],
        )

    def torn(self) -> bool:
        return self.process.poll() is not None

    def hold(self, children: Iterable[Child]) -> None:
        if self.torn():
            self.process = self._take()
        assert self.process.stdin is not None
        leaders = " ".join(str(child.process.pid) for child in children if child.process)
        with contextlib.suppress(BrokenPipeError):  # torn this very moment; the next look finds out
            self.process.stdin.write(f"{leaders}\n".encode())
            self.process.stdin.flush()

    def let_go(self) -> None:
        self.hold([])
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
