"""Faults on the running site, and what became of every scan: `make chaos` prints the table.

Each row is a fault, repeated at moments when scans wait and are being analysed. Uploads are sent until they are
answered, with one Idempotency-Key each, as a careful program does.
"""

import argparse
import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from . import pages
from .faults import Faults, small_disk
from .rows import HANGING, HEAD, Run
from .site import BASE, Site

DATABASES = ("sqlite", "postgresql")


@contextmanager
def started(database: str, *, small: bool = True, **settings: str) -> "Iterator[tuple[Site, object]]":
    """A site of its own with two models, Django set up for it in this process, and its PostgreSQL, if that is meant."""
    from tests.on_postgresql import server

    with ExitStack() as stack:
        postgresql = stack.enter_context(server()) if database == "postgresql" else None
        if database == "postgresql" and postgresql is None:
            sys.exit("PostgreSQL isn't installed.")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        if small:
            stack.enter_context(small_disk(folder / "media"))
        site = Site(folder, postgresql.url if postgresql else "")
        site.environment.update(settings)
        os.environ.update(site.environment, DJANGO_SETTINGS_MODULE="deepfake_site.settings")
        import django

        django.setup()
        from tests.scans.conftest import bundle

        bundle(site.bundles, "first")
        bundle(site.bundles, "second")
        (site.bundles / "panel.json").write_text(json.dumps({"bundles": {"first": "trust", "second": "trust"}}))
        stack.callback(site.stop)
        site.start()
        yield site, postgresql


def on_one(options: argparse.Namespace) -> int:
    with started(options.inside) as (site, postgresql):
        run = Run(site, options.scans)
        faults = Faults(site, run.sender, getattr(postgresql, "restart", None))
        results = []
        for name, fault in faults.all(options.kills).items():
            if any(part in name for part in options.only):
                results.append(run.row(name, fault, faults))
                print(results[-1].line(options.inside), flush=True)
        if any(part in HANGING for part in options.only):
            results.append(run.receivers())
            print(results[-1].line(options.inside), flush=True)
    return int(not all(result.is_good for result in results))


def on_all(options: argparse.Namespace) -> int:
    print(HEAD, flush=True)
    status = 0
    for name in options.on:
        command = [sys.executable, "-m", "tests.chaos", *sys.argv[1:], "--inside", name]
        with subprocess.Popen(command, cwd=BASE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                print(line, end="", flush=True)
                if options.table and line.startswith(f"| {name} |"):
                    keep(options, line.strip())
        status = max(status, process.returncode)
    return status


def keep(options: argparse.Namespace, line: str) -> None:
    """In the manual, in place of an earlier row of the same fault."""
    head = HEAD.splitlines()
    rows = [row for row in pages.merged(pages.read(options.table, "chaos"), [line], keys=2) if row != head[0]]
    when = f"`make chaos`, {options.scans} scans for each row, last run on {dt.date.today()}:"
    pages.write(options.table, "chaos", "\n".join([when, "", *head, *rows]))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__.splitlines()[0])
    parser.add_argument("--scans", type=int, default=50, help="for each fault")
    parser.add_argument("--kills", type=int, default=10, help="of the analysis worker; a third of it of the others")
    parser.add_argument("--only", nargs="+", default=[""], help="faults whose names have one of these in them")
    parser.add_argument("--table", type=Path, metavar="PAGE", help="write the rows into this page")
    parser.add_argument("--on", nargs="+", choices=DATABASES, default=DATABASES)
    parser.add_argument("--inside", choices=DATABASES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    return on_one(options) if options.inside else on_all(options)


if __name__ == "__main__":
    sys.exit(main())
