"""Uploading several files at once: batches and archives, and those that are dangerous."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from scans.models import Batch, Scan

from ...detection import files
from ...site.test_logs import said
from ..conftest import portrait
from .conftest import photo
from .test_upload import left_over

pytestmark = pytest.mark.django_db
PROGRAM = {"accept": "application/json"}


def test_several_files_become_a_batch_and_a_bad_one_spoils_nothing(
    hand_in: Callable[..., Any], ann: Client, bundles: Path
) -> None:
    answer = hand_in(photo("a.jpg", 300), SimpleUploadedFile("bad.jpg", b"no picture"), photo("b.jpg", 310))
    batch = Batch.objects.get()
    assert answer["Location"] == f"/scans/batches/{batch.pk}/"
    page = ann.get(answer["Location"]).content.decode()
    assert "2 of 2 analysed" in page
    assert '<b>bad.jpg</b> <span class="quiet">This file is not a supported image or video' in page
    assert sorted(batch.scans.values_list("name", flat=True)) == ["a.jpg", "b.jpg"]


def test_files_come_one_by_one_into_an_open_batch(hand_in: Callable[..., Any], ann: Client, bob: Client) -> None:
    opened = ann.post("/scans/batches/", headers=PROGRAM).json()
    for number in range(7):  # more than five: the batch was counted when it was opened
        assert hand_in(photo(f"{number}.jpg", 200 + number), to=opened["url"], headers=PROGRAM).status_code in (
            201,
            302,
        )
    assert Batch.objects.get().scans.count() == 7
    assert bob.post(opened["url"], {"files": [photo()]}).status_code == 404
    assert bob.get(opened["url"]).status_code == 404


def packed(**entries: bytes) -> SimpleUploadedFile:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return SimpleUploadedFile("all.zip", out.getvalue())


def test_an_archive_is_opened(hand_in: Callable[..., Any], bundles: Path) -> None:
    hand_in(
        packed(**{"in/a.jpg": portrait(300), "b.png": files.still("png"), "__MACOSX/._a.jpg": b"x", "note.txt": b"x"})
    )
    batch = Batch.objects.get()
    assert sorted(batch.scans.values_list("name", flat=True)) == ["a.jpg", "b.png"]
    assert [(one["name"], one["code"]) for one in batch.refused] == [("note.txt", "unknown_format")]


@pytest.mark.parametrize(
    ("archive", "code"),
    [
        (packed(**{"../../etc/passwd.jpg": b"x"}), "unsafe_path"),
        (packed(**{"/etc/passwd.jpg": b"x"}), "unsafe_path"),
        (packed(**{"C:\\windows\\a.jpg": b"x"}), "unsafe_path"),
        (packed(**{"inner.zip": packed(a=b"x").read()}), "nested_archive"),
        (packed(**{"zeros.bmp": b"\0" * (30 << 20)}), "archive_bomb"),
        (packed(**{f"{n}.jpg": b"x" for n in range(101)}), "too_many_files"),
        (packed(), "empty"),
        (SimpleUploadedFile("cut.zip", packed(**{"a.jpg": portrait(300)}).read()[:200]), "bad_archive"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_dangerous_archive_is_refused_by_name(
    archive: Any, code: str, hand_in: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    archive.seek(0)
    hand_in(archive)
    assert [line["code"] for line in said(caplog, "upload refused")] == [code]
    assert [one["code"] for one in Batch.objects.get().refused] == [code]
    assert not Scan.objects.exists()


def test_an_archive_that_lies_about_its_sizes_costs_no_more_than_the_limit(
    hand_in: Callable[..., Any], settings: Any, own_media: Path
) -> None:
    settings.MAX_UPLOAD_MB = 2
    content = packed(**{"a.bmp": b"BM" + bytes(range(256)) * (3 << 12)}).read()
    patched = content.replace((2 + (3 << 20)).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    hand_in(SimpleUploadedFile("liar.zip", patched))
    assert len(Batch.objects.get().refused) == 1
    assert not Scan.objects.exists()
    assert left_over(own_media) == []


def test_an_empty_file_among_others_is_listed_as_not_taken_in(
    ann: Client, bundles: Path, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    given = [SimpleUploadedFile("a.jpg", portrait(200)), SimpleUploadedFile("zero.jpg", b"")]
    with django_capture_on_commit_callbacks(execute=True):
        page = ann.post("/scans/new/", {"files": given}, follow=True).content.decode()
    assert "Not uploaded" in page
    assert '<b>zero.jpg</b> <span class="quiet">This file is empty. Save or download it again.' in page
    address = f"/scans/batches/{Batch.objects.get().pk}/"
    page = ann.get(address, headers={"Accept-Language": "de"}).content.decode()
    assert "Diese Datei ist leer. Speichern Sie sie noch einmal" in page, "in the language of whoever reads it"


def test_an_archive_sent_by_the_script_is_answered_with_its_batch(hand_in: Callable[..., Any], ann: Client) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.jpg", portrait(200))
    file = SimpleUploadedFile("all.zip", packed.getvalue())
    answer = ann.post("/scans/new/", {"files": [file], "key": "z"}, headers=PROGRAM)
    batch = Batch.objects.get()
    assert (answer.status_code, answer.json()) == (201, {"id": str(batch.pk), "url": batch.get_absolute_url()})
