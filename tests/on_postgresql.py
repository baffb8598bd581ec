"""Run a command with TEST_DATABASE_URL naming a private, empty PostgreSQL, which is gone afterwards.

python tests/on_postgresql.py pytest -n 2
"""

import contextlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote


def find(program: str) -> str | None:
    """A program of PostgreSQL's, which Debian keeps outside PATH."""
    newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    return str(newest[-1]) if newest else shutil.which(program)


@dataclass
class Server:
    """A private, empty PostgreSQL that can be restarted."""

    url: str
    control: list[str]

    def restart(self, mode: str = "fast") -> None:
        subprocess.run([*self.control, "-m", mode, "restart"], check=True, cwd="/", stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def server() -> Iterator[Server | None]:
    """None where PostgreSQL isn't installed."""
    initdb, pg_ctl = find("initdb"), find("pg_ctl")
    if not (initdb and pg_ctl):
        yield None
        return
    as_user: list[str] = []
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        if os.getuid() == 0:  # a server refuses to run as root
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            as_user = ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
        data = f"{folder}/data"
        quiet = {"check": True, "cwd": folder, "stdout": subprocess.DEVNULL}
        subprocess.run([*as_user, initdb, "-D", data, "-U", "site", "-A", "trust", "-E", "UTF8", "--no-sync"], **quiet)
        # Nothing here must survive a power cut.
        options = f"-k {folder} -c listen_addresses= -c max_connections=200"
        options += "".join(f" -c {name}=off" for name in ("fsync", "synchronous_commit", "full_page_writes"))
        control = [*as_user, pg_ctl, "-D", data, "-w", "-s", "-l", f"{folder}/log", "-o", options]
        subprocess.run([*control, "start"], **quiet)
        try:
            yield Server(f"postgresql://site@{quote(folder, safe='')}/postgres", control)
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **quiet)


def main(command: list[str]) -> int:
    with server() as running:
        if running:
            environment = {**os.environ, "TEST_DATABASE_URL": running.url}
            return subprocess.run(command, env=environment, check=False).returncode
    if os.environ.get("CI"):
        print("CI needs PostgreSQL, and there is none.")
        return 1
    print("PostgreSQL isn't installed, so the tests ran on SQLite only. (sudo apt install postgresql)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
