"""Cases: scans are put into them, shared, exported, read by the desk and deleted."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from scans.models import (
    Case,
    CaseLink,
    Event,
    ReviewItem,
    ReviewQueue,
    Scan,
    Tag,
)
from scans.retention import deletion

from .test_history import make, read
from .test_library import act, chips, undo

pytestmark = pytest.mark.django_db


def test_scans_are_put_into_a_case_and_taken_out(ann: Client, uploader: User) -> None:
    scans = make(uploader, 3)
    answer = act(ann, scans[:2], "case", title="The mayor")
    case = Case.objects.get()
    assert answer["Location"] == f"/scans/cases/{case.pk}/"
    assert {scan.name for scan in ann.get(answer["Location"]).context["scans"]} == {"0.jpg", "1.jpg"}
    act(ann, scans, "case", case=case.pk)
    undo(ann)
    assert case.scans.count() == 2
    ann.post(f"/scans/cases/{case.pk}/remove/", {"scan": [scans[0].pk]})
    assert [scan.name for scan in case.scans.all()] == ["1.jpg"]
    ann.post(f"/scans/cases/{case.pk}/", {"title": "The mayor's speech", "notes": "Seen on <b>Monday</b>"})
    page = ann.get(f"/scans/cases/{case.pk}/").content.decode()
    assert "The mayor&#x27;s speech" in page
    assert "Seen on &lt;b&gt;Monday&lt;/b&gt;" in page
    act(ann, scans[:1], "case", title="Another")
    undo(ann, f"/scans/cases/{Case.objects.get(title='Another').pk}/")
    assert Case.objects.count() == 1, "a case that the change has made goes with it"


def test_what_is_deleted_leaves_cases_and_tags(ann: Client, uploader: User) -> None:
    scans = make(uploader, 2)
    act(ann, scans, "case", title="Both")
    act(ann, scans, "tag", tag="both")
    case = Case.objects.get()
    act(ann, scans[:1], "trash")
    assert len(ann.get(case.get_absolute_url()).context["scans"]) == 1
    assert chips(ann)["tag"] == {"both": 1}
    assert case.scans.count() == 2, "it comes back with the scan"
    ann.post(f"/scans/{scans[0].pk}/purge/")
    assert case.scans.count() == Tag.objects.get().scans.count() == 1
    deletion.delete(Scan.objects.get(pk=scans[1].pk), uploader)
    assert not case.scans.exists()


def test_a_shared_case_shows_what_its_owner_chose(
    ann: Client, client: Client, uploader: User, bundles: Any, upload: Callable[..., Scan]
) -> None:
    scan = upload(name="secret-name.jpg")
    act(ann, [scan], "case", title="Story")
    case = Case.objects.get()
    ann.post(case.get_absolute_url(), {"title": "Story", "notes": "only for us"})
    ann.post(f"{case.get_absolute_url()}share/", {"days": 7})
    plain = CaseLink.objects.get()
    where = f"/shared/cases/{plain.token}/"
    page = client.get(where).content.decode()
    assert "only for us" not in page
    assert "secret-name" not in page
    assert client.get(f"{where}1/").status_code == 404
    ann.post(f"{case.get_absolute_url()}share/", {"days": 1, "with_picture": "on", "with_notes": "on"})
    full = CaseLink.objects.exclude(pk=plain.pk).get()
    page = client.get(f"/shared/cases/{full.token}/").content.decode()
    assert "only for us" in page
    picture = client.get(f"/shared/cases/{full.token}/1/")
    assert picture["Content-Type"] == "image/jpeg"
    assert b"".join(picture.streaming_content).startswith(b"\xff\xd8")
    assert client.get(f"/shared/cases/{full.token}/2/").status_code == 404
    later = upload(b"".join([b"GIF89a", b"\x01\x00\x01\x00\x00\x00\x00;"]), run=False)
    act(ann, [later], "case", case=case.pk)
    assert later.events.filter(kind="shared").count() == 2, "whatever is added is shared by both links"
    ann.post(f"{case.get_absolute_url()}share/{full.pk}/end/")
    assert client.get(f"/shared/cases/{full.token}/").status_code == 410
    assert scan.events.filter(kind="share_ended").exists()
    CaseLink.objects.filter(pk=plain.pk).update(expires_at=timezone.now())
    assert client.get(where).status_code == 410


def test_a_case_is_exported_with_files_tables_and_notes(
    ann: Client, uploader: User, bundles: Any, upload: Callable[..., Scan]
) -> None:
    scans = [upload(name="same.jpg"), upload(name="same.jpg")]
    act(ann, scans, "case", title="Story")
    case = Case.objects.get()
    ann.post(case.get_absolute_url(), {"title": "Story", "notes": "Who made it?"})
    where = f"{case.get_absolute_url()}export"
    with zipfile.ZipFile(io.BytesIO(b"".join(ann.get(f"{where}.zip").streaming_content))) as packed:
        assert packed.testzip() is None
        assert packed.read("notes.txt").decode() == "Story\n\nWho made it?"
        assert len(json.loads(packed.read("scans.json"))) == 2
        files = [name for name in packed.namelist() if name.startswith("files/")]
        assert files == ["files/001 same.jpg", "files/002 same.jpg"]
        with scans[0].media.open("rb") as original:
            assert packed.read(files[0]) == original.read()
    assert len(json.loads(read(ann.get(f"{where}.json")))) == 2
    assert read(ann.get(f"{where}.csv")).count("same.jpg") == 2
    assert ann.get(f"{where}.exe").status_code == 404
    left = Event.objects.filter(kind="exported", actor=uploader)
    assert sorted(event.content["form"] for event in left) == ["csv", "json", "zip"], "what leaves is written down"
    ticked = b"".join(act(ann, scans[:1], "zip").streaming_content)
    with zipfile.ZipFile(io.BytesIO(ticked)) as packed:
        assert [name for name in packed.namelist() if name.startswith("files/")] == ["files/001 same.jpg"]


def test_the_desk_reads_cases_and_changes_none(
    as_user: Callable[..., Client], ann: Client, uploader: User, moderator: User, settings: Any
) -> None:
    scans = make(uploader, 2)
    act(ann, scans, "case", title="Theirs")
    case = Case.objects.get()
    queue = ReviewQueue.objects.order_by("order")[0]
    ReviewItem.objects.create(scan=scans[0], queue=queue, due_at=timezone.now(), blind=True)
    desk = as_user(moderator)
    page = desk.get(case.get_absolute_url())
    assert page.context["withheld"] == {scans[0].pk}
    assert page.content.decode().count("Blind first") == 1
    assert "Create link" not in page.content.decode()
    assert desk.post(case.get_absolute_url(), {"title": "x"}).status_code == 404
    assert desk.get(f"{case.get_absolute_url()}export.csv").status_code == 404
    assert desk.get(f"{case.get_absolute_url()}delete/").status_code == 404


def test_deleting_a_case_asks_first_and_keeps_its_scans(ann: Client, uploader: User) -> None:
    act(ann, make(uploader, 2), "case", title="Gone")
    where = Case.objects.get().get_absolute_url()
    assert "Its 2 scans stay" in " ".join(ann.get(f"{where}delete/").content.decode().split())
    ann.post(f"{where}delete/")
    assert not Case.objects.exists()
    assert Scan.objects.count() == 2
