"""The library: narrowed by chips, sorted, tagged, collected in cases, kept as searches; and every change undone."""

import csv
import datetime as dt
import io
import json
import re
import zipfile
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import personal
from accounts.models import User
from scans.models import (
    Assessment,
    Case,
    CaseLink,
    Decision,
    ReviewItem,
    ReviewQueue,
    SavedSearch,
    Scan,
    Tag,
    Undo,
)

from .test_history import make, read

pytestmark = pytest.mark.django_db
SELECTED = "/scans/selected/"


def chips(client: Client, where: str = "/scans/") -> dict[str, dict[str, int]]:
    return {
        facet.name: {str(chip.label): chip.count for chip in facet.chips}
        for facet in client.get(where).context["facets"]
    }


def names(client: Client, where: str) -> list[str]:
    return [scan.name for scan in client.get(where).context["scans"]]


def act(client: Client, scans: list[Scan], do: str, **fields: Any) -> Any:
    return client.post(SELECTED, {"scan": [scan.pk for scan in scans], "do": do, **fields})


def undo(client: Client, where: str = "/scans/") -> str:
    page = client.get(where).content.decode()
    key = re.search(r'formaction="/scans/undo/" name="change" value="(\w+)"', page)
    assert key, "the change can be undone"
    return client.post("/scans/undo/", {"change": key[1]}, follow=True).content.decode()


def decide(scan: Scan, label: str, decider: User, **fields: Any) -> None:
    item = ReviewItem.objects.create(
        scan=scan, queue=ReviewQueue.objects.order_by("order")[0], due_at=timezone.now(), closed_at=timezone.now()
    )
    settled = {"settles_at": timezone.now() - dt.timedelta(minutes=1)}
    Decision.objects.create(scan=scan, item=item, decider=decider, label=label, **{**settled, **fields})


# -- Chips, sorting, views -------------------------------------------------------------------------------


def test_chips_count_what_each_would_leave(ann: Client, uploader: User, stranger: User, moderator: User) -> None:
    scans = make(uploader, 6)
    Scan.objects.filter(pk__in=[scan.pk for scan in scans[:2]]).update(kind="video", source="api")
    make(uploader, 1, status="failed", outcome="")
    make(uploader, 1, trashed_at=timezone.now())
    make(stranger, 4)
    decide(scans[0], "manipulated", moderator)
    assert chips(ann) == {
        "outcome": {"Inconclusive": 5, "Likely manipulated": 1},
        "kind": {"Photo": 5, "Video": 2},
        "source": {"Uploaded on the site": 5, "Sent by API": 2},
        "status": {"Analysed": 6, "Failed": 1},
    }
    narrowed = chips(ann, "/scans/?kind=video")
    assert narrowed["outcome"] == {"Inconclusive": 1, "Likely manipulated": 1}
    assert narrowed["kind"] == {"Photo": 5, "Video": 2}, "a chip shows what choosing it instead would leave"


def test_every_chip_leads_to_as_many_scans_as_it_says(ann: Client, uploader: User, moderator: User) -> None:
    scans = make(uploader, 8)
    Scan.objects.filter(pk__in=[scan.pk for scan in scans[:3]]).update(kind="video", source="camera")
    decide(scans[0], "misleading_context", moderator)
    decide(scans[4], "manipulated", moderator)
    act(ann, scans[2:5], "tag", tag="story")
    act(ann, scans[:2], "case", title="A case")
    for start in ("/scans/", "/scans/?kind=video"):
        for facet in ann.get(start).context["facets"]:
            for chip in facet.chips:
                if chip.is_on or (start != "/scans/" and facet.name in ("tag", "case")):
                    continue
                assert ann.get(f"/scans/?{chip.query}").context["pages"].count == chip.count, (start, chip)


def test_scans_are_counted_and_listed_by_their_state_of_review(
    ann: Client, uploader: User, stranger: User, moderator: User, lead: User
) -> None:
    scans = make(uploader, 8)
    by_name = dict(zip(("waits", "decided", "again", "undone", "held", "fresh", "none", "both"), scans, strict=True))
    for name, scan in by_name.items():
        Scan.objects.filter(pk=scan.pk).update(name=name)
    queue = ReviewQueue.objects.order_by("order")[0]
    for name in ("decided", "again", "again", "undone", "both"):
        decide(by_name[name], "manipulated", moderator)
    decide(by_name["held"], "manipulated", moderator, needs_second=True)
    decide(by_name["fresh"], "manipulated", moderator, settles_at=timezone.now() + dt.timedelta(minutes=5))
    for name in ("waits", "both"):
        ReviewItem.objects.create(scan=by_name[name], queue=queue, due_at=timezone.now())
    Undo.objects.create(decision=Decision.objects.get(scan=by_name["undone"]), person=moderator)
    decide(make(stranger, 1)[0], "manipulated", moderator)
    expected = {
        "waiting": {"waits", "both"}, "decided": {"decided", "again", "both"},
        "none": {"undone", "held", "fresh", "none"},
    }  # fmt: skip
    for state, there in expected.items():
        page = ann.get(f"/scans/?review={state}")
        assert {scan.name for scan in page.context["scans"]} == there
        assert page.context["pages"].count == len(there)
    narrowed = "/scans/?review=none&outcome=inconclusive"
    assert set(names(ann, narrowed)) == expected["none"]
    assert ann.get(narrowed).context["pages"].count == 4
    assert names(ann, "/scans/?review=none&outcome=likely_manipulated") == []
    assert set(names(ann, "/scans/?review=decided&outcome=likely_manipulated")) == expected["decided"]


def test_a_chip_that_is_on_takes_its_filter_away(ann: Client, uploader: User) -> None:
    make(uploader, 2)
    make(uploader, 1, kind="video")
    (on,) = [
        chip for facet in ann.get("/scans/?kind=video&text=0").context["facets"] for chip in facet.chips if chip.is_on
    ]
    assert on.query == "text=0"


def test_the_library_costs_as_many_queries_however_much_there_is(ann: Client, uploader: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert ann.get("/scans/?view=table").status_code == 200
        return len(seen)

    scans = make(uploader, 2)
    act(ann, scans, "tag", tag="a")
    act(ann, scans, "case", title="a")
    ann.get("/scans/")  # shows the messages
    few = queries()
    scans = make(uploader, 40)
    for n in range(5):
        act(ann, scans[n:], "tag", tag=f"tag {n}")
        act(ann, scans[n:], "case", title=f"case {n}")
        SavedSearch.objects.create(owner=uploader, name=f"search {n}", query="kind=image")
    ann.get("/scans/")
    assert queries() == few


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("", ["c.jpg", "a.jpg", "b.jpg"]), ("created_at", ["b.jpg", "a.jpg", "c.jpg"]),
        ("name", ["a.jpg", "b.jpg", "c.jpg"]), ("-bytes", ["b.jpg", "c.jpg", "a.jpg"]),
        ("-rank", ["a.jpg", "c.jpg", "b.jpg"]),
    ],
)  # fmt: skip
def test_sorting(sort: str, order: list[str], ann: Client, uploader: User) -> None:
    for name, hours, size, score in (("a.jpg", 2, 10, 0.9), ("b.jpg", 3, 30, None), ("c.jpg", 1, 20, 0.2)):
        scan = Scan.objects.create(
            owner=uploader, name=name, sha256="0" * 64, bytes=size, status="analysed",
            created_at=timezone.now() - dt.timedelta(hours=hours),
        )  # fmt: skip
        Assessment.objects.create(scan=scan, outcome="inconclusive", score=score, version="1")
    assert names(ann, f"/scans/?sort={sort}") == order
    table = csv.DictReader(read(ann.get(f"/scans/export.csv?sort={sort}")).lstrip("\ufeff").splitlines())
    assert [row["name"] for row in table] == order


def test_the_view_is_remembered(ann: Client, uploader: User) -> None:
    make(uploader, 1)
    assert 'class="grid"' in ann.get("/scans/").content.decode()
    assert "<table" in ann.get("/scans/?view=table").content.decode()
    assert "<table" in ann.get("/scans/").content.decode()
    assert "<table" not in ann.get("/scans/?view=grid").content.decode()


# -- Tags, cases and sharing in bulk -----------------------------------------------------------------------


def test_a_tag_is_put_on_and_taken_off_again(ann: Client, uploader: User) -> None:
    scans = make(uploader, 3)
    act(ann, scans[:1], "tag", tag="Election")
    assert "1 scan tagged" in ann.get("/scans/").content.decode()
    act(ann, scans[:2], "tag", tag=" election ")
    tag = Tag.objects.get()
    assert set(names(ann, f"/scans/?tag={tag.pk}")) == {"0.jpg", "1.jpg"}
    act(ann, scans[:3], "tag", tag="election")
    assert "Undone." in undo(ann)
    assert set(tag.scans.values_list("name", flat=True)) == {"0.jpg", "1.jpg"}, "only what the last change did"
    ann.post(f"/scans/tags/{tag.pk}/", {"do": "rename", "name": "Vote"})
    assert chips(ann)["tag"] == {"Vote": 2}
    ann.post(f"/scans/tags/{tag.pk}/", {"do": "delete"})
    assert not Tag.objects.exists()
    assert Scan.objects.count() == 3


def test_a_change_is_undone_once_and_only_the_last(ann: Client, uploader: User) -> None:
    scans = make(uploader, 2)
    act(ann, scans, "tag", tag="first")
    key = ann.session["undo"]["key"]
    act(ann, scans, "tag", tag="second")
    assert "can no longer be undone" in ann.post("/scans/undo/", {"change": key}, follow=True).content.decode()
    key = ann.session["undo"]["key"]
    ann.post("/scans/undo/", {"change": key})
    assert [tag.name for tag in Tag.objects.all()] == ["first"]
    assert "can no longer be undone" in ann.post("/scans/undo/", {"change": key}, follow=True).content.decode()


def test_two_scans_are_compared(ann: Client, uploader: User) -> None:
    scans = make(uploader, 3)
    assert (
        "Select two scans" in ann.post(SELECTED, {"scan": [scans[0].pk], "do": "compare"}, follow=True).content.decode()
    )
    assert act(ann, scans[:2], "compare")["Location"] == f"/compare/?a={scans[0].pk}&b={scans[1].pk}"


def test_sharing_several_makes_one_link_that_ends_with_the_undo(ann: Client, bob: Client, uploader: User) -> None:
    scans = make(uploader, 2)
    answer = act(ann, scans, "share")
    link = CaseLink.objects.get()
    page = bob.get(f"/shared/cases/{link.token}/")
    assert page.content.decode().count("Inconclusive") == 2
    assert "0.jpg" not in page.content.decode(), "no names"
    assert "Uploader" not in page.content.decode()
    assert page["X-Robots-Tag"] == "noindex"
    assert scans[0].events.filter(kind="shared", actor=uploader).exists()
    undo(ann, answer["Location"])
    assert bob.get(f"/shared/cases/{link.token}/").status_code == 404, "the case is gone with it"
    assert scans[0].events.filter(kind="share_ended").exists()


# -- Whose they are ----------------------------------------------------------------------------------------


def test_nobody_else_finds_or_changes_anything(ann: Client, bob: Client, uploader: User, stranger: User) -> None:
    scans = make(uploader, 2)
    act(ann, scans, "case", title="Mine")
    act(ann, scans, "tag", tag="mine")
    ann.post("/scans/searches/", {"name": "Mine", "query": "kind=image"})
    case, tag, search = Case.objects.get(), Tag.objects.get(), SavedSearch.objects.get()
    where = case.get_absolute_url()
    link = CaseLink.objects.create(case=case, maker=uploader, expires_at=timezone.now() + dt.timedelta(days=1))
    for path in ("", "delete/", "export.csv", "export.zip"):
        assert bob.get(f"{where}{path}").status_code == 404, path
    for path in ("", "delete/", "remove/", "share/", f"share/{link.pk}/end/"):
        assert bob.post(f"{where}{path}", {"title": "x", "days": 7}).status_code == 404, path
    assert bob.post(f"/scans/tags/{tag.pk}/", {"do": "delete"}).status_code == 404
    assert bob.post(f"/scans/searches/{search.pk}/delete/").status_code == 404
    theirs = make(stranger, 1)
    act(bob, [*scans, *theirs], "tag", tag="theirs")
    assert Tag.objects.get(name="theirs").scans.get().owner == stranger
    act(bob, theirs, "case", case=case.pk)
    assert case.scans.count() == 2
    assert bob.get(f"/scans/?tag={tag.pk}").context["pages"].count == 1, "a tag of somebody else narrows nothing"
    assert not chips(bob).get("case")


def test_searches_are_kept_replaced_and_deleted(ann: Client, uploader: User) -> None:
    make(uploader, 1)
    make(uploader, 1, kind="video")
    ann.post("/scans/searches/", {"name": "Films", "query": "kind=video"})
    page = ann.get("/scans/").content.decode()
    assert 'href="?kind=video"' in page
    ann.post("/scans/searches/", {"name": "Films", "query": "kind=image"})
    assert SavedSearch.objects.get().query == "kind=image"
    ann.post(f"/scans/searches/{SavedSearch.objects.get().pk}/delete/")
    assert not SavedSearch.objects.exists()


def test_an_export_of_a_person_holds_their_order_and_erasing_removes_it(ann: Client, uploader: User) -> None:
    scans = make(uploader, 2)
    act(ann, scans, "case", title="Story")
    act(ann, scans[:1], "tag", tag="vote")
    ann.post("/scans/searches/", {"name": "Films", "query": "kind=video"})
    out = io.BytesIO()
    personal.write_export(uploader, out)
    with zipfile.ZipFile(out) as packed:
        library = json.loads(packed.read("library.json"))
    assert library["tags"] == {"vote": [str(scans[0].pk)]}
    assert library["cases"][0]["title"] == "Story"
    assert set(library["cases"][0]["scans"]) == {str(scan.pk) for scan in scans}
    assert library["saved_searches"] == [{"name": "Films", "query": "kind=video"}]
    for holder in personal.holders:
        holder.erase(uploader)
    assert not Case.objects.exists()
    assert not Tag.objects.exists()
    assert not SavedSearch.objects.exists()
