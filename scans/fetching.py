"""A file that is named by its address: fetched by the site itself, where the operator allows it."""

import threading
from pathlib import PurePosixPath
from urllib.parse import unquote

from django.conf import settings
from django.utils.translation import gettext as _

from . import network
from .intake import Held, Incoming, Refused

SCHEMES = ("https", "http")
SECONDS = 20.0
HOPS = 3
AT_ONCE = 4
_fetching = threading.BoundedSemaphore(AT_ONCE)


def fetch(address: str) -> Held:
    """Blocked where it may not be asked, Unreachable where it gives no file, Refused where it is too large."""
    if not settings.SCANS_URL_FETCH:
        raise network.Blocked("switched_off")
    if not _fetching.acquire(blocking=False):
        raise Refused("url_busy", _("Too many addresses are being fetched. Try again soon."))
    try:
        return _fetched(network.check(address, schemes=SCHEMES), HOPS)
    finally:
        _fetching.release()


def _fetched(target: network.Target, hops: int) -> Held:
    incoming = Incoming()
    try:
        most = settings.MAX_UPLOAD_MB * 2**20
        answer = network.ask(target, seconds=SECONDS, most=most, take=incoming.write)
        onward = network.onward(target, answer, schemes=SCHEMES)
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
    return _fetched(onward, hops - 1)
