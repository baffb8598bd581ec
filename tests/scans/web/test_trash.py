"""What is deleted on the site waits in a trash: unseen, restorable, and gone for good after its time."""

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import keys
from accounts.models import User
from scans import tasks
from scans.analysis import routing
from scans.models import Event, Label, Reason, ReviewItem, ReviewQueue, Scan, Share
from scans.review import appeals, decisions, queue
from scans.uploads import intake

from .test_history import make, read

pytestmark = pytest.mark.django_db


class Clock:
    now = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)

    def later(self, **by: float) -> None:
        self.now += dt.timedelta(**by)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timezone, "now", lambda: clock.now)
    return clock


def trash(client: Client, *scans: Scan) -> str:
    """By the pages: tick, be asked, confirm. What the page says afterwards."""
    ticked = [str(scan.pk) for scan in scans]
    question = client.post("/scans/selected/", {"scan": ticked, "do": "delete"}).content.decode()
    hidden = re.findall(r'type="hidden" name="scan" value="([^"]+)"', question)
    return client.post("/scans/selected/", {"scan": hidden, "do": "trash"}, follow=True).content.decode()


def status(client: Client, address: str) -> int:
    answer = client.get(address)
    b"".join(answer)  # a file that was not read to its end would stay open
    return answer.status_code


def names(client: Client, address: str = "/scans/") -> set[str]:
    return set(re.findall(r"\d+\.jpg(?=</a>)", client.get(address).content.decode()))


def test_deleting_asks_first_and_names_what_goes_and_what_stays(ann: Client, uploader: User, stranger: User) -> None:
    first, second, moving = make(uploader, 3)
    theirs = make(stranger, 1, name="theirs.jpg")[0]
    Scan.objects.filter(pk=moving.pk).update(status="analysing")
    ticked = {"scan": [first.pk, second.pk, moving.pk, theirs.pk], "do": "delete"}
    page = ann.post("/scans/selected/", ticked).content.decode()
    assert "Delete these 2 scans?" in page
    going, staying = page.split("These scans will not be deleted")
    assert ("0.jpg" in going, "1.jpg" in going, "2.jpg" in going, "2.jpg" in staying) == (True, True, False, True)
    assert "theirs.jpg" not in page
    assert names(ann) == {"0.jpg", "1.jpg", "2.jpg"}, "nothing has happened yet"
    assert "No scan was selected" in ann.post("/scans/selected/", {"do": "delete"}, follow=True).content.decode()


def test_what_goes_to_the_trash_can_be_undone_in_one_step(ann: Client, bob: Client, uploader: User) -> None:
    first, second, _third = make(uploader, 3)
    page = trash(ann, first, second)
    assert "2 scans moved to the trash" in page
    assert 'id="undo"' in page
    assert names(ann) == {"2.jpg"}
    undo = re.search(r'form="undo" name="trashed_at" value="([^"]+)"', page)
    assert undo
    bob.post("/scans/trash/undo/", {"trashed_at": undo[1]})
    assert names(ann) == {"2.jpg"}, "nobody else undoes it"
    assert "2 scans restored" in ann.post("/scans/trash/undo/", {"trashed_at": undo[1]}, follow=True).content.decode()
    assert names(ann) == {"0.jpg", "1.jpg", "2.jpg"}
    kinds = list(Event.objects.filter(scan=first).values_list("kind", flat=True))
    assert kinds == ["trashed", "restored"]
    for rubbish in ("", "yesterday", "2026-13-45T00:00:00+00:00", "2026-01-01T00:00:00"):
        answer = ann.post("/scans/trash/undo/", {"trashed_at": rubbish}, follow=True)
        assert "Nothing to restore" in answer.content.decode()


def test_in_the_trash_a_scan_is_nowhere_else(
    scan: Scan, ann: Client, uploader: User, moderator: User, as_user: Callable[..., Client], client: Client
) -> None:
    ann.post(f"/scans/{scan.pk}/share/", {"days": "7", "with_picture": "on"})
    picture = scan.assessment.artifacts.filter(kind="preview").get()
    link, desk = f"/shared/{Share.objects.get().token}/", as_user(moderator)
    own = f"/scans/{scan.pk}/"
    rest = [f"{own}media/", f"{own}artifacts/{picture.pk}/", f"{own}report.pdf"]
    question = ann.get(f"{own}delete/").content.decode()
    assert "Delete this scan?" in question
    assert scan.name in question
    ann.post(f"{own}delete/")
    for address in rest:
        assert status(ann, address) == 404, address
    for address in (own, *rest):
        assert status(desk, address) == 404, address
    assert ann.get(own)["Location"] == "/scans/trash/"
    assert (status(client, link), status(client, f"{link}picture/")) == (410, 404)  # the page says that it has ended
    assert scan.name not in ann.get("/scans/").content.decode()
    assert scan.name not in ann.get("/scans/?text=me").content.decode()
    assert scan.name not in read(ann.get("/scans/export.csv"))
    assert scan.name in ann.get("/scans/trash/").content.decode()
    assert intake.used(uploader) == scan.bytes, "it counts until it is purged"
    _key, secret = keys.issue(uploader, name="p", scopes=("scans:read", "scans:write"))
    program = Client(headers={"Authorization": f"Bearer {secret}"})
    assert program.get("/api/v1/scans").json()["results"] == []
    assert program.get(f"/api/v1/scans/{scan.pk}/assessments").status_code == 404
    told = program.get(f"/api/v1/scans/{scan.pk}").json()
    scan.refresh_from_db()
    assert dt.datetime.fromisoformat(told["purge_at"]) == scan.purge_at
    assert scan.purge_at - scan.trashed_at == dt.timedelta(days=7)
    ann.post(f"{own}restore/")
    assert [status(ann, address) for address in (own, *rest)] == [200, 200, 200, 200]
    assert status(client, link) == status(client, f"{link}picture/") == 200
    assert program.get(f"/api/v1/scans/{scan.pk}").json()["purge_at"] is None


def test_after_its_time_a_scan_is_purged_and_not_before(
    scan: Scan, clock: Clock, ann: Client, uploader: User, own_media: Path, settings: Any,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:  # fmt: skip
    settings.TRASH_DAYS = 3
    restored = make(uploader, 1, name="restored.jpg")[0]
    trash(ann, scan, restored)
    page = ann.get("/scans/trash/").content.decode()
    assert page.count("Will be permanently deleted on 4 Mar 2026") == 2
    ann.post(f"/scans/{restored.pk}/restore/")
    settings.TRASH_DAYS = 30  # the time that was stated holds
    with django_capture_on_commit_callbacks(execute=True):
        clock.later(days=2, hours=23)
        tasks.purge_trash()
        assert scan.name in ann.get("/scans/trash/").content.decode()
        clock.later(hours=2)
        tasks.purge_trash()
    assert "The trash is empty" in ann.get("/scans/trash/").content.decode()
    page = ann.get(f"/scans/{scan.pk}/").content.decode()
    assert scan.sha256 in page
    assert scan.name not in page
    assert [path for path in own_media.rglob("*") if path.is_file()] == []
    assert intake.used(uploader) == restored.bytes
    assert ann.get(f"/scans/{restored.pk}/").status_code == 200
    last = list(Event.objects.filter(scan=scan).values_list("kind", "actor", "content"))[-2:]
    assert [(kind, actor) for kind, actor, _content in last] == [("trashed", uploader.pk), ("deleted", None)]
    files = {"sha256": scan.sha256, "bytes": scan.bytes, "files": 3}  # itself, its preview and its face
    assert last[-1][2] == {"why": ["trash"], "receipt": files}


def test_one_can_delete_for_good_at_once_and_is_asked(
    scan: Scan, ann: Client, own_media: Path, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    assert ann.get(f"/scans/{scan.pk}/purge/").status_code == 404, "only from the trash"
    trash(ann, scan)
    assert "Delete this scan permanently?" in ann.get(f"/scans/{scan.pk}/purge/").content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        ann.post(f"/scans/{scan.pk}/purge/")
    assert [path for path in own_media.rglob("*") if path.is_file()] == []
    assert scan.sha256 in ann.get(f"/scans/{scan.pk}/").content.decode()


def test_a_stranger_finds_no_scan_to_delete_or_restore(scan: Scan, ann: Client, bob: Client, client: Client) -> None:
    addresses = [f"/scans/{scan.pk}/{verb}/" for verb in ("delete", "restore", "purge")]
    for _in_the_trash in (False, True):
        for address in addresses:
            assert bob.post(address).status_code == 404, address
            assert bob.get(address).status_code in (404, 405), address
            assert client.post(address).status_code == 302, address
        ann.post(f"/scans/{scan.pk}/delete/")
    assert scan.name not in bob.get("/scans/trash/").content.decode()
    assert Scan.objects.in_trash().count() == 1


def test_its_place_in_a_queue_comes_back_with_it(
    scan: Scan, ann: Client, lead: User, as_user: Callable[..., Client]
) -> None:
    open_item = ReviewItem.objects.open().filter(scan=scan).first()
    item = open_item or routing.put(scan, ReviewQueue.objects.get(slug="review"), Reason.HAND)
    desk, page = as_user(lead), f"/admin/scans/reviewitem/{item.pk}/change/"
    queue.claim(item, lead)
    trash(ann, scan)
    assert desk.get(page).status_code == 404
    assert scan.name not in desk.get("/admin/scans/reviewitem/").content.decode()
    assert scan.name not in desk.get("/admin/scans/scan/").content.decode()
    ann.post(f"/scans/{scan.pk}/restore/")
    assert desk.get(page).status_code == 200
    assert list(ReviewItem.objects.open()) == [item]


def test_while_an_appeal_is_open_the_file_is_kept(scan: Scan, clock: Clock, ann: Client, moderator: User) -> None:
    open_item = ReviewItem.objects.open().filter(scan=scan).first()
    item = open_item or routing.put(scan, ReviewQueue.objects.get(slug="review"), Reason.HAND)
    queue.claim(item, moderator)
    decision = decisions.decide(item, moderator, Label.INCONCLUSIVE)
    clock.later(minutes=10)
    appeals.make(decision, scan.owner, "That is my own chin.")
    page = ann.get(f"/scans/{scan.pk}/delete/").content.decode()
    assert "until your appeal is answered" in page
    assert "Move to trash" not in page
    ann.post(f"/scans/{scan.pk}/delete/")
    assert not Scan.objects.in_trash().exists()
    # Should an appeal have come in at the same time as the deletion, the purge still waits for the answer.
    Scan.objects.filter(pk=scan.pk).update(trashed_at=clock.now, purge_at=clock.now)
    clock.later(days=1)
    tasks.purge_trash()
    assert Scan.objects.in_trash().get() == scan


def test_many_cost_no_more_queries_than_few(ann: Client, uploader: User) -> None:
    def queries(call: Callable[[], Any]) -> int:
        with CaptureQueriesContext(connection) as seen:
            call()
        return len(seen)

    def round_trip(scans: list[Scan]) -> tuple[int, int, int]:
        ticked = {"scan": [scan.pk for scan in scans]}
        return (
            queries(lambda: ann.post("/scans/selected/", {**ticked, "do": "delete"})),
            queries(lambda: ann.post("/scans/selected/", {**ticked, "do": "trash"})),
            queries(lambda: ann.get("/scans/trash/")),
        )

    ann.get("/scans/trash/")
    few, many = round_trip(make(uploader, 2)), round_trip(make(uploader, 20))
    assert many == few
