"""Links to search engines for pictures: switched off at first, never for a private file, and marked as leaving."""

import re
from typing import Any

import pytest
from django.test import Client

from scans.models import Scan, Share

pytestmark = pytest.mark.django_db


@pytest.fixture
def engines(settings: Any) -> None:
    settings.REVERSE_SEARCH = ["google", "tineye"]
    settings.SITE_URL = "https://scans.example.org"


def share(ann: Client, scan: Scan, **fields: str) -> Share:
    ann.post(f"/scans/{scan.pk}/share/", {"days": "1", **fields})
    return Share.objects.latest("id")


def outbound(ann: Client, scan: Scan) -> list[str]:
    page = ann.get(scan.get_absolute_url()).content.decode()
    return re.findall(r'<a [^>]*href="(https://[^"]+)"[^>]*rel="[^"]*noreferrer[^"]*"', page)


def test_by_default_there_are_no_links_and_no_word_of_them(scan: Scan, ann: Client) -> None:
    share(ann, scan, with_picture="on")
    assert "Search the web" not in ann.get(scan.get_absolute_url()).content.decode()


@pytest.mark.usefixtures("engines")
def test_a_private_file_has_no_links_and_the_page_says_why(scan: Scan, ann: Client) -> None:
    share(ann, scan)  # without its picture
    assert outbound(ann, scan) == []
    assert "this file is private" in ann.get(scan.get_absolute_url()).content.decode()


@pytest.mark.usefixtures("engines")
def test_a_file_that_was_shared_with_its_picture_can_be_looked_up(scan: Scan, ann: Client) -> None:
    link = share(ann, scan, with_picture="on")
    picture = f"https%3A%2F%2Fscans.example.org%2Fshared%2F{link.token}%2Fpicture%2F"
    assert outbound(ann, scan) == [
        f"https://lens.google.com/uploadbyurl?url={picture}",
        f"https://tineye.com/search?url={picture}",
    ]
    assert "These links open other websites" in ann.get(scan.get_absolute_url()).content.decode()
    ann.post(f"/scans/{scan.pk}/share/{link.pk}/end/")
    assert outbound(ann, scan) == [], "the link no longer opens anything"


@pytest.mark.usefixtures("engines")
@pytest.mark.parametrize("address", ["http://localhost:8000", "http://10.1.2.3", "https://scans.local"])
def test_on_a_site_that_engines_can_not_reach_the_page_says_so(
    address: str, scan: Scan, ann: Client, settings: Any
) -> None:
    settings.SITE_URL = address
    share(ann, scan, with_picture="on")
    assert outbound(ann, scan) == []
    assert "be reached from the internet" in ann.get(scan.get_absolute_url()).content.decode()
