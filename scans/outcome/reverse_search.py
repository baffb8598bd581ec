"""Links to search engines for pictures, for files that have been shared with their picture.

An engine fetches the picture by its address, so a private file can't be looked up, and nothing is sent from here.
"""

import ipaddress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.urls import reverse

from ..models import Scan

# By the name that REVERSE_SEARCH takes: the engine's own name, and its address before that of the picture.
ENGINES = {
    "google": ("Google Lens", "https://lens.google.com/uploadbyurl?url="),
    "tineye": ("TinEye", "https://tineye.com/search?url="),
    "bing": ("Bing", "https://www.bing.com/images/search?view=detailv2&iss=sbi&q=imgurl:"),
    "yandex": ("Yandex", "https://yandex.com/images/search?rpt=imageview&url="),
}


@dataclass(frozen=True, slots=True)
class Link:
    name: str
    host: str
    address: str


@dataclass(frozen=True, slots=True)
class Offer:
    """`links` is empty while the picture has no address that an engine could fetch."""

    links: list[Link]
    reachable: bool  # the site itself, from the internet


def offer(scan: Scan) -> Offer | None:
    """None where the site does not offer it."""
    engines = [ENGINES[name] for name in settings.REVERSE_SEARCH if name in ENGINES]
    if not engines:
        return None
    reachable = _is_public(settings.SITE_URL)
    share: Any = scan.shares.open().filter(with_picture=True).first() if reachable else None
    if share is None:
        return Offer([], reachable)
    picture = settings.SITE_URL + reverse("scans:shared_picture", args=[share.token])
    return Offer(
        [Link(name, urlsplit(before).netloc, before + quote(picture, safe="")) for name, before in engines], reachable
    )


def _is_public(address: str) -> bool:
    """Whether the host of this address can be one that others reach: no name of a single machine or private network."""
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".internal", ".localhost", ".lan"))
