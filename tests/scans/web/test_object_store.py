"""Media in an object store: handed out by signed addresses, gone when they are deleted."""

import datetime as dt
import hashlib
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.conf import settings as original
from django.test import Client
from moto.server import ThreadedMotoServer

from scans.models import Piece, Resumable, Scan
from scans.storage import sweeping
from scans.uploads import pieces

from ..conftest import portrait
from .conftest import delete_for_good, photo
from .test_tus import TUS, begin, offset, send

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(store: str, settings: Any) -> Any:
    keys = {"endpoint_url": store, "region_name": "us-east-1"}
    client = boto3.client("s3", aws_access_key_id="k", aws_secret_access_key="s", **keys)
    client.create_bucket(Bucket="media")
    options = {**original.S3, **keys, "bucket_name": "media", "access_key": "k", "secret_key": "s"}
    default = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {**options, "addressing_style": "path"}}
    settings.STORAGES = {**original.STORAGES, "default": default}
    yield client
    for one in client.list_objects_v2(Bucket="media").get("Contents", []):
        client.delete_object(Bucket="media", Key=one["Key"])
    client.delete_bucket(Bucket="media")


def test_a_scan_lives_in_the_store_and_leaves_it(
    bucket: Any,
    bundles: Path,
    upload: Callable[..., Scan],
    ann: Client,
    bob: Client,
    own_media: Path,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    scan = upload()
    assert scan.status == "analysed"
    kept = bucket.list_objects_v2(Bucket="media")["Contents"]
    assert scan.media.name in {one["Key"] for one in kept}
    assert not list(own_media.glob("incoming/*"))
    answer = ann.get(f"/scans/{scan.pk}/media/")
    assert (answer.status_code, "no-store" in answer["Cache-Control"]) == (302, True)
    request = urllib.request.Request(answer["Location"], headers={"Range": "bytes=0-2"})
    with urllib.request.urlopen(request, timeout=10) as sent:
        assert (sent.status, sent.read()) == (206, b"\xff\xd8\xff")
        assert sent.headers["Content-Type"] == "image/jpeg"
        assert sent.headers["Content-Disposition"].startswith("inline")
        assert sent.headers["Cache-Control"] == "private, no-store"
    assert "X-Amz-Expires=300" in answer["Location"]
    assert bob.get(f"/scans/{scan.pk}/media/").status_code == 404
    with django_capture_on_commit_callbacks(execute=True):
        delete_for_good(ann, scan)
    assert "Contents" not in bucket.list_objects_v2(Bucket="media")
    with pytest.raises(urllib.error.HTTPError) as gone:
        urllib.request.urlopen(answer["Location"], timeout=10)
    gone.value.close()


def test_a_report_and_pictures_come_from_there_too(
    bucket: Any, bundles: Path, upload: Callable[..., Scan], ann: Client
) -> None:
    scan = upload()
    for address in (
        f"/scans/{scan.pk}/report.pdf",
        f"/scans/{scan.pk}/artifacts/{scan.assessment.artifacts.first().pk}/",
    ):
        answer = ann.get(address)
        with urllib.request.urlopen(answer["Location"], timeout=10) as sent:
            assert sent.read(3) in (b"%PD", b"\xff\xd8\xff", b"\x89PN")


# -- Uploads in pieces: no two requests need the same machine --------------------------------------------


@pytest.fixture
def another_machine(settings: Any, tmp_path: Path) -> Callable[[], Path]:
    """From now on requests are answered with a disk that is empty."""
    machines = iter(range(1, 100))

    def move() -> Path:
        settings.MEDIA_ROOT = str(tmp_path / f"machine-{next(machines)}")
        return Path(settings.MEDIA_ROOT)

    return move


def names(bucket: Any, folder: str) -> list[str]:
    return [item["Key"] for item in bucket.list_objects_v2(Bucket="media", Prefix=folder).get("Contents", [])]


def test_pieces_that_different_machines_got_are_one_file(
    bucket: Any, bundles: Path, ann: Client, another_machine: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "OBJECT", 7000)  # so that one request makes several objects
    content = portrait(400)
    where = begin(ann, len(content), filename="a.jpg")["Location"]
    machines = []
    for at in range(0, len(content), 20_000):
        machines.append(another_machine())
        assert offset(ann, where) == at
        assert send(ann, where, at, content[at : at + 20_000]).status_code == 204
    assert len(machines) > 1
    scan = Scan.objects.get()
    with scan.media.open("rb") as stored:
        assert stored.read() == content
    assert scan.sha256 == hashlib.sha256(content).hexdigest()
    assert not [file for machine in machines for file in machine.glob("incoming/*")]


def test_pieces_are_gone_once_the_file_is_whole_or_given_up(
    bucket: Any, bundles: Path, ann: Client, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    content = portrait(100)
    first, second = (begin(ann, len(content), filename="a.jpg")["Location"] for _upload in range(2))
    with django_capture_on_commit_callbacks(execute=True):
        for where in (first, second):
            send(ann, where, 0, content[:1000])
        assert len(names(bucket, "pieces/")) == 2
        assert ann.delete(second, headers=TUS).status_code == 204
        send(ann, first, 1000, content[1000:])
    assert offset(ann, first) == len(content)
    assert not names(bucket, "pieces/")
    assert not Piece.objects.exists()


def test_of_two_who_write_at_once_one_is_kept(bucket: Any, ann: Client) -> None:
    where = begin(ann, 1000)["Location"]
    upload = Resumable.objects.get()

    def slow_body() -> Iterator[bytes]:
        yield b"slow"
        assert send(ann, where, 0, b"quick").status_code == 204

    with pytest.raises(pieces.WrongOffset):
        pieces.append(upload, 0, slow_body())
    assert offset(ann, where) == len(b"quick")
    with Piece.objects.get().file.open("rb") as stored:
        assert stored.read() == b"quick"
    assert len(names(bucket, "pieces/")) == 1


def test_a_file_whose_last_receiver_died_is_taken_in_when_its_sender_asks(
    bucket: Any, bundles: Path, ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = portrait(100)
    where = begin(ann, len(content), filename="a.jpg")["Location"]
    upload = Resumable.objects.get()
    pieces.append(upload, 0, [content])  # what the receiver did before it was killed
    assert not Scan.objects.exists()
    answer = ann.head(where, headers=TUS)
    assert (answer.status_code, int(answer["Upload-Offset"])) == (200, len(content))
    assert answer["Scan-Location"] == f"/scans/{Scan.objects.get().pk}/"


def test_pieces_without_a_row_are_swept_up(bucket: Any, ann: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    where = begin(ann, 1000)["Location"]
    send(ann, where, 0, b"x")
    send(ann, begin(ann, 1000)["Location"], 0, b"y")
    Resumable.objects.exclude(pk=where.split("/")[-2]).delete()  # with its rows, as when a person is erased
    assert sweeping.sweep([]) == [], "they may still get their rows"
    monkeypatch.setattr(sweeping, "AGE", dt.timedelta(minutes=-1))
    assert len(sweeping.sweep([])) == 1
    assert len(names(bucket, "pieces/")) == 1


def test_what_a_killed_process_left_on_its_machine_s_disk_is_removed_by_the_next_upload(
    bucket: Any, ann: Client, hand_in: Callable[..., Any], own_media: Path
) -> None:
    folder = own_media / "incoming"
    folder.mkdir(parents=True)
    for name, age in (("tmp-old", 7200), ("scan-old", 7200), ("tmp-in-use", 60)):
        (folder / name).write_bytes(b"x")
        os.utime(folder / name, (time.time() - age,) * 2)
    hand_in(photo())
    assert {path.name for path in folder.iterdir()} == {"tmp-in-use"}
