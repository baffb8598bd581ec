"""One way in: a file is taken in whole, under another name, or it is refused and leaves nothing behind."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile

from accounts.models import User
from scans.models import Queue, Scan, Status, WrongState
from scans.uploads import intake
from scans.uploads.intake import Refused, clean_name

from ..detection import files
from .conftest import portrait

pytestmark = pytest.mark.django_db


def on_disk(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_is_stored_under_a_random_name_and_queued(upload: Callable[..., Scan], own_media: Path) -> None:
    scan = upload(run=False, name="../../secret holiday.jpg")
    assert scan.status == Status.QUEUED
    assert scan.name == "secret holiday.jpg"
    assert scan.sha256 == hashlib.sha256(portrait()).hexdigest()
    assert scan.bytes == len(portrait())
    (stored,) = on_disk(own_media)
    assert "holiday" not in str(stored)
    assert stored.read_bytes() == portrait()
    assert [event.kind for event in scan.events.all()] == ["queued"]
    assert scan.events.get().actor == scan.owner


@pytest.mark.parametrize(
    ("content", "code"), [(b"", "empty"), (b"hello", "unknown_format"), (b"%PDF-1.7 and so on", "unknown_format")]
)
def test_what_can_not_be_read_is_refused_at_the_door(
    content: bytes, code: str, uploader: User, own_media: Path
) -> None:
    with pytest.raises(Refused) as refusal:
        intake.submit(uploader, ContentFile(content, name="x.jpg"))
    assert refusal.value.code == code
    assert on_disk(own_media) == []
    assert not Scan.objects.exists()


def test_the_rest_of_a_file_that_is_too_large_is_not_read(uploader: User, settings: Any, own_media: Path) -> None:
    settings.MAX_UPLOAD_MB = 2
    read = 0

    class Endless(ContentFile):  # type: ignore[type-arg]
        def chunks(self, chunk_size: int | None = None) -> Any:
            nonlocal read
            while True:
                read += 1
                yield b"\xff\xd8\xff" + bytes(2**20)

    with pytest.raises(Refused) as refusal:
        intake.submit(uploader, Endless(b"", name="x.jpg"))
    assert refusal.value.code == "too_many_bytes"
    assert "2 MB" in str(refusal.value)
    assert read == 2
    assert on_disk(own_media) == []


def test_one_s_own_duplicate_is_answered_without_another_look(bundles: Path, upload: Callable[..., Scan]) -> None:
    first = upload()
    second = upload(run=False)
    assert second.status == Status.ANALYSED
    copy, original = second.assessments.get(), first.assessments.get()
    assert copy.same_as == original
    assert (copy.outcome, copy.score, copy.panel) == (original.outcome, original.score, original.panel)
    assert [f.weights for f in copy.findings.all()] == [f.weights for f in original.findings.all()]
    assert second.events.get(kind="analysed").content["same_as"] == original.pk


def test_somebody_else_s_file_or_another_panel_is_looked_at_anew(
    bundles: Path, upload: Callable[..., Scan], stranger: User
) -> None:
    from .conftest import bundle

    upload()
    assert upload(owner=stranger, run=False).status == Status.QUEUED, "that others know a file is nobody's business"
    bundle(bundles, "other")
    assert upload(run=False).status == Status.QUEUED


def test_what_waits_can_be_cancelled_and_is_then_never_analysed(
    upload: Callable[..., Scan], uploader: User, django_capture_on_commit_callbacks: Any
) -> None:
    from scans import tasks

    scan = upload(run=False)
    intake.cancel(scan, uploader)
    tasks.analyse(str(scan.pk))
    scan.refresh_from_db()
    assert scan.status == Status.CANCELLED
    assert not scan.assessments.exists()
    with pytest.raises(WrongState):
        intake.cancel(scan, uploader)


def test_places_in_the_queue_are_counted(upload: Callable[..., Scan]) -> None:
    scans = [upload(run=False, name=f"{number}.jpg") for number in range(3)]
    other = upload(run=False, queue=Queue.BATCH)
    assert [scan.position for scan in scans] == [0, 1, 2]
    assert other.position == 0


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a.jpg", "a.jpg"),
        ("C:\\Users\\me\\a.jpg", "a.jpg"),
        ("/etc/passwd", "passwd"),
        ("a\nb\x00.jpg", "ab.jpg"),
        ("evil\u202egpj.exe", "evilgpj.exe"),
        ("", "file"),
        ("x" * 400 + ".jpg", "x" * 251 + ".jpg"),
    ],
)
def test_names_are_made_harmless(given: str, kept: str) -> None:
    assert clean_name(given) == kept


def test_every_kind_of_file_gets_in(upload: Callable[..., Scan]) -> None:
    for name in ("h264.mp4", "vp9.webm"):
        assert upload(files.of(name), run=False).status == Status.QUEUED
    assert upload(files.still("png"), run=False).status == Status.QUEUED
