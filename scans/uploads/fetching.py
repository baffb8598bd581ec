"""A file that is named by its address: fetched by the site itself, where the operator allows it."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.utils.translation import gettext as _

from .. import network
from .intake import Held, Incoming, Refused

SCHEMES = ("https", "http")
SECONDS = 20.0  # for everything: looking up names, redirects, and the file itself
HOPS = 3
AT_ONCE, SLOW_AT_ONCE, OF_ONE_PERSON = 4, 2, 2
SLOW = 3.0  # seconds after which a fetch counts as slow
PATIENCE = 4.0  # seconds that one waits for a place: by then those that aren't slow are done
_places = threading.BoundedSemaphore(AT_ONCE)
_slow_places = threading.BoundedSemaphore(SLOW_AT_ONCE)
_of_person: Counter[Any] = Counter()
_lock = threading.Lock()


def fetch(address: str, person: Any) -> Held:
    """Blocked where it may not be asked, Unreachable where it gives no file, Refused where it is too large."""
    if not settings.SCANS_URL_FETCH:
        raise network.Blocked("switched_off")
    with _place(person), network.Deadline(SECONDS) as deadline, _slow_place(deadline):
        return _fetched(network.check(address, schemes=SCHEMES), HOPS, deadline)


@contextmanager
def _place(person: Any) -> Iterator[None]:
    """Of the few that there are; one person never has all."""
    busy = Refused("url_busy", _("Too many files are being fetched. Try again soon."))
    with _lock:
        if _of_person[person] >= OF_ONE_PERSON:
            raise busy
        _of_person[person] += 1
    try:
        if not _places.acquire(timeout=PATIENCE):
            raise busy
        try:
            yield
        finally:
            _places.release()
    finally:
        with _lock:
            _of_person[person] -= 1
            if not _of_person[person]:
                del _of_person[person]


@contextmanager
def _slow_place(deadline: network.Deadline) -> Iterator[None]:
    """After a while a fetch counts as slow. There are fewer places for those, so that prompt ones always find one."""
    lock = threading.Lock()
    held = ended = False

    def become_slow() -> None:
        nonlocal held
        with lock:
            if not ended:
                held = _slow_places.acquire(blocking=False)
                if not held:
                    deadline.cut()

    timer = threading.Timer(SLOW, become_slow)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        with lock:
            ended = True
            if held:
                _slow_places.release()


def _fetched(target: network.Target, hops: int, deadline: network.Deadline) -> Held:
    incoming = Incoming()
    try:
        most = settings.MAX_UPLOAD_MB * 2**20
        answer = network.ask(target, deadline=deadline, most=most, take=incoming.write)
        onward = network.onward(target, answer, schemes=SCHEMES, seconds=deadline.seconds_left)
        if onward is None and answer.status != 200:
            raise network.Unreachable(f"HTTP {answer.status}")
        if onward is None and not answer.complete:
            raise network.Unreachable("it broke off")
        if onward is not None and not hops:
            raise network.Unreachable("too many redirects")
    except BaseException:
        incoming.drop()
        raise
    if onward is None:
        held = incoming.done()
        held.name = PurePosixPath(unquote(target.url.path)).name or "file"
        return held
    incoming.drop()
    return _fetched(onward, hops - 1, deadline)
