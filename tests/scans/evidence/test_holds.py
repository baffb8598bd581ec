"""A file under a legal hold outlives every wish to delete it; what was deleted leaves a receipt, and no bytes."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import personal
from accounts.models import User
from scans.evidence import chain, sealing
from scans.models import Event, LegalHold, Scan, WrongState
from scans.retention import deletion, purging


@pytest.fixture
def scan(bundles: Any, upload: Callable[..., Scan]) -> Scan:
    return upload(name="secret-party.jpg")


def place(client: Client, scan: Scan) -> Any:
    return client.post("/admin/scans/legalhold/add/", {"scan": str(scan.pk), "reason": "Court order 12/26"})


def test_a_hold_is_placed_and_released_by_admins_and_both_are_events(
    scan: Scan, admin: User, lead: User, as_user: Callable[..., Client]
) -> None:
    assert place(as_user(lead), scan).status_code == 403
    client = as_user(admin)
    assert place(client, scan).status_code == 302
    assert place(client, scan).status_code == 200  # refused: there is one
    hold = LegalHold.objects.get()
    client.post("/admin/scans/legalhold/", {"action": "release", "_selected_action": [str(hold.pk)]})
    page = client.get(f"/admin/scans/legalhold/{hold.pk}/change/").content.decode()
    assert "Placed by" in page
    assert "Released by" in page
    hold.refresh_from_db()
    assert hold.released_by == admin
    noted = Event.objects.filter(kind__startswith="legal_hold").order_by("id")
    assert [(event.kind, event.scan, event.actor) for event in noted] == [
        ("legal_hold", scan, admin), ("legal_hold_released", scan, admin)
    ]  # fmt: skip
    assert not Event.objects.for_uploaders().filter(kind__startswith="legal_hold").exists()


def test_nothing_deletes_a_file_under_a_hold_until_it_is_released(
    scan: Scan, admin: User, uploader: User, as_user: Callable[..., Client], django_capture_on_commit_callbacks: Any
) -> None:
    client = as_user(uploader)
    client.post(f"/scans/{scan.pk}/delete/")  # into the trash, where the hold finds it
    place(as_user(admin), scan)
    Scan.objects.update(purge_at=timezone.now())
    assert purging.purge().purged == 0
    assert "legal hold" in client.post(f"/scans/{scan.pk}/purge/", follow=True).content.decode()
    with pytest.raises(WrongState):
        deletion.delete(scan, uploader)
    erasure = personal.ask_for_erasure(uploader)
    type(erasure).objects.update(due_at=timezone.now())
    assert personal.erase_due() == 0
    erasure.refresh_from_db()
    assert erasure.kept == ["Legal holds on 1 of your files."]
    scan.refresh_from_db()
    assert scan.media.storage.exists(scan.media.name)
    hold = LegalHold.objects.get()
    as_user(admin).post("/admin/scans/legalhold/", {"action": "release", "_selected_action": [str(hold.pk)]})
    with django_capture_on_commit_callbacks(execute=True):
        assert purging.purge().purged == 1


def test_a_file_under_a_hold_does_not_even_go_to_the_trash(
    scan: Scan, admin: User, uploader: User, as_user: Callable[..., Client]
) -> None:
    place(as_user(admin), scan)
    as_user(uploader).post(f"/scans/{scan.pk}/delete/")
    scan.refresh_from_db()
    assert scan.trashed_at is None


def test_after_a_purge_neither_folder_nor_database_hold_its_bytes_and_a_receipt_is_in_the_chain(
    scan: Scan, uploader: User, own_media: Path, as_user: Callable[..., Client], django_capture_on_commit_callbacks: Any
) -> None:
    client = as_user(uploader)
    assert b"".join(client.get(f"/scans/{scan.pk}/report.pdf").streaming_content)  # type: ignore[attr-defined]
    with scan.media.open("rb") as file:
        content = file.read()
    stored = [path for path in own_media.rglob("*") if path.is_file()]
    assert len(stored) >= 3  # the file, what was drawn of it, the report
    with django_capture_on_commit_callbacks(execute=True):
        deletion.delete(scan, uploader)
    assert [path for path in own_media.rglob("*") if path.is_file()] == []
    dump = io.StringIO()
    call_command("dumpdata", "scans", stdout=dump)
    assert "secret-party" not in dump.getvalue()
    assert content[1000:1060].hex() not in dump.getvalue()
    assert scan.sha256 in dump.getvalue()
    sealing.seal()
    assert chain.verify().whole
    event = Event.objects.get(kind="deleted", position__isnull=False)
    assert event.content["receipt"] == {"sha256": scan.sha256, "bytes": scan.bytes, "files": len(stored)}
