"""Files are handed to those who may see the scan, in whole or in part; to everybody else there is nothing."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.urls.converters import UUIDConverter

from accounts.models import User
from scans.models import Scan, Share
from scans.web import urls

from ...detection import files

pytestmark = pytest.mark.django_db


def addresses_of(scan: Scan) -> list[str]:
    """Every address under /scans/ that names a scan."""
    artifact = scan.assessment.artifacts.first().pk
    share = Share.objects.create(scan=scan, maker=scan.owner, expires_at=scan.created_at)
    arguments = {"pk": scan.pk, "artifact": artifact, "share_pk": share.pk}
    found = []
    for pattern in urls.urlpatterns:
        names = list(pattern.pattern.converters)
        # Scans have UUIDs. What has numbers, like saved searches, belongs to a person; cases and batches are no scans.
        is_uuid = isinstance(pattern.pattern.converters.get("pk"), UUIDConverter)
        if is_uuid and not str(pattern.name).startswith(("batch", "case")):
            found.append(reverse(f"scans:{pattern.name}", kwargs={name: arguments[name] for name in names}))
    return found


def test_a_stranger_finds_nothing_under_any_address(scan: Scan, bob: Client, client: Client) -> None:
    addresses = addresses_of(scan)
    assert len(addresses) >= 10
    for address in addresses:
        assert {bob.get(address).status_code, bob.post(address).status_code} <= {404, 405}, address
        assert 404 in (bob.get(address).status_code, bob.post(address).status_code), address
        assert client.get(address).status_code == 302, address
        assert str(scan.name) not in bob.get(address).content.decode(), address


def test_a_moderator_reads_and_changes_nothing(scan: Scan, as_user: Callable[..., Client], moderator: User) -> None:
    client = as_user(moderator)
    assert client.get(f"/scans/{scan.pk}/").status_code == 200
    media = client.get(f"/scans/{scan.pk}/media/")
    assert (media.status_code, read(media)[:3]) == (200, b"\xff\xd8\xff")
    for what in ("cancel", "delete", "feedback", "consent", "share"):
        assert client.post(f"/scans/{scan.pk}/{what}/").status_code == 404, what
    assert Scan.objects.get().status == "analysed"


def test_a_picture_of_another_scan_is_not_found_under_this_one(
    scan: Scan, bob: Client, upload: Callable[..., Scan], stranger: User
) -> None:
    own = upload(owner=stranger)
    theirs = scan.assessment.artifacts.first()
    assert bob.get(f"/scans/{own.pk}/artifacts/{theirs.pk}/").status_code == 404
    assert bob.get(f"/scans/{own.pk}/artifacts/{uuid.uuid4()}/").status_code == 404


def read(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


@pytest.mark.parametrize(
    ("said", "status", "part"),
    [
        ("", 200, slice(None)),
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=100-", 206, slice(100, None)),
        ("bytes=-25", 206, slice(-25, None)),
        ("bytes=0-99999999", 206, slice(None)),
        ("bytes=-99999999", 206, slice(None)),
        ("bytes=99999999-", 416, None),
        ("bytes=10-5", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=0-1,5-6", 200, slice(None)),  # several at once: the whole is a right answer
        ("bytes=-", 200, slice(None)),
        ("lines=1-2", 200, slice(None)),
        ("rubbish", 200, slice(None)),
    ],
)
def test_ranges(said: str, status: int, part: slice | None, scan: Scan, ann: Client) -> None:
    with scan.media.open("rb") as file:
        whole = file.read()
    answer = ann.get(f"/scans/{scan.pk}/media/", headers={"range": said} if said else {})
    content = read(answer)
    assert answer.status_code == status
    if part is None:
        assert answer["Content-Range"] == f"bytes */{len(whole)}"
    else:
        assert content == whole[part]
        assert int(answer["Content-Length"]) == len(content)
    if status == 206:
        first = whole.index(content)
        assert answer["Content-Range"] == f"bytes {first}-{first + len(content) - 1}/{len(whole)}"


def test_a_file_that_one_has_is_not_sent_again(scan: Scan, ann: Client) -> None:
    first = ann.get(f"/scans/{scan.pk}/media/")
    again = ann.get(f"/scans/{scan.pk}/media/", headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    changed = ann.get(f"/scans/{scan.pk}/media/", headers={"range": "bytes=0-9", "if-range": '"old"'})
    assert changed.status_code == 200
    read(first), read(changed)


def test_nothing_in_a_file_can_run(scan: Scan, ann: Client) -> None:
    answer = ann.get(f"/scans/{scan.pk}/media/")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer["Content-Disposition"].startswith("inline")
    read(answer)
    download = ann.get(f"/scans/{scan.pk}/media/?download")
    assert download["Content-Disposition"] == 'attachment; filename="me.jpg"'
    read(download)


def test_no_browser_keeps_a_copy_of_a_file(scan: Scan, ann: Client, client: Client) -> None:
    preview = scan.assessment.artifacts.get(kind="preview")
    ann.post(f"/scans/{scan.pk}/share/", {"with_picture": "on", "days": "7"})
    token = ann.get(f"/scans/{scan.pk}/").context["shares"][0].token
    for asker, address, headers in (
        (ann, f"/scans/{scan.pk}/media/", {}),
        (ann, f"/scans/{scan.pk}/media/", {"range": "bytes=0-9"}),
        (ann, f"/scans/{scan.pk}/artifacts/{preview.pk}/", {}),
        (client, f"/shared/{token}/picture/", {}),
    ):
        answer = asker.get(address, headers=headers)
        assert answer.status_code in (200, 206), address
        assert answer["Cache-Control"] == "private, no-store", address
        read(answer)


def test_what_no_browser_shows_is_a_download(bundles: Any, upload: Callable[..., Scan], ann: Client) -> None:
    scan = upload(files.still("tiff"), name='evil"\r\nX: y.tiff')
    answer = ann.get(f"/scans/{scan.pk}/media/")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert "X" not in answer
    read(answer)


@pytest.mark.parametrize(
    ("name", "form", "handed_out"),
    [
        ("me.jpg", "png", "me.png"),
        ("me.JPEG", "jpeg", "me.JPEG"),
        ("invoice.exe", "png", "invoice.exe.png"),
        ("page.html", "gif", "page.html.gif"),
        ("noending", "webp", "noending.webp"),
    ],
)
def test_a_name_that_does_not_fit_the_content_is_not_handed_out(
    name: str,
    form: str,
    handed_out: str,
    bundles: Any,
    upload: Callable[..., Scan],
    ann: Client,
) -> None:
    scan = upload(files.still(form, 200), name=name)
    assert scan.name == name  # people find it by the name that they gave it
    answer = ann.get(f"/scans/{scan.pk}/media/?download")
    assert answer["Content-Disposition"] == f'attachment; filename="{handed_out}"'
    read(answer)


def test_behind_nginx_the_file_is_handed_over(scan: Scan, ann: Client, settings: Any) -> None:
    settings.X_ACCEL = True
    answer = ann.get(f"/scans/{scan.pk}/media/")
    assert answer["X-Accel-Redirect"] == f"/internal-media/{scan.media.name}"
    assert answer.content == b""
    assert answer["Content-Type"] == "image/jpeg"
