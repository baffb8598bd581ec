"""What a browser loads before it shows media: the page, its sheets and its scripts."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from accounts.models import User
from scans.benchmarks import addresses, rows

pytestmark = pytest.mark.django_db
MOST = 150_000  # bytes, not compressed
SHEET_OR_SCRIPT = re.compile(r'<link[^>]*rel="stylesheet"[^>]*>|<script[^>]*src=[^>]*>')
ADDRESS = re.compile(r'(?:href|src)="/static/([^"?#]+)')


def weight(html: str) -> int:
    total = len(html.encode())
    for name in {name for tag in SHEET_OR_SCRIPT.findall(html) for name in ADDRESS.findall(tag)}:
        path = finders.find(name)
        assert isinstance(path, str), name
        total += Path(path).stat().st_size
    return total


@pytest.fixture
def visited(transactional_db: None) -> None:
    rows.fill(60, 8)


def test_no_page_weighs_more_than_150_kilobytes_before_its_media(visited: None) -> None:
    clients: dict[str | None, Client] = {None: Client(headers={"Accept-Language": "de"})}
    for role in rows.ROLES:
        clients[role] = Client(headers={"Accept-Language": "de"})
        clients[role].force_login(User.objects.get(email=f"{role}@bench.invalid"))
    heavy = []
    for address in addresses.pages():
        page = clients[address.who].get(address.path)
        assert page.status_code == 200, address
        if (size := weight(page.content.decode())) > MOST:
            heavy.append(f"{address.name} as {address.who}: {size:,} bytes")
    assert not heavy, "\n".join(heavy)
