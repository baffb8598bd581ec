"""Large files in pieces, by the tus 1.0 protocol; a connection may break anywhere."""

import base64
import datetime as dt
import fcntl
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepfake_site.wsgi import CompleteBody
from scans import tasks
from scans.models import Batch, Resumable, Scan

from ..conftest import portrait

pytestmark = pytest.mark.django_db
TUS = {"tus-resumable": "1.0.0"}
BODY = "application/offset+octet-stream"


def begin(client: Client, length: int, **said: str) -> Any:
    meta = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in said.items())
    return client.post("/scans/tus/", headers={**TUS, "upload-length": str(length), "upload-metadata": meta})


def send(client: Client, where: str, offset: int, piece: bytes, **headers: str) -> Any:
    said = {**TUS, "upload-offset": str(offset), **headers}
    return client.patch(where, piece, content_type=BODY, headers=said)


def offset(client: Client, where: str) -> int:
    answer = client.head(where, headers=TUS)
    assert answer.status_code == 200
    assert answer["Cache-Control"].startswith("max-age=0")
    return int(answer["Upload-Offset"])


def test_what_it_can_do_is_told(ann: Client) -> None:
    answer = ann.options("/scans/tus/")
    assert answer.status_code == 204
    assert answer["Tus-Version"] == "1.0.0"
    assert {"creation", "expiration", "termination"} <= set(answer["Tus-Extension"].split(","))
    assert int(answer["Tus-Max-Size"]) > 0


@pytest.mark.parametrize("size", [977, 20_000, 10**6])
def test_a_file_in_pieces_is_the_file(
    size: int, ann: Client, bundles: Path, own_media: Path, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    content = portrait(400)
    where = begin(ann, len(content), filename="ä photo.jpg", consents_to_training="on")["Location"]
    with django_capture_on_commit_callbacks(execute=True):
        for at in range(0, len(content), size):
            answer = send(ann, where, offset(ann, where), content[at : at + size])
            assert answer.status_code == 204
            assert int(answer["Upload-Offset"]) == min(at + size, len(content))
    scan = Scan.objects.get()
    assert answer["Scan-Location"] == f"/scans/{scan.pk}/"
    assert (scan.name, scan.bytes, scan.consents_to_training) == ("ä photo.jpg", len(content), True)
    with scan.media.open("rb") as stored:
        assert stored.read() == content
    assert not list((own_media / "incoming").iterdir())
    # Whoever has not heard the last answer asks again.
    assert offset(ann, where) == len(content)
    again = ann.generic("PATCH", where, CONTENT_TYPE=BODY, headers={**TUS, "upload-offset": str(len(content))})
    assert (again.status_code, again["Scan-Location"]) == (204, answer["Scan-Location"])
    assert send(ann, where, 0, content[:10]).status_code == 409
    assert Scan.objects.count() == 1


class Reset(io.BytesIO):
    """A connection that is reset in the middle of a piece."""

    def __init__(self, arrived: bytes, _length: int) -> None:
        super().__init__(arrived)

    def read(self, count: int = -1) -> bytes:
        piece = super().read(min(count, 5000) if count > 0 else 5000)
        if not piece:
            raise OSError("connection reset")
        return piece


def closed(arrived: bytes, length: int) -> CompleteBody:
    """A connection that is closed in the middle of a piece, as the server reads it."""
    return CompleteBody(io.BytesIO(arrived), length)


@pytest.mark.parametrize("broken", [Reset, closed])
def test_what_came_before_the_connection_broke_is_kept(broken: Callable[[bytes, int], Any], ann: Client) -> None:
    content = portrait(400)
    where = begin(ann, len(content), filename="a.jpg")["Location"]
    for _break in range(2):
        at = offset(ann, where)
        ann.generic(
            "PATCH", where, CONTENT_TYPE=BODY, CONTENT_LENGTH=str(len(content) - at),
            headers={**TUS, "upload-offset": str(at)},
            **{"wsgi.input": broken(content[at : at + 12000], len(content) - at)},
        )  # fmt: skip
        assert offset(ann, where) == at + 12000
    assert send(ann, where, 24000, content[24000:]).status_code == 204
    with Scan.objects.get().media.open("rb") as stored:
        assert stored.read() == content


def test_a_piece_at_the_wrong_place_is_refused(ann: Client) -> None:
    where = begin(ann, 1000)["Location"]
    send(ann, where, 0, b"x" * 100)
    answer = send(ann, where, 50, b"y" * 10)
    assert (answer.status_code, answer["Upload-Offset"]) == (409, "100")
    assert send(ann, where, 100, b"z" * 901).status_code == 413
    assert offset(ann, where) == 100


def test_two_who_write_at_once_do_not_mix(ann: Client) -> None:
    where = begin(ann, 1000)["Location"]
    with Resumable.objects.get().path.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert send(ann, where, 0, b"x").status_code == 423
    assert send(ann, where, 0, b"x").status_code == 204


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"tus-resumable": "0.2"}, 412), ({"upload-length": ""}, 400), ({"upload-length": "-5"}, 400),
        ({"upload-length": "9" * 40}, 400), ({"upload-length": str(10**12)}, 413),
        ({"upload-metadata": "filename not*base64"}, 400), ({"upload-metadata": "batch bm9uc2Vuc2U="}, 404),
    ],
)  # fmt: skip
def test_nonsense_is_refused_at_the_start(change: dict[str, str], status: int, ann: Client) -> None:
    answer = ann.post("/scans/tus/", headers={**TUS, "upload-length": "10", **change})
    assert answer.status_code == status
    assert not Resumable.objects.exists()


def test_nonsense_is_refused_on_the_way(ann: Client) -> None:
    where = begin(ann, 10)["Location"]
    assert ann.patch(where, b"x", content_type="text/plain", headers={**TUS, "upload-offset": "0"}).status_code == 415
    assert ann.patch(where, b"x", content_type=BODY, headers=TUS).status_code == 400
    assert ann.patch(where, b"x", content_type=BODY, headers={"upload-offset": "0"}).status_code == 412
    assert ann.get(where, headers=TUS).status_code == 405
    assert ann.get("/scans/tus/").status_code == 405
    assert offset(ann, where) == 0


def test_what_is_no_picture_is_said_at_the_end(ann: Client, own_media: Path) -> None:
    where = begin(ann, 20, filename="page.jpg")["Location"]
    answer = send(ann, where, 0, b"<html>no picture</ht")
    assert (answer.status_code, answer.json()["code"]) == (415, "unknown_format")
    assert not list((own_media / "incoming").iterdir())


def test_strangers_and_the_gate(ann: Client, bob: Client, client: Client) -> None:
    where = begin(ann, 10)["Location"]
    assert bob.head(where, headers=TUS).status_code == 404
    assert send(bob, where, 0, b"x").status_code == 404
    assert bob.delete(where, headers=TUS).status_code == 404
    assert client.head(where, headers=TUS).status_code == 302


def test_it_can_be_given_up_and_is_forgotten_after_a_day(ann: Client, own_media: Path) -> None:
    first, second, third = (begin(ann, 10)["Location"] for _upload in range(3))
    assert ann.delete(first, headers=TUS).status_code == 204
    assert ann.head(first, headers=TUS).status_code == 404
    Resumable.objects.filter(pk=second.split("/")[-2]).update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    tasks.forget_unfinished()
    assert ann.head(second, headers=TUS).status_code == 404
    assert ann.head(third, headers=TUS).status_code == 200
    assert len(list((own_media / "incoming").iterdir())) == 1


def test_it_can_belong_to_a_batch(ann: Client, uploader: Any) -> None:
    batch = Batch.objects.create(owner=uploader)
    content = portrait(100)
    where = begin(ann, len(content), filename="a.jpg", batch=str(batch.pk))["Location"]
    send(ann, where, 0, content)
    assert batch.scans.count() == 1


def test_one_that_is_refused_at_once_is_listed_with_its_batch(ann: Client, uploader: Any) -> None:
    batch = Batch.objects.create(owner=uploader)
    answer = begin(ann, 1 << 40, filename="huge.mp4", batch=str(batch.pk))
    assert answer.status_code == 413
    batch.refresh_from_db()
    assert [(one["name"], one["code"]) for one in batch.refused] == [("huge.mp4", "too_many_bytes")]


def test_beginnings_are_limited_and_pieces_are_not(ann: Client) -> None:
    answers = [begin(ann, 100) for _upload in range(6)]
    assert [answer.status_code for answer in answers] == [201] * 5 + [429]
    for at in range(20):
        assert send(ann, answers[0]["Location"], at, b"x").status_code == 204


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(pieces=st.lists(st.tuples(st.integers(0, 60), st.binary(min_size=1, max_size=40)), max_size=12))
def test_whatever_is_sent_in_whatever_order_only_what_fits_is_kept(
    pieces: list[tuple[int, bytes]], ann: Client, uploader: Any
) -> None:
    upload = Resumable.objects.create(
        owner=uploader, name="x", length=1000, expires_at=timezone.now() + dt.timedelta(1)
    )
    upload.path.parent.mkdir(parents=True, exist_ok=True)
    upload.path.touch()
    kept = b""
    for at, piece in pieces:
        answer = send(ann, f"/scans/tus/{upload.pk}/", at, piece)
        assert answer.status_code == (204 if at == len(kept) else 409)
        kept += piece if at == len(kept) else b""
    assert upload.path.read_bytes() == kept
