"""One's own scans as a list: found again, and taken along."""

import csv
import datetime as dt
import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from scans.models import Assessment, Scan

pytestmark = pytest.mark.django_db


def make(owner: User, count: int, **fields: Any) -> list[Scan]:
    now = timezone.now()
    scans = Scan.objects.bulk_create(
        Scan(
            owner=owner,
            sha256=f"{number:064x}",
            bytes=1000,
            **{
                "outcome": "inconclusive",
                "name": f"{number}.jpg",
                "status": "analysed",
                "kind": "image",
                "created_at": now - dt.timedelta(hours=number),
                **fields,
            },
        )
        for number in range(count)
    )
    Assessment.objects.bulk_create(Assessment(scan=scan, outcome="inconclusive", version="1") for scan in scans)
    return scans


def read(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


def test_an_empty_list_shows_the_way(ann: Client) -> None:
    page = ann.get("/scans/").content.decode()
    assert "No scans yet" in page
    assert "No scans match" in ann.get("/scans/?text=x").content.decode()


def test_only_ones_own_are_listed_for_anybody(ann: Client, uploader: User, stranger: User) -> None:
    make(uploader, 2)
    make(stranger, 3, name="theirs.jpg")
    assert ann.get("/scans/").context["pages"].count == 2
    assert "No scans match" in ann.get("/scans/?text=theirs").content.decode()


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 6), ("text=cat", 1), ("text=000000005", 0), ("text=" + "0" * 63 + "5", 1), ("kind=video", 1),
        ("outcome=likely_manipulated", 1), ("status=failed", 1), ("kind=nonsense", 6), ("page=99", 6),
        ("since=2020-01-01", 6), ("until=2020-01-01", 0), ("since=rubbish", 6), ("batch=rubbish", 6),
    ],
)  # fmt: skip
def test_filters(query: str, count: int, ann: Client, uploader: User) -> None:
    scans = make(uploader, 6)
    Scan.objects.filter(pk=scans[0].pk).update(name="my cat.jpg")
    Scan.objects.filter(pk=scans[1].pk).update(kind="video")
    Scan.objects.filter(pk=scans[2].pk).update(status="failed")
    Assessment.objects.create(scan=scans[3], outcome="likely_manipulated", version="1")
    answer = ann.get(f"/scans/?{query}")
    assert answer.status_code == 200
    assert answer.context["pages"].count == count


@pytest.mark.parametrize(
    ("zone", "day", "begins", "ends"),
    [
        ("Asia/Tokyo", "2026-03-10", "2026-03-09T15:00:00Z", "2026-03-10T15:00:00Z"),
        ("America/New_York", "2026-03-10", "2026-03-10T04:00:00Z", "2026-03-11T04:00:00Z"),
        ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),  # of 23 hours
        ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),  # of 25 hours
        ("Asia/Beirut", "2026-03-29", "2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z"),  # has no midnight
    ],
)
def test_a_day_is_the_persons_own(zone: str, day: str, begins: str, ends: str, ann: Client, uploader: User) -> None:
    User.objects.filter(pk=uploader.pk).update(time_zone=zone)
    first, after = dt.datetime.fromisoformat(begins), dt.datetime.fromisoformat(ends)
    tick = dt.timedelta(microseconds=1)
    for name, at in (("before", first - tick), ("first", first), ("last", after - tick), ("after", after)):
        make(uploader, 1, name=name, created_at=at)

    def names(query: str) -> set[str]:
        return {scan.name for scan in ann.get(f"/scans/?{query}").context["scans"]}

    assert names(f"since={day}&until={day}") == {"first", "last"}
    assert names(f"since={day}") == {"first", "last", "after"}
    assert names(f"until={day}") == {"before", "first", "last"}


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
def test_days_at_the_ends_of_the_calendar_are_taken(zone: str, ann: Client, uploader: User) -> None:
    User.objects.filter(pk=uploader.pk).update(time_zone=zone)
    make(uploader, 2)
    ends = {"since=0001-01-01": 2, "until=9999-12-31": 2, "since=9999-12-31": 0, "until=0001-01-01": 0}
    for query, count in ends.items():
        assert ann.get(f"/scans/?{query}").context["pages"].count == count, query


@pytest.mark.parametrize("sort", ["", "created_at", "-rank", "name", "-bytes"])
def test_each_scan_is_on_one_page_and_the_pages_are_in_order(sort: str, ann: Client, uploader: User) -> None:
    at = timezone.now()
    make(uploader, 30, created_at=at)  # equal in all that is sorted by but the name
    make(uploader, 44)
    pages = [ann.get(f"/scans/?sort={sort}&page={number}").context["scans"] for number in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [24, 24, 24, 2]
    shown = [scan.pk for page in pages for scan in page]
    order = sort or "-created_at"
    assert shown == list(Scan.objects.order_by(order, "-id").values_list("pk", flat=True))


def test_what_a_search_leaves_stands_in_the_chosen_order(ann: Client, uploader: User) -> None:
    scans = make(uploader, 4)
    for scan, name in zip(scans, ("b cat.jpg", "dog.jpg", "c cat.jpg", "a CAT.jpg"), strict=True):
        Scan.objects.filter(pk=scan.pk).update(name=name)
    shown = [scan.name for scan in ann.get("/scans/?text=cat&sort=name").context["scans"]]
    assert shown == ["a CAT.jpg", "b cat.jpg", "c cat.jpg"]
    begin = scans[1].sha256[:-1] + scans[1].sha256[-1].upper()
    assert [scan.name for scan in ann.get(f"/scans/?text={begin}").context["scans"]] == ["dog.jpg"]


def test_a_long_list_costs_no_more_queries_than_a_short_one(ann: Client, uploader: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert ann.get("/scans/").status_code == 200
        return len(seen)

    make(uploader, 2)
    ann.get("/scans/")  # what is asked once for each visitor
    few = queries()
    make(uploader, 60)
    assert queries() == few
    assert 'rel="next"' in ann.get("/scans/").content.decode()
    assert "Page 2 of 3" in ann.get("/scans/?page=2").content.decode()


def test_a_table_is_harmless_in_a_spreadsheet(ann: Client, uploader: User) -> None:
    for name in ('=HYPERLINK("x")', "+1", "-1", "@x", "\tx", " =1+1", "plain.jpg"):
        make(uploader, 1, name=name)
    rows = list(csv.DictReader(read(ann.get("/scans/export.csv")).lstrip("\ufeff").splitlines()))
    names = {row["name"] for row in rows}
    assert "plain.jpg" in names
    assert not [name for name in names if name.lstrip().startswith(("=", "+", "-", "@"))]
    assert rows[0]["outcome"] == "inconclusive"
    whole = json.loads(read(ann.get("/scans/export.json?text=plain")))
    assert [row["name"] for row in whole] == ["plain.jpg"]
    assert ann.get("/scans/export.xml").status_code == 404


def test_a_long_table_streams(ann: Client, uploader: User) -> None:
    make(uploader, 5000)
    answer = ann.get("/scans/export.json")
    assert answer.streaming
    assert len(json.loads(read(answer))) == 5000


def test_ticked_ones_are_taken_along(ann: Client, uploader: User, stranger: User) -> None:
    mine, theirs = make(uploader, 3), make(stranger, 1)[0]
    ticked = {"scan": [mine[0].pk, mine[2].pk, theirs.pk, "rubbish"], "do": "csv"}
    assert len(list(csv.DictReader(read(ann.post("/scans/selected/", ticked)).splitlines()))) == 2
