"""Media in an object store: handed out by signed addresses, gone when they are deleted."""

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

from scans.models import Scan

from .conftest import delete_for_good

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
