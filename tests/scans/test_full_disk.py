"""A full disk: refused in words, nothing left over, and what waits is analysed when there is room again."""

import datetime as dt
import errno
import io
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import keys
from accounts.models import User
from scans import tasks
from scans.models import Resumable, Scan, Status
from scans.storage import disk, sweeping
from scans.uploads import resumable

from .conftest import portrait

pytestmark = pytest.mark.django_db


class FullFile(io.FileIO):
    """Takes a few bytes; then the kernel says that there is no disk space, as it does for /dev/full."""

    def write(self, piece: Any) -> int:
        if self.tell() == 0:
            return super().write(piece[:1000])
        with Path("/dev/full").open("wb", buffering=0) as full:
            return full.write(piece)


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def named_temporary_file(*, dir: Path, **_options: Any) -> Any:
        return FullFile(tempfile.mkstemp(dir=dir)[1], "wb")

    monkeypatch.setattr("scans.storage.incoming.tempfile.NamedTemporaryFile", named_temporary_file)


def left_over(media: Path) -> list[Path]:
    return [path for path in media.rglob("*") if path.is_file()]


def photo() -> SimpleUploadedFile:
    return SimpleUploadedFile("me.jpg", portrait(), "image/jpeg")


def test_an_upload_is_refused_with_507_and_leaves_nothing(
    full_disk: None, as_user: Callable[..., Client], uploader: User, own_media: Path
) -> None:
    page = as_user(uploader).post("/scans/new/", {"files": photo()})
    assert page.status_code == 507
    assert "no disk space" in page.content.decode()
    _key, secret = keys.issue(uploader, name="p", scopes=["scans:write"])
    program = Client(headers={"Authorization": f"Bearer {secret}"})
    for where, field in (("scans", "file"), ("batches", "files")):
        answer = program.post(f"/api/v1/{where}", {field: photo()})
        assert (answer.status_code, answer.json()["code"]) == (507, "no_space")
    assert left_over(own_media) == []
    assert not Scan.objects.exists()


def test_an_upload_in_pieces_waits_for_room(as_user: Callable[..., Client], uploader: User, own_media: Path) -> None:
    upload = resumable.begin(uploader, "me.jpg", len(portrait()))
    upload.path.unlink()
    upload.path.symlink_to("/dev/full")
    client = as_user(uploader)

    def send() -> Any:
        headers = {"tus-resumable": "1.0.0", "upload-offset": "0"}
        body = "application/offset+octet-stream"
        return client.patch(f"/scans/tus/{upload.pk}/", portrait(), content_type=body, headers=headers)

    assert send().status_code == 507
    upload.path.unlink()
    assert send().status_code == 204
    assert Scan.objects.get().bytes == len(portrait())


def test_an_analysis_that_finds_no_room_goes_back_into_the_queue(
    bundles: Path, upload: Callable[..., Scan], own_media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system_open, written = os.open, []

    def refuse_the_second(path: Any, *rest: Any, **options: Any) -> int:
        if "artifacts" in str(path):
            written.append(path)
            if len(written) > 1:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return system_open(path, *rest, **options)

    with monkeypatch.context() as patched:
        patched.setattr("django.core.files.storage.filesystem.os.open", refuse_the_second)
        scan = upload()
    assert len(written) == 2
    assert (scan.status, scan.attempts, scan.assessments.count()) == (Status.QUEUED, 0, 0)
    assert [path.parts[len(own_media.parts)] for path in left_over(own_media)] == ["media"]
    tasks.analyse(str(scan.pk))
    scan.refresh_from_db()
    assert (scan.status, scan.attempts, scan.assessments.count()) == (Status.ANALYSED, 1, 1)


def test_while_there_is_no_room_nothing_is_begun(
    bundles: Path, upload: Callable[..., Scan], monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(disk, "LEAST", 2**62)
        scan = upload()
        Scan.objects.update(sent_at=timezone.now() - dt.timedelta(minutes=1))
        tasks.rescue()
    scan.refresh_from_db()
    assert (scan.status, scan.attempts) == (Status.QUEUED, 0)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.rescue()
    scan.refresh_from_db()
    assert scan.status == Status.ANALYSED


def test_what_killed_processes_left_behind_is_swept_up_and_nothing_else(
    bundles: Path, upload: Callable[..., Scan], uploader: User, own_media: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scan = upload()
    begun = resumable.begin(uploader, "film.mp4", 10)
    known = left_over(own_media)
    gone = [
        "incoming/tmpabc", f"incoming/part-{'0' * 32}", f"live/{'0' * 32}/a.jpg", f"media/00/{'0' * 32}/a.jpg",
        f"artifacts/{scan.pk.hex[:2]}/{scan.pk.hex}/{'0' * 32}-face.jpg",
    ]  # fmt: skip
    for name in gone:
        (own_media / name).parent.mkdir(parents=True, exist_ok=True)
        (own_media / name).write_bytes(b"x")
    call_command("sweep")
    assert "0 files deleted" in capsys.readouterr().out, "they may still get their rows"
    long_ago = time.time() - 2 * sweeping.AGE.total_seconds()
    for path in left_over(own_media):
        os.utime(path, (long_ago, long_ago))
    call_command("sweep", "--dry-run")
    assert set(gone) <= set(capsys.readouterr().out.splitlines())
    assert len(left_over(own_media)) == len(known) + len(gone)
    call_command("sweep")
    assert sorted(left_over(own_media)) == sorted(known)
    assert Resumable.objects.get() == begun
