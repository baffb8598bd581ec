"""Lists of scans: pages by cursor, filters, and their number of queries."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from scans.models import Outcome, Scan, Status

from .conftest import SCANS, Program
from .test_scans import error

pytestmark = pytest.mark.django_db


def make(owner: User, count: int) -> list[Scan]:
    now = timezone.now()
    return Scan.objects.bulk_create(
        Scan(
            owner=owner, name=f"{n}", sha256=f"{n:064x}", bytes=1, status=Status.ANALYSED if n % 2 else Status.FAILED,
            external_id=f"ref {n}", outcome=Outcome.INCONCLUSIVE if n % 3 else "",
            created_at=now - dt.timedelta(minutes=n // 2),  # two of each moment
        )
        for n in range(count)
    )  # fmt: skip


def test_pages_by_cursor_tell_everything_once(own: Program, uploader: User) -> None:
    made = make(uploader, 25)
    ids, where = [], f"{SCANS}?limit=10"
    while where:
        answer = own.get(where)
        ids += [one["id"] for one in answer.json()["results"]]
        where = answer.json()["next"]
        if len(ids) == 10:
            make(uploader, 1)  # one that comes meanwhile moves nothing
    assert len(ids) == 25
    assert set(ids) == {str(one.pk) for one in made}


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 10), ({"status": "failed"}, 5), ({"outcome": "inconclusive"}, 6), ({"external_id": "ref 7"}, 1),
        ({"sha256": f"{3:064X}"}, 1), ({"created_after": "2020-01-01T00:00:00Z"}, 10),
        ({"created_before": "2020-01-01T00:00:00+02:00"}, 0), ({"updated_since": "2020-01-01T00:00:00Z"}, 0),
        ({"batch": str(uuid.UUID(int=1))}, 0), ({"status": "failed", "outcome": "inconclusive"}, 3),
    ],
)  # fmt: skip
def test_filters(query: dict[str, str], count: int, own: Program, uploader: User) -> None:
    make(uploader, 10)
    assert len(own.get(SCANS, **query).json()["results"]) == count


def test_what_has_changed_since(own: Program, uploader: User) -> None:
    make(uploader, 3)
    before = timezone.now()
    one = own.submit().json()
    assert [found["id"] for found in own.get(SCANS, updated_since=before.isoformat()).json()["results"]] == [one["id"]]


@pytest.mark.parametrize(
    "query",
    [
        {"colour": "red"}, {"status": "done"}, {"outcome": "fake"}, {"created_after": "yesterday"},
        {"created_after": "2026-01-01T00:00:00"}, {"batch": "x"}, {"limit": "0"}, {"limit": "101"}, {"limit": "x"},
        {"cursor": "x"}, {"cursor": "AAAA"}, {"external_id": ""}, {"limit": "9" * 50},
    ],
)  # fmt: skip
def test_what_can_t_be_filtered_by_is_said_so(query: dict[str, str], own: Program) -> None:
    said = error(own.get(SCANS, **query), 422, "validation_error")
    assert said["errors"][0]["pointer"] == f"/{next(iter(query))}"


def test_a_list_takes_as_many_queries_for_fifty_as_it_must(
    own: Program, uploader: User, django_assert_max_num_queries: Any
) -> None:
    make(uploader, 50)
    with django_assert_max_num_queries(50 * 9 + 10):
        own.get(SCANS, limit=50)
