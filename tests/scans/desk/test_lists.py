"""Lists at the desk: on a narrow screen, each value stands under the name of its column."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import lists as accounts_lists
from accounts.models import User
from scans.analysis import routing
from scans.evidence import sealing
from scans.models import Decision, Event, Outcome, Reason, ReviewQueue, Scan, Skip

pytestmark = pytest.mark.django_db
LISTS = ("scan", "assessment", "decision", "event", "finding", "skip", "reviewitem")


def listed(client: Client, what: str, words: str) -> list[Any]:
    page = client.get(f"/admin/scans/{what}/", {"q": words})
    assert page.status_code == 200
    return [row.pk for row in page.context["cl"].result_list]


def rows_of(scan: Scan, person: User) -> dict[str, Any]:
    """One row of each list, of this scan."""
    item = routing.put(scan, ReviewQueue.objects.order_by("order")[0], Reason.HAND)
    assessment = scan.assessments.create(outcome=Outcome.INCONCLUSIVE, version="1")
    finding = assessment.findings.create(
        bundle="other", version="1", weights=scan.sha256, preprocessing=1, policy="trust", status="ran", milliseconds=1,
    )  # fmt: skip
    decision = Decision.objects.create(
        scan=scan, item=item, decider=person, label="inconclusive", settles_at=timezone.now()
    )
    skip = Skip.objects.create(item=item, person=person, cause="unsure")
    event = Event.objects.create(scan=scan, kind="skipped", actor=person)
    keys = (scan, assessment, decision, event, finding, skip, item)
    return {what: row.pk for what, row in zip(LISTS, keys, strict=True)}


@pytest.mark.parametrize("few", [500, 0])
def test_rows_are_found_by_the_id_hash_and_name_of_their_scan(
    few: int, lead: User, uploader: User, moderator: User, as_user: Callable[..., Client],
    monkeypatch: pytest.MonkeyPatch, settings: Any,
) -> None:  # fmt: skip
    settings.BLIND_PERCENT = 0
    monkeypatch.setattr(accounts_lists, "FEW", few)  # 0: as if every word left very many rows
    cat, dog = (
        Scan.objects.create(owner=uploader, name=name, sha256=digit * 64, bytes=1, status="analysed")
        for name, digit in (("cat on mat.jpg", "a"), ("dog.jpg", "b"))
    )
    rows = rows_of(cat, moderator)
    rows_of(dog, moderator)
    client = as_user(lead)
    for what in LISTS:
        for words in (str(cat.pk), cat.pk.hex, cat.pk.hex.upper()):
            assert rows[what] in listed(client, what, words), (what, words)
            assert len(listed(client, what, words)) == 1 or what == "event"
        assert listed(client, what, "no such thing") == []
        assert listed(client, what, f"{cat.pk} {dog.pk}") == [], "every word must fit"
    for what in ("scan", "assessment", "decision", "reviewitem"):
        assert listed(client, what, cat.sha256) == [rows[what]]
    assert listed(client, "finding", "aaaa") == [rows["finding"]]
    for what in ("scan", "decision", "skip", "reviewitem"):
        assert listed(client, what, "cat") == [rows[what]]
        assert listed(client, what, '"cat on"') == [rows[what]]
        assert listed(client, what, "on") == [], "only the beginning of a name is looked at"


def test_an_event_is_found_by_its_place_in_the_chain(lead: User, as_user: Callable[..., Client]) -> None:
    Event.objects.create(kind="exported")
    event = Event.objects.create(kind="exported")
    sealing.seal()
    event.refresh_from_db()
    assert listed(as_user(lead), "event", str(event.position)) == [event.pk]


def test_the_pages_of_a_list_show_each_row_once_and_in_order(
    lead: User, uploader: User, as_user: Callable[..., Client]
) -> None:
    at = timezone.now()
    Scan.objects.bulk_create(
        Scan(owner=uploader, name="a.jpg", sha256="0" * 64, bytes=1, created_at=at) for _number in range(120)
    )
    client = as_user(lead)
    pages = [client.get(f"/admin/scans/scan/?p={number}").context["cl"].result_list for number in (1, 2, 3)]
    assert [len(page) for page in pages] == [50, 50, 20]
    assert len({row.pk for page in pages for row in page}) == 120


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
