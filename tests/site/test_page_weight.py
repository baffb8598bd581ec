"""What a browser loads before it shows media: the page, its sheets and its scripts."""

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from accounts.models import User
from scans.benchmarks import addresses, rows

pytestmark = pytest.mark.django_db
MOST = 150_000  # bytes: pages as they are, and files of the site as WhiteNoise sends them, compressed
SHEET_OR_SCRIPT = re.compile(r'<link[^>]*rel="stylesheet"[^>]*>|<script[^>]*src=[^>]*>')
ADDRESS = re.compile(r'(?:href|src)="/static/([^"?#]+)')
IMPORT = re.compile(rb'@import url\(["\']?([^"\')]+)')


def weight(html: str) -> int:
    names = {name for tag in SHEET_OR_SCRIPT.findall(html) for name in ADDRESS.findall(tag)}
    assert names, "every page has a sheet"
    return len(html.encode()) + sum(weights(names, set()))


def weights(names: set[str], counted: set[Path]) -> list[int]:
    """Of the files and of what they import, each once."""
    sizes = []
    for name in sorted(names):
        path = Path(str(finders.find(name))).resolve()
        if path in counted:
            continue
        counted.add(path)
        content = path.read_bytes()
        sizes.append(len(gzip.compress(content, 9)))
        imported = {str(Path(name).parent / target.decode()) for target in IMPORT.findall(content)}
        sizes += weights(imported, counted)
    return sizes


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_no_page_weighs_more_than_150_kilobytes_before_its_media() -> None:
    rows.fill(600, 40)
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
