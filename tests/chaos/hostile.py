"""Thousands of hostile requests to a running site, and what it answered: `make hostile` prints the counts.

Every address of the site, with ids that exist and ids that can't, any method, by every role, with and without a
session or key, with headers, forms, JSON and multipart bodies that no browser sends, over raw sockets. A 5xx is a
defect, and so is no answer to a request that came whole.
"""

import argparse
import contextlib
import datetime as dt
import re
import socket
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import pages
from .__main__ import DATABASES, started
from .hostile_cast import Cast, fill
from .hostile_requests import Requests
from .site import Site

AT_ONCE = 12
PIECE = 250  # requests until everybody has a session again, whatever the ones before did to it
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
WIDE = "1000000/1m"
LIMITS = (
    "SIGN_IN", "SIGN_IN_ADDRESS", "SIGN_UP", "SIGN_UP_ADDRESS", "RESET", "RESET_ADDRESS", "LIVE", "REVIEW",
    "WEBHOOK_TEST",
)  # fmt: skip


def send(port: int, content: bytes) -> int:
    """The status; 0 where the connection ended without one."""
    answer = b""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=90) as connection:
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)
        while piece := connection.recv(1 << 16):
            answer = answer or piece
            if answer.startswith(CONTINUE):
                answer = answer.removeprefix(CONTINUE)
    match = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
    return int(match[1]) if match else 0


def is_unknown_coding(status: int, content: bytes) -> bool:
    """501 is HTTP's answer to a Transfer-Encoding that nobody knows (RFC 9112, 6.1)."""
    return status == 501 and b"\r\nTransfer-Encoding:" in content.partition(b"\r\n\r\n")[0]


def attack(site: Site, count: int, seed: int) -> tuple[Counter[int], int]:
    cast = Cast()
    cast.sign_in()
    cast.issue_keys()
    fill(cast)
    statuses: Counter[int] = Counter()
    defects: Counter[tuple[int, str]] = Counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for number, begin in enumerate(range(0, count, PIECE)):
            cast.sign_in()
            cast.look_around()
            made = list(Requests(seed * 1000 + number, cast).make(min(PIECE, count - begin)))
            for (who, what, content), status in zip(
                made, pool.map(lambda one: send(site.port, one[2]), made), strict=True
            ):
                statuses[status] += 1
                if (status >= 500 or status == 0) and not is_unknown_coding(status, content):
                    if (status, what) not in defects:
                        print(f"{status} {what} by {who}: {content[:900]!r}", flush=True)
                    defects[status, what] += 1
            print(f"{sum(statuses.values())} …", file=sys.stderr, flush=True)
    return statuses, sum(defects.values())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.hostile", description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--on", choices=DATABASES, default="postgresql", help="database")
    parser.add_argument("--table", type=Path, metavar="PAGE", help="write the counts into this page")
    options = parser.parse_args()
    settings = {"STAFF_SECOND_FACTOR": "0", "SCANS_URL_FETCH": "1", **{f"LIMIT_{name}": WIDE for name in LIMITS}}
    with started(options.on, small=False, **settings) as (site, _postgresql):
        began = time.monotonic()
        statuses, defects = attack(site, options.requests, options.seed)
        took = time.monotonic() - began
        errors = [line for line in (site.folder / "log/web.log").read_text().splitlines() if '"level": "error"' in line]
    when = f"in {took:.0f} s, seed {options.seed}, {dt.date.today()}"
    lines = [f"`make hostile`, {options.requests:,} requests on {options.on} {when}:\n"]
    lines += ["| status | answers |", "|---|---|"]
    lines += [f"| {status or 'none'} | {number} |" for status, number in sorted(statuses.items())]
    lines += [
        "",
        f"{defects} answers were a 5xx or none (but for 501 to an unknown Transfer-Encoding, as HTTP demands).",
    ]
    print("\n".join(lines), *errors[:40], sep="\n")
    if options.table:
        pages.write(options.table, "hostile", "\n".join(lines))
    return int(bool(defects))


if __name__ == "__main__":
    sys.exit(main())
