"""What the desk's rows tell, against numbers that others have published or that are counted by hand."""

import datetime as dt
import hashlib
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from accounts.roles import Role
from scans import analysis
from scans.insight import accuracy, agreement, desk, simulator
from scans.models import Decision, Label, Outcome, PanelVersion, Policy, ReviewItem, Scan
from scans.review import appeals, decisions, panels, queue

from .conftest import Clock

pytestmark = pytest.mark.django_db
INSIGHT, SIMULATOR = "/admin/scans/reviewitem/insight/", "/admin/scans/reviewitem/simulator/"

# Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011): four observers, twelve units, gaps; nominal 0.743.
FOUR_OBSERVERS = [
    "1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3", ". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 .",
]  # fmt: skip
# The same paper: two observers, ten units, two values; 0.095. And twelve units, five values: 0.692.
TWO_VALUES = ["0 1 0 0 0 0 0 0 1 0", "1 1 1 0 0 1 0 0 0 0"]
FIVE_VALUES = ["a a b b d c c c e d d a", "b a b b b c c c e d d d"]


def units(rows: list[str]) -> list[list[str]]:
    return [[one for one in said if one != "."] for said in zip(*(row.split() for row in rows), strict=True)]


@pytest.mark.parametrize(("rows", "alpha"), [(FOUR_OBSERVERS, 0.743), (TWO_VALUES, 0.095), (FIVE_VALUES, 0.692)])
def test_alpha_is_what_its_inventor_published(rows: list[str], alpha: float) -> None:
    assert agreement.alpha(units(rows)) == pytest.approx(alpha, abs=0.0006)


@pytest.mark.parametrize(
    ("both_yes", "yes_no", "no_yes", "both_no", "kappa"),
    [
        (20, 5, 10, 15, 0.4),  # the grants in the textbooks' example
        (45, 15, 25, 15, 0.1304),  # the same agreement by other margins, as the textbooks go on
        (25, 35, 5, 35, 0.2593),
    ],
)
def test_kappa_is_what_the_textbooks_say(both_yes: int, yes_no: int, no_yes: int, both_no: int, kappa: float) -> None:
    pairs = [("y", "y")] * both_yes + [("y", "n")] * yes_no + [("n", "y")] * no_yes + [("n", "n")] * both_no
    assert agreement.kappa(pairs) == pytest.approx(kappa, abs=0.0001)
    between = agreement.interval(pairs)
    assert between is not None
    assert between[0] < kappa < between[1]


def test_where_nothing_can_be_said_nothing_is() -> None:
    assert agreement.kappa([]) is None
    assert agreement.kappa([("a", "a")] * 5) is None
    assert agreement.alpha([["a"], []]) is None
    assert agreement.interval([("a", "b")] * 3) is None


@pytest.fixture
def decided(judged: Callable[..., Scan], moderator: User, policy: Policy) -> Callable[..., Decision]:
    def make(label: Label, outcome: str, score: float) -> Decision:
        scan = judged(outcome, score)
        item = ReviewItem.objects.open().filter(scan=scan).first() or queue.add(scan, moderator, first_queue())
        return decisions.decide(item, moderator, label, policy=policy)

    return make


def first_queue() -> Any:
    from scans.models import ReviewQueue

    return ReviewQueue.objects.get(slug="review")


def test_a_week_counts_false_alarms_and_misses(decided: Callable[..., Decision], clock: Clock) -> None:
    decided(Label.NOT_MANIPULATED, Outcome.LIKELY_MANIPULATED, 0.85)
    decided(Label.NOT_MANIPULATED, Outcome.LITTLE_EVIDENCE, 0.1)
    decided(Label.MISLEADING, Outcome.LITTLE_EVIDENCE, 0.1)
    decided(Label.MANIPULATED, Outcome.LITTLE_EVIDENCE, 0.1)
    decided(Label.MANIPULATED, Outcome.LIKELY_MANIPULATED, 0.85)
    decided(Label.INCONCLUSIVE, Outcome.INCONCLUSIVE, 0.5)
    Decision.objects.update(at=clock.now)
    week = accuracy.weeks()[-1]
    assert (week.false_alarms.count, week.false_alarms.total) == (1, 3)
    assert (week.misses.count, week.misses.total) == (1, 2)
    low, high = week.false_alarms.interval or (0, 0)
    assert (low, high) == (pytest.approx(6.1, abs=0.1), pytest.approx(79.2, abs=0.1)), "Wilson, 1 of 3"


def test_a_week_far_worse_than_all_before_is_said_so() -> None:
    def week(number: int, hits: int) -> accuracy.Week:
        share = accuracy.Share(hits, 100)
        return accuracy.Week(dt.date(2026, 1, 5) + dt.timedelta(weeks=number), share, accuracy.Share(0, 0))

    assert accuracy.alarms([week(0, 4), week(1, 6), week(2, 5)]) == []
    bad = week(3, 30)
    assert accuracy.alarms([week(0, 4), week(1, 6), week(2, 5), bad]) == [bad]


def test_drift_tells_equal_from_moved(judged: Callable[..., Scan], clock: Clock) -> None:
    def assess(count: int, days_ago: float, low: float, high: float) -> None:
        scan, chance = judged(), random.Random(0)
        for _number in range(count):
            at = clock.now - dt.timedelta(days=days_ago)
            scan.assessments.create(outcome="inconclusive", score=chance.uniform(low, high), version="1", at=at)

    assert accuracy.drift()["psi"] is None
    assess(60, 20, 0, 1)
    assess(60, 2, 0, 1)
    assert accuracy.drift()["psi"] < 0.1
    assess(200, 3, 0.9, 1)
    assert accuracy.drift()["psi"] > 0.25


def test_what_waits_is_counted_by_reason_and_age(judged: Callable[..., Scan], clock: Clock) -> None:
    for hours in (1, 10, 100):
        scan = judged()
        ReviewItem.objects.filter(scan=scan).update(
            opened_at=clock.now - dt.timedelta(hours=hours), due_at=clock.now + dt.timedelta(hours=24 - hours)
        )
    said = desk.waiting()
    assert [count for _name, count in said["ages"]] == [1, 1, 0, 1]
    assert (said["count"], said["overdue"], said["today"]) == (3, 1, 2)
    assert said["reasons"] == [("outcome", "Outcome", 3)]


def test_timings_and_lateness_are_of_what_was_closed(judged: Callable[..., Scan], clock: Clock) -> None:
    for hours in range(1, 12):
        scan = judged()
        ReviewItem.objects.filter(scan=scan).update(
            opened_at=clock.now - dt.timedelta(hours=hours), closed_at=clock.now, active_seconds=hours * 10,
            due_at=clock.now + dt.timedelta(hours=5 - hours),
        )  # fmt: skip
    one = next(timing for timing in desk.timings() if timing.count)
    assert (one.count, one.waited, one.worked) == (11, (6.0, 10.0), (60.0, 100.0))
    assert desk.late() == (6, 11)


# -- Other cuts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("low", "high"), [(0.2, 0.8), (0.5, 0.5), (0.0, 1.0), (0.35, 0.651)])
def test_the_simulator_counts_as_counting_does(
    low: float, high: float, decided: Callable[..., Decision], clock: Clock
) -> None:
    chance = random.Random(1)
    told = []
    for _number in range(40):
        label, score = chance.choice([Label.MANIPULATED, Label.NOT_MANIPULATED, Label.INCONCLUSIVE]), chance.random()
        decided(label, Outcome.INCONCLUSIVE, score)
        told.append((label, score))
    from scans.models import Assessment

    Assessment.objects.update(at=clock.now)
    ReviewItem.objects.update(active_seconds=90)
    said = simulator.simulate(low, high)
    reals = [score for label, score in told if label == Label.NOT_MANIPULATED]
    fakes = [score for label, score in told if label == Label.MANIPULATED]
    assert (said.false_alarms.count, said.false_alarms.total) == (sum(s >= high for s in reals), len(reals))
    assert (said.misses.count, said.misses.total) == (sum(s < low for s in fakes), len(fakes))
    assert said.a_day == sum(score >= low for _label, score in told) / 28
    assert said.hours_a_day == pytest.approx(said.a_day * 90 / 3600)
    assert said.is_thin
    if 0 < said.misses.count < said.misses.total:
        below, above = said.misses_between or (0, 0)
        assert below <= 100 * said.misses.count / said.misses.total <= above


def test_videos_are_counted_by_their_own_cuts(decided: Callable[..., Decision], clock: Clock) -> None:
    from scans.models import Assessment

    for kind in ("image", "video"):
        for label in (Label.MANIPULATED, Label.NOT_MANIPULATED):
            Scan.objects.filter(pk=decided(label, Outcome.INCONCLUSIVE, 0.6).scan_id).update(kind=kind)
    Assessment.objects.update(at=clock.now)
    photos_only = simulator.simulate(0.5, 0.55, (0.7, 0.8))
    assert (photos_only.false_alarms.count, photos_only.misses.count) == (1, 1), "a photo's, and a video's"
    assert photos_only.a_day == 2 / 28
    assert photos_only.video == (0.7, 0.8)
    both = simulator.simulate(0.5, 0.55)
    assert (both.false_alarms.count, both.misses.count, both.video) == (2, 0, None)


def test_cuts_of_ones_own_take_two_people_and_then_judge(
    lead: User, person: Callable[..., User], moderator: User, as_user: Callable[..., Client], upload: Any, bundles: Any
) -> None:
    upload()
    before = analysis.panel()
    client = as_user(lead)
    page = client.get(SIMULATOR).content.decode()
    in_force = analysis.cuts_in_force()[0]
    assert f'name="low" value="{round(100 * in_force.little_below, 1)}"' in page, "it begins with the cut-offs in force"
    page = client.get(f"{SIMULATOR}?low=10&high=20.5").content.decode()
    assert "Expected results" in page
    assert "<td>10 – 20.5</td>" in page
    assert 'name="high" value="20.5"' in page
    assert client.get(f"{SIMULATOR}?low=10&high=101").status_code == 422
    assert client.post(SIMULATOR, {"low": "10", "high": "20", "why": ""}).status_code == 422
    assert client.post(SIMULATOR, {"low": "30", "high": "20", "why": "x"}).status_code == 422
    assert as_user(moderator).post(SIMULATOR, {"low": "10", "high": "20", "why": "x"}).status_code == 403
    assert not PanelVersion.objects.exists()
    client.post(SIMULATOR, {"low": "10", "high": "20", "why": "fewer misses"})
    version = PanelVersion.objects.get()
    assert (version.expected["misses"], str(version)) == ([0, 0], "Cut-offs 10 and 20")
    where = f"/admin/scans/panelversion/{version.pk}/"
    assert "Another lead must approve it." in client.get(f"{where}change/").content.decode()
    assert client.post(f"{where}answer/", {"do": "approve"}).status_code == 403, "not one's own"
    assert as_user(moderator).post(f"{where}answer/", {"do": "approve"}).status_code == 403
    assert analysis.panel().id == before.id
    other = as_user(person("second", Role.LEAD))
    other.post(f"{where}answer/", {"do": "approve"})
    panel = analysis.panel()
    assert panel.cuts is not None
    assert (panel.cuts.little_below, panel.cuts.manipulated_above) == (0.1, 0.2)
    assert panel.id != before.id, "files uploaded before are judged again, not taken over"
    scan = upload()
    assert scan.assessment.panel["cuts"] == [0.1, 0.2]
    client.post(f"{where}answer/", {"do": "end"})
    assert analysis.panel().id == before.id
    with pytest.raises(panels.Stale):
        panels.approve(version, person("third", Role.LEAD))


def test_the_next_version_ends_the_one_before(lead: User, person: Callable[..., User]) -> None:
    other = person("second", Role.LEAD)
    first, second = (panels.propose(lead, 0.1, high, "why") for high in (0.5, 0.6))
    panels.approve(first, other)
    panels.approve(second, other)
    assert PanelVersion.current() == second
    first.refresh_from_db()
    assert first.ended_by == other


# -- The page ----------------------------------------------------------------------------------------


def test_each_number_leads_to_its_list(item: ReviewItem, moderator: User, as_user: Callable[..., Client]) -> None:
    page = as_user(moderator).get(INSIGHT).content.decode()
    for where in ("?due=over", "?due=today", "?whose=held", "?reasons__reason__exact=outcome"):
        assert where in page
        assert as_user(moderator).get(f"/admin/scans/reviewitem/{where}").status_code == 200


def test_each_chart_has_titled_axes_with_units_and_the_same_numbers_in_a_table(
    decided: Callable[..., Decision], moderator: User, as_user: Callable[..., Client], clock: Clock
) -> None:
    decided(Label.NOT_MANIPULATED, Outcome.LIKELY_MANIPULATED, 0.85)
    decided(Label.NOT_MANIPULATED, Outcome.LITTLE_EVIDENCE, 0.1)
    Decision.objects.update(at=clock.now)
    page = as_user(moderator).get(INSIGHT).content.decode()
    assert page.count("<figure ") == 5
    chart = json.loads(page.split('<script id="false_alarms" type="application/json">')[1].split("</script>")[0])
    assert (chart["x"], chart["y"], chart["unit"]) == ("Week of", "False alarms (%)", " %")
    assert chart["series"][0]["values"][-1] == 50
    table = page.split('id="false_alarms-table"')[1].split("</table>")[0]
    assert "50.0 %" in table
    assert "(1 / 2, 9.5 – 90.5 %)" in table, "Wilson, 1 of 2"
    assert len(re.findall(r'<th scope="row">', table)) == len(chart["categories"]) == accuracy.WEEKS


def test_the_chart_library_is_the_pinned_one_with_its_licence() -> None:
    folder = Path(settings.BASE_DIR) / "static" / "uplot"
    assert "MIT" in (folder / "LICENSE.uplot").read_text()
    digest = hashlib.sha256((folder / "uPlot.iife.min.js").read_bytes()).hexdigest()
    assert digest == "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f", "uPlot 1.6.32"


def test_appeals_and_blind_answers_are_counted(
    settings: Any,
    item: ReviewItem,
    moderator: User,
    lead: User,
    uploader: User,
    clock: Clock,
    person: Callable[..., User],
) -> None:
    first = decisions.decide(item, moderator, Label.MANIPULATED)
    clock.later(minutes=6)
    appeals.make(first, uploader, "It is my own face.")
    decisions.decide(ReviewItem.objects.open().get(), lead, Label.INCONCLUSIVE, public_note="You are right.")
    share = accuracy.appeals()
    assert (share.count, share.total) == (1, 1)
    assert accuracy.double()["kappa"] is None


def test_an_answer_changed_after_the_reveal_is_counted(
    settings: Any, judged: Callable[..., Scan], moderator: User, person: Callable[..., User], policy: Policy
) -> None:
    settings.BLIND_PERCENT = settings.DOUBLE_PERCENT = 100
    other = person("other", Role.MODERATOR)
    for seen, said, by_another in (
        (Label.NOT_MANIPULATED, Label.MANIPULATED, Label.MANIPULATED),
        (Label.NOT_MANIPULATED, Label.MANIPULATED, Label.NOT_MANIPULATED),
        (Label.MANIPULATED, Label.MANIPULATED, Label.MANIPULATED),
    ):
        item = ReviewItem.objects.get(scan=judged())
        queue.first_answer(item, moderator, seen)
        decisions.decide(item, moderator, said)
        queue.first_answer(ReviewItem.objects.open().get(scan=item.scan), other, by_another)
    said_ = accuracy.anchoring()
    assert (said_["changed"].count, said_["changed"].total) == (2, 3)
    assert (said_["right"].count, said_["right"].total) == (1, 2)
    double = accuracy.double()
    assert (double["same"].count, double["same"].total) == (2, 3)
    assert accuracy.double(other)["count"] == 3
    assert accuracy.double(person("third", Role.MODERATOR))["count"] == 0
