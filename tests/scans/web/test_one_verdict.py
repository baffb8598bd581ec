"""One verdict: whatever happens to a file, every page, export, mail and program says the same of it."""

import datetime as dt
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from scans.analysis import routing
from scans.models import Batch, Change, Reason, Report, ReviewItem, ReviewQueue, Scan, Share
from scans.outcome import effective

from ..conftest import portrait
from .verdict_world import (
    SURFACES,
    Clock,
    World,
    batch,
    history,
    home,
    result,
    verdicts_in,
)

pytestmark = pytest.mark.django_db

# What every surface must say: the words, the outcome's code, and who says so.
MODELS = ("Likely manipulated", "likely_manipulated", "model")
CLEARED = ("Not manipulated", "little_evidence", "human")
EXPECTED = {
    "assessed": MODELS,
    "decided": CLEARED,
    "held": MODELS,  # one of two people has decided
    "undone": MODELS,
    "appealed": CLEARED,
    "overturned": ("Manipulated", "likely_manipulated", "human"),
}
GERMAN = {"Likely manipulated": "Wahrscheinlich manipuliert", "Not manipulated": "Nicht manipuliert"}
CHANGED = ("decided", "appealed", "overturned")  # a report of the models' outcome no longer stands


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timezone, "now", lambda: clock.now)
    return clock


@pytest.fixture
def world(
    scan: Scan, clock: Clock, uploader: User, moderator: User, person: Callable[..., User],
    django_capture_on_commit_callbacks: Any,
) -> World:  # fmt: skip
    """The models call it likely manipulated, with a score that is not a probability."""
    before = scan.assessment
    scan.assessments.create(
        outcome="likely_manipulated", score=0.8549, calibrated=False, version="1", panel=before.panel,
        reasons=[{"code": "score_high"}], at=clock.now,
        inspection={**before.inspection, "outcome": "likely_manipulated", "score": 0.8549, "cuts": [0.35, 0.8]},
    )  # fmt: skip
    Scan.objects.filter(pk=scan.pk).update(batch=Batch.objects.create(owner=uploader))
    if not ReviewItem.objects.open().filter(scan=scan).exists():
        routing.put(scan, ReviewQueue.objects.get(slug="review"), Reason.HAND)
    scan.refresh_from_db()
    made = World(scan, clock, uploader, moderator, person("other", Role.MODERATOR), django_capture_on_commit_callbacks)
    made.settle()
    return made


@pytest.mark.parametrize("state", EXPECTED)
def test_every_surface_says_the_same_words(state: str, world: World) -> None:
    world.reach(state)
    words = {surface.__name__: surface(world) for surface in SURFACES}
    assert words == {surface.__name__: {EXPECTED[state][0]} for surface in SURFACES}


@pytest.mark.parametrize("state", ["assessed", "decided", "held"])
def test_in_german_too(state: str, world: World) -> None:
    world.reach(state)
    world.owner.cookies["django_language"] = "de"
    for surface in (home, history, batch, result):
        assert surface(world) == {GERMAN[EXPECTED[state][0]]}


@pytest.mark.parametrize("state", EXPECTED)
def test_programs_read_the_same(state: str, world: World) -> None:
    world.reach(state)
    _words, outcome, source = EXPECTED[state]
    told = world.program.get(f"/api/v1/scans/{world.scan.pk}").json()["effective"]
    last = Change.objects.filter(scan=world.scan).order_by("id").last()
    assert last is not None
    (row,) = json.loads(world.page("/scans/export.json"))
    for read in (told, last.effective, row):
        assert (read["outcome"], read["source"]) == (outcome, source)
    for wanted in ("likely_manipulated", "little_evidence"):
        api = world.program.get("/api/v1/scans", {"effective": wanted}).json()["results"]
        assert len(api) == (wanted == outcome)
        page = world.page(f"/scans/?outcome={wanted}")
        assert verdicts_in(page) == ({EXPECTED[state][0]} if wanted == outcome else set())


@pytest.mark.parametrize("state", EXPECTED)
def test_who_says_so_and_since_when_stands_beside_it(state: str, world: World) -> None:
    begin = world.clock.now
    world.reach(state)
    by_people = EXPECTED[state][2] == "human"
    said = ("Decided by a moderator", "Estimated by models") if by_people else ("Estimated by models",) * 2
    world.owner.post(f"/scans/{world.scan.pk}/share/", {"days": "7"})
    result_page = world.page(world.scan.get_absolute_url())
    for page in (
        result_page,
        world.page(f"/shared/{Share.objects.get().token}/", Client()),
        world.page("/scans/"),
        world.page("/"),
        world.pdf(),
    ):
        assert said[0] in page
    (row,) = json.loads(world.page("/scans/export.json"))
    since = dt.datetime.fromisoformat(row["since"])
    assert (since > begin) == by_people
    assert f'datetime="{since.astimezone(timezone.get_current_timezone()).isoformat()}"' in result_page
    assert ("Outcome of the models" in result_page) == by_people, "where they decide alone, the verdict is theirs"
    assert ("appeal" in result_page.split("<main")[1].lower()) == by_people


@pytest.mark.parametrize("state", EXPECTED)
def test_a_report_stands_until_the_verdict_is_another(state: str, world: World) -> None:
    world.pdf()
    first = Report.objects.get()
    world.reach(state)
    page = world.page(f"/check/?code={first.code}", Client())
    assert ("Superseded" in page, "Registered" in page) == (state in CHANGED, state not in CHANGED)
    world.pdf()
    newest = Report.objects.first()
    assert newest is not None
    assert (newest != first) == (state in CHANGED)
    page = world.page(f"/check/?code={newest.code}", Client())
    assert "Registered" in page
    for private in (*(words for words, _code, _source in EXPECTED.values()), "85", world.scan.name):
        assert private not in re.sub(r"<[^>]+>", " ", page.split("<main")[1])
    answer = world.program.get(f"/api/v1/reports/{first.code}").json()
    assert answer["standing"] == ("superseded" if state in CHANGED else "registered")


@pytest.mark.parametrize("state", EXPECTED)
def test_mail_and_notification_tell_the_decision_that_counts(state: str, world: World) -> None:
    mail.outbox.clear()
    world.reach(state)
    words, _code, source = EXPECTED[state]
    listed = world.page("/scans/").partition('<ul class="decided">')[2].partition("</ul>")[0]
    news = re.findall(r"</a> ([^<]+)</li>", listed)
    if source == "human":
        assert f"decided: {words}.\n" in mail.outbox[-1].body
        assert news[0] == words
    else:
        assert not mail.outbox
        assert news == []


@pytest.mark.parametrize("state", EXPECTED)
def test_the_filter_of_what_people_decided_finds_what_they_decided(state: str, world: World) -> None:
    world.reach(state)
    shown = verdicts_in(world.page("/scans/?review=decided"))
    assert shown == ({EXPECTED[state][0]} if EXPECTED[state][2] == "human" else set())


def test_what_only_the_desk_knows_stays_at_the_desk(world: World) -> None:
    world.reach("held")
    assert effective.verdict_of(world.scan).state == "held"
    assert "Held for approval" in world.page("/admin/scans/scan/", world.desk)
    for where in (world.scan.get_absolute_url(), "/scans/", "/"):
        assert "approval" not in world.page(where)
        assert "permitted" not in world.page(where)


@pytest.mark.parametrize(("state", "offered"), [("decided", True), ("undone", False), ("held", False)])
def test_only_a_decision_that_counts_is_offered_for_a_file_that_looks_alike(
    state: str, offered: bool, world: World, upload: Callable[..., Scan]
) -> None:
    world.reach(state)
    alike = upload(portrait(380), name="alike.jpg")
    item = ReviewItem.objects.open().filter(scan=alike).first() or routing.put(
        alike, ReviewQueue.objects.get(slug="review"), Reason.HAND
    )
    page = world.page(f"/admin/scans/reviewitem/{item.pk}/change/", world.desk)
    assert f'<a href="{world.scan.get_absolute_url()}">' in page, "it was seen before"
    evidence = page.split('id="seen"')[1].split("</section>")[0]
    assert ("Make the same decision" in evidence) == offered
    assert ("Not manipulated" in evidence) == offered


@pytest.mark.parametrize("count", [1, 40])
def test_verdicts_of_a_list_take_two_queries(count: int, world: World) -> None:
    world.reach("overturned")
    rows = Scan.objects.bulk_create(
        Scan(owner=world.uploader, sha256=f"{n:064x}", bytes=1, name=str(n), status="analysed") for n in range(count)
    )
    with CaptureQueriesContext(connection) as seen:
        found = effective.verdicts([world.scan, *rows])
        assert [str(found[world.scan.pk].text), found[rows[0].pk].text] == ["Manipulated", ""]
    assert len(seen) == 2
