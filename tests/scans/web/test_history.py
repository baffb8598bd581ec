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
