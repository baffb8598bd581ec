"""Lists at the desk: on a narrow screen, each value stands under the name of its column."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client

from accounts.models import User
from scans.models import Scan

pytestmark = pytest.mark.django_db


def test_each_value_of_a_list_bears_the_name_of_its_column(
    admin: User, uploader: User, as_user: Callable[..., Client]
) -> None:
    Scan.objects.create(owner=uploader, name='a "b" <c>', sha256="0" * 64, bytes=1, status="failed")
    page = as_user(admin).get("/admin/scans/scan/").content.decode()
    titles = re.findall(r'<div class="text">(?:<a [^>]*>|<span>)([^<]+)<', page)
    (row,) = re.findall(r"<tr>(<t[dh].*?)</tr>", page, re.DOTALL)
    labels = re.findall(r'<t[dh] data-label="([^"]*)"', row)
    assert [unescape(label) for label in labels] == [unescape(title) for title in titles]
    assert "Name" in labels
