"""Batches by the API: files and archives, what is refused, and when they are complete."""

import io
import zipfile
from collections.abc import Callable

import pytest

from accounts.models import User
from scans.models import (
    Batch,
    Change,
)
from scans.updates import change_feed

from ..conftest import portrait
from .conftest import SCANS, Program
from .test_scans import error

pytestmark = pytest.mark.django_db
V1 = "/api/v1"


def test_a_batch_takes_files_and_archives_and_notes_what_it_refuses(own: Program) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for size in (200, 210):
            archive.writestr(f"{size}.jpg", portrait(size))
    made = own.batch([("one.jpg", portrait(220)), ("more.zip", packed.getvalue()), ("no.txt", b"x" * 50)])
    assert made.status_code == 202
    said = own.get(made["Location"]).json()
    assert (said["complete"], said["done"]) == (True, True)
    assert said["counts"]["total"] == 4
    assert said["counts"]["analysed"] == 3
    assert [(one["name"], one["code"]) for one in said["refused"]] == [("no.txt", "unknown_format")]
    listed = own.get(SCANS, batch=said["id"]).json()["results"]
    assert sorted(one["media"]["name"] for one in listed) == ["200.jpg", "210.jpg", "one.jpg"]
    assert [one["id"] for one in own.get(f"{V1}/batches").json()["results"]] == [said["id"]]
    change_feed.publish()
    change_feed.publish()
    assert Change.objects.filter(kind="batch.completed").count() == 1


def test_a_batch_without_files_and_others_batches(
    own: Program, program: Callable[..., Program], stranger: User
) -> None:
    error(own.client.post(f"{V1}/batches", {}), 422, "validation_error")
    made = own.batch([("one.jpg", portrait(220))])
    other = program(stranger)
    error(other.get(made["Location"]), 404, "not_found")
    assert other.get(f"{V1}/batches").json()["results"] == []
    change_feed.publish()
    assert other.get(f"{V1}/changes").json()["results"] == []


def test_a_batch_is_not_told_of_before_all_of_it_is_in_and_through(own: Program) -> None:
    own.batch([("one.jpg", portrait(220))], judged=False)
    change_feed.publish()
    assert not Change.objects.exists()
    batch = Batch.objects.get()
    for scan in batch.scans.all():
        scan.move("cancelled")
    Batch.objects.update(sealed_at=None)
    change_feed.publish()
    assert not Change.objects.filter(batch=batch).exists()
