"""Two scans side by side: only for those who may see both, and what differs is marked."""

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from scans.analysis import routing
from scans.models import Decision, Label, Reason, ReviewItem, ReviewQueue, Scan
from scans.review import decisions

from ..conftest import portrait

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(bundles: Any, upload: Callable[..., Scan]) -> Scan:
    return upload(portrait(300), name="smaller.jpg")


def address(first: Scan, second: Scan) -> str:
    return f"/compare/?a={first.pk}&b={second.pk}"


def text_of(page: str) -> str:
    main = re.sub(r"<(script|svg).*?</\1>", " ", page.split("<main")[1], flags=re.DOTALL)
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", main).split()))


def test_both_verdicts_and_what_differs_stand_side_by_side(scan: Scan, other: Scan, ann: Client) -> None:
    page = text_of(ann.get(address(scan, other)).content.decode())
    for one in (scan, other):
        assert one.name in page
        assert one.assessment.get_outcome_display() in page
        assert f"Score {int(one.assessment.score * 100 + 0.5)} of 100" in page
        assert one.sha256[:16] in page
    assert "Width and height differs 400 × 400 300 × 300" in page
    assert "Faces 1 1" in page
    assert "They look similar" in page


def test_from_a_result_one_gets_to_the_other(scan: Scan, other: Scan, ann: Client) -> None:
    assert f'href="/compare/?a={scan.pk}&amp;b={other.pk}"' in ann.get(scan.get_absolute_url()).content.decode()
    choice = ann.get(f"/compare/?a={scan.pk}").content.decode()
    assert f'href="?a={scan.pk}&amp;b={other.pk}"' in choice
    assert f"b={scan.pk}" not in choice, "with itself there is nothing to compare"


@pytest.mark.parametrize("second", ["nonsense", "00000000-0000-0000-0000-000000000001"])
def test_what_does_not_exist_can_not_be_compared(second: str, scan: Scan, ann: Client) -> None:
    assert ann.get(f"/compare/?a={scan.pk}&b={second}").status_code == 404


def test_a_scan_of_somebody_else_is_not_shown(scan: Scan, other: Scan, bob: Client, stranger: User) -> None:
    Scan.objects.filter(pk=other.pk).update(owner=stranger)
    assert bob.get(address(other, scan)).status_code == 404
    assert scan.name not in bob.get(f"/compare/?a={other.pk}").content.decode()


def test_whoever_judges_one_of_them_blind_sees_neither_outcome(
    scan: Scan, other: Scan, moderator: User, as_user: Callable[..., Client]
) -> None:
    ReviewItem.objects.all().delete()
    routing.put(scan, ReviewQueue.objects.get(slug="review"), Reason.HAND, blind=True)
    desk = as_user(moderator)
    assert desk.get(address(other, scan)).status_code == 403
    assert str(scan.pk) not in desk.get(f"/compare/?a={other.pk}").content.decode()


def test_what_people_decided_leads_here_too(
    scan: Scan, other: Scan, moderator: User, ann: Client, settings: Any
) -> None:
    settings.SETTLE_SECONDS = 0
    item = ReviewItem.objects.open().filter(scan=scan).first() or routing.put(
        scan, ReviewQueue.objects.get(slug="review"), Reason.HAND
    )
    ReviewItem.objects.update(blind=False)
    item.refresh_from_db()
    decisions.decide(item, moderator, Label.INCONCLUSIVE)
    assert Decision.objects.settled().exists()
    page = text_of(ann.get(address(scan, other)).content.decode())
    assert "Decided by a moderator" in page
    assert "Estimated by models" in page


def test_with_many_scans_it_costs_no_more_queries(
    scan: Scan, other: Scan, ann: Client, upload: Callable[..., Scan]
) -> None:
    def queries(where: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert ann.get(where).status_code == 200
        return len(seen)

    where = (address(scan, other), f"/compare/?a={scan.pk}")
    for each in where:
        queries(each)  # what is asked once for each visitor
    before = [queries(each) for each in where]
    for number in range(3):
        upload(portrait(320 + number), name=f"{number}.jpg")
    assert [queries(each) for each in where] == before


def test_a_german_page_writes_the_length_of_a_video_with_a_comma(scan: Scan, other: Scan, ann: Client) -> None:
    inspection = scan.assessment.inspection
    Scan.objects.filter(pk=scan.pk).update(kind="video")
    scan.assessments.create(
        outcome="inconclusive",
        score=0.5,
        version="1",
        inspection={**inspection, "media": {**inspection["media"], "duration": 2.5}},
    )
    page = text_of(ann.get(address(scan, other), headers={"accept-language": "de"}).content.decode())
    assert "Länge anders 2,5 s" in page
