"""The transparency report and the capability statement: totals, hidden counts, the same bytes again, who may read."""

import datetime as dt
import html
import io
import itertools
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from scans import analysis
from scans.insight.suppression import protect
from scans.models import Appeal, Assessment, Decision, Policy, ReviewItem, ReviewQueue, Scan, SecondLook, Undo

NOW = dt.datetime(2026, 7, 10, 12, tzinfo=dt.UTC)
APRIL = dt.datetime(2026, 4, 10, 9, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
SECOND_QUARTER = ("--from", "2026-04-01", "--to", "2026-06-30")


@pytest.fixture(autouse=True)
def tenth_of_july(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def uploaded(uploader: User) -> Callable[..., Scan]:
    """A scan of that time, judged half a minute later."""

    def make(at: dt.datetime = APRIL, outcome: str = "", kind: str = "image", **more: Any) -> Scan:
        more = {"source": "site", "status": "analysed" if outcome else "failed", **more}
        scan = Scan.objects.create(owner=uploader, name="a", sha256="0" * 64, bytes=1, kind=kind, created_at=at, **more)
        if outcome:
            scan.assessments.create(outcome=outcome, score=0.5, version="1", at=at + dt.timedelta(seconds=30))
        return scan

    return make


@pytest.fixture
def decided(moderator: User) -> Callable[..., Decision]:
    """A decision on a file that waited for so long; `why` is what had put it in the queue."""

    def make(
        scan: Scan, label: str, action: str, *, after: dt.timedelta = HOUR, why: str = "outcome", **more: Any
    ) -> Decision:
        opened = more.pop("opened", scan.created_at)
        item = ReviewItem.objects.create(
            scan=scan, queue=ReviewQueue.objects.first(), opened_at=opened, closed_at=opened + after, due_at=opened
        )
        item.reasons.create(reason=why, at=opened)
        more = {"decider": moderator, "assessment": scan.assessment, "settles_at": opened + after, **more}
        return Decision.objects.create(scan=scan, item=item, label=label, action=action, at=opened + after, **more)

    return make


@pytest.fixture
def quarter_of_work(
    uploaded: Callable[..., Scan], decided: Callable[..., Decision], lead: User, uploader: User
) -> None:
    """What the tests count, spelt out.

    20 uploads: 12 photos with little evidence, 5 videos that are likely manipulated, 3 photos that failed.
    16 decisions: 6 photos are kept after an hour; 5 videos are removed by policy after 2 hours, as their uploader had
    sent feedback; all 5 appeal a day later, and 3 days after that the lead keeps the videos after all.
    """
    policy = Policy.objects.create(code="swapped-faces", title="Swapped faces", text="…")
    photos = [uploaded(outcome="little_evidence") for _ in range(12)]
    videos = [uploaded(outcome="likely_manipulated", kind="video", source="api") for _ in range(5)]
    for _ in range(3):
        uploaded()
    for scan in photos[:6]:
        decided(scan, "not_manipulated", "keep")
    for scan in videos:
        removed = decided(scan, "manipulated", "remove", after=2 * HOUR, why="feedback", policy=policy)
        scan.assessment.feedback.create(person=uploader, kind="false_alarm", at=APRIL + HOUR)
        appealed_at = removed.at + DAY
        answer = decided(
            scan, "not_manipulated", "keep", opened=appealed_at, after=3 * DAY, why="appeal", decider=lead,
            supersedes=removed,
        )  # fmt: skip
        Appeal.objects.create(decision=removed, person=uploader, text="…", at=appealed_at, answered_by=answer)


def written(tmp_path: Path, *period: str) -> str:
    call_command("transparency_report", *(period or SECOND_QUARTER), str(tmp_path / "report.json"))
    return (tmp_path / "report.json").read_text()


def test_the_report_counts_what_happened_in_the_period(tmp_path: Path, quarter_of_work: None) -> None:
    report = json.loads(written(tmp_path))
    assert report["period"] == {"from": "2026-04-01", "to": "2026-06-30"}
    uploads = report["uploads"]
    assert uploads["total"] == 20
    assert uploads["by_kind"] == {"image": 15, "video": 5, "unknown": 0}
    assert uploads["by_source"] == {"site": 15, "api": 5, "camera": 0, "shell": 0}
    assert uploads["median_seconds_to_outcome"] == 30
    decisions = report["decisions"]
    assert decisions["total"] == 16
    assert decisions["by_action"] == {"keep": 11, "label": 0, "restrict": 0, "remove": 5}
    assert {code: count for code, count in decisions["by_policy"].items() if count} == {
        "(none)": 11,
        "swapped-faces": 5,
    }
    assert decisions["by_basis"] == {"own_initiative_by_rule": 6, "own_initiative_by_hand": 0, "on_request": 10}
    assert decisions["solely_automated"] == 0
    assert decisions["median_seconds_in_queue"] == 7200, "6 waited one hour, 5 two, 5 three days: the eighth, two"
    assert report["feedback"] == {
        "total": 5,
        "by_kind": {"false_alarm": 5, "missed": 0, "wrong_face": 0, "other": 0},
    }
    assert report["appeals"] == {
        "total": 5,
        "by_outcome": {"upheld": 0, "changed": 5, "open": 0},
        "median_seconds_to_answer": 3 * 86400,
    }
    compared = report["automated_means"]["compared_with_people"]
    assert {name: count for name, count in compared["counts"].items() if count} == {
        "not_compared": 5,  # the removals, which the answers replaced
        "image_real_little_evidence": 6,
        "video_real_likely_manipulated": 5,
    }
    assert report["human_resources"] == {"people_who_decided": None}, "two people"


def test_a_count_of_three_appears_nowhere_and_can_not_be_worked_out(tmp_path: Path, quarter_of_work: None) -> None:
    report = json.loads(written(tmp_path))
    by_outcome = report["uploads"]["by_outcome"]
    assert by_outcome == {
        "little_evidence": None, "inconclusive": 0, "likely_manipulated": 5, "not_applicable": 0,
        "unable_to_evaluate": 0, "not_judged": None,
    }  # fmt: skip
    assert 3 not in numbers(report)


def numbers(document: Any) -> set[float]:
    if isinstance(document, dict | list):
        parts = document.values() if isinstance(document, dict) else document
        return set().union(*(numbers(part) for part in parts))
    return {document} if isinstance(document, int | float) else set()


@pytest.mark.parametrize(("smallest", "cells", "most"), [(5, 2, 24), (5, 3, 15), (3, 4, 9)])
def test_whoever_knows_the_rule_can_not_tell_any_small_count(smallest: int, cells: int, most: int) -> None:
    """Every table there is, by what is published of it: each hidden cell could be any small count, or many large."""
    published: dict[Any, list[tuple[int, ...]]] = defaultdict(list)
    for counts in itertools.product(range(most + 1), repeat=cells):
        if sum(counts) <= most:
            table = protect({str(place): count for place, count in enumerate(counts)}, smallest)
            published[table.total, tuple(table.cells.values())].append(counts)
    for (total, shown), possible in published.items():
        assert not [count for count in (total, *shown) if count is not None and 0 < count < smallest]
        for place in (place for place, count in enumerate(shown) if count is None):
            assert len({counts[place] for counts in possible}) >= smallest - 1, (total, shown)


def test_what_is_outside_the_period_or_was_never_in_force_does_not_count(
    tmp_path: Path, quarter_of_work: None, uploaded: Any, decided: Any, moderator: User, lead: User
) -> None:
    before = written(tmp_path)
    midnight = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
    second = dt.timedelta(seconds=1)
    late = uploaded(midnight, outcome="inconclusive")
    early = uploaded(dt.datetime(2026, 4, 1, tzinfo=dt.UTC) - second, outcome="inconclusive")
    decided(early, "manipulated", "remove", opened=midnight)
    sandboxed = uploaded(outcome="likely_manipulated", sandbox=True)
    decided(sandboxed, "manipulated", "remove")
    scan = Scan.objects.filter(outcome="little_evidence").first()
    assert scan is not None
    Assessment.objects.create(scan=scan, outcome="likely_manipulated", version="2", at=midnight + HOUR)
    undone = decided(late, "manipulated", "remove", opened=APRIL)
    Undo.objects.create(decision=undone, person=moderator)
    rejected = decided(late, "manipulated", "remove", opened=APRIL, needs_second=True)
    SecondLook.objects.create(decision=rejected, person=lead, verdict="reject", at=APRIL + DAY)
    decided(late, "manipulated", "remove", opened=APRIL, needs_second=True)
    later = decided(late, "manipulated", "remove", opened=APRIL, needs_second=True)
    SecondLook.objects.create(decision=later, person=lead, verdict="approve", at=midnight)
    assert written(tmp_path) == before
    in_time = decided(late, "manipulated", "remove", opened=APRIL, needs_second=True)
    SecondLook.objects.create(decision=in_time, person=lead, verdict="approve", at=midnight - second)
    assert json.loads(written(tmp_path))["decisions"]["total"] == 17


def test_an_appeal_that_is_answered_later_is_open_in_this_report(
    tmp_path: Path, uploaded: Any, decided: Any, uploader: User, lead: User
) -> None:
    june = dt.datetime(2026, 6, 20, tzinfo=dt.UTC)
    for number in range(15):
        scan = uploaded(june, outcome="inconclusive")
        first = decided(scan, "manipulated", "label")
        kept = number < 5  # confirmed; the next five get another action; the last five wait until July
        answer = decided(
            scan, "manipulated", "label" if kept else "keep", opened=june, why="appeal", supersedes=first,
            after=(2 if number < 10 else 20) * DAY, decider=lead,
        )  # fmt: skip
        Appeal.objects.create(decision=first, person=uploader, text="…", at=june + DAY, answered_by=answer)
    appeals = json.loads(written(tmp_path))["appeals"]
    assert appeals["by_outcome"] == {"upheld": 5, "changed": 5, "open": 5}
    assert appeals["median_seconds_to_answer"] == 86400


def test_error_rates_have_intervals_and_need_thirty_files(tmp_path: Path, uploaded: Any, decided: Any) -> None:
    for outcome, label, count in (
        ("likely_manipulated", "not_manipulated", 6),
        ("little_evidence", "not_manipulated", 34),
        ("likely_manipulated", "manipulated", 29),
    ):
        for _ in range(count):
            decided(uploaded(outcome=outcome), label, "keep")
    rates = json.loads(written(tmp_path))["automated_means"]["compared_with_people"]["rates"]
    assert rates["image"]["false_alarms"] == {"count": 6, "of": 40, "percent": 15.0, "interval": [7.1, 29.1]}
    assert rates["image"]["misses"] is None, "29 manipulated files"
    assert rates["image"]["correct"]["percent"] == 91.3, "34 + 29 of 69"
    assert rates["video"] == {"false_alarms": None, "misses": None, "correct": None}


def test_a_rerun_writes_the_same_bytes_and_so_does_the_site(
    tmp_path: Path, quarter_of_work: None, client: Client
) -> None:
    first = written(tmp_path)
    cache.clear()
    assert written(tmp_path) == first
    out = io.StringIO()
    call_command("transparency_report", *SECOND_QUARTER, stdout=out)
    assert out.getvalue() == first
    answer = client.get("/transparency/2026-Q2.json")
    assert answer["Content-Type"] == "application/json"
    assert answer.content.decode() == first
    assert "2026-07" not in first, "it says nothing of when it was made"


def test_a_period_that_ends_before_it_begins_is_refused(db: None) -> None:
    with pytest.raises(CommandError, match="before it begins"):
        call_command("transparency_report", "--from", "2026-06-30", "--to", "2026-04-01")


def test_the_page_shows_what_the_json_says(quarter_of_work: None, client: Client) -> None:
    report = client.get("/transparency/2026-Q2.json").json()
    page = client.get("/transparency/").content.decode()
    assert "Quarter 2 of 2026" in page
    said = [*report["uploads"].values(), *report["decisions"].values(), *report["feedback"].values()]
    tables = [part for part in [*said, *report["appeals"].values()] if isinstance(part, dict)]
    shown = list(rows(page))
    assert len(shown) == len(tables) == 8
    order = ("by_outcome", "by_kind", "by_source")
    expected = [report["uploads"][name] for name in order] + tables[3:]
    assert [[count for _name, count in table] for table in shown] == [list(table.values()) for table in expected]
    assert dict(shown[3]) == {"Keep": 11, "Label": 0, "Restrict": 0, "Remove": 5}
    for name, total in (("uploads", 20), ("decisions by people", 16), ("appeals", 5)):
        assert re.search(rf"<b>\s*{total}\s*</b> {name}<", page)
    assert "3 days" in page


def rows(page: str) -> Iterator[list[tuple[str, int | None]]]:
    for table in re.findall(r'<table class="counts">.*?</table>', page, re.DOTALL):
        cells = re.findall(r'<th scope="row">(.*?)</th><td class="number">(.*?)</td>', table, re.DOTALL)
        yield [(html.unescape(name), None if "hidden" in cell else int(cell)) for name, cell in cells]


def test_only_quarters_that_are_over_have_a_report(client: Client, quarter_of_work: None, uploaded: Any) -> None:
    uploaded(NOW)
    page = client.get("/transparency/").content.decode()
    assert re.findall(r'href="/transparency/(\d{4}-Q\d)/"', page) == ["2026-Q2"]
    assert client.get("/transparency/2026-Q2/").status_code == 200
    for quarter in ("2026-Q3", "2026-Q1", "2025-Q4", "nonsense"):
        assert client.get(f"/transparency/{quarter}/").status_code == 404
        assert client.get(f"/transparency/{quarter}.json").status_code == 404
    uploaded(dt.datetime(2025, 12, 31, 23, tzinfo=dt.UTC))
    page = client.get("/transparency/").content.decode()
    assert re.findall(r'href="/transparency/(\d{4}-Q\d)/"', page) == ["2026-Q2", "2026-Q1", "2025-Q4"]
    report = client.get("/transparency/2025-Q4.json").json()
    assert report["period"] == {"from": "2025-10-01", "to": "2025-12-31"}
    assert report["uploads"]["total"] is None, "one upload"


def test_a_site_without_a_closed_quarter_says_so(client: Client, db: None) -> None:
    assert "No report yet" in client.get("/transparency/").content.decode()


def test_a_site_may_keep_its_reports_to_the_desk(
    settings: Any, client: Client, as_user: Any, person: Any, quarter_of_work: None, uploader: User, moderator: User
) -> None:
    settings.TRANSPARENCY_PUBLIC = False
    half = person("half", Role.LEAD, second_factor=False)
    where = ("/transparency/", "/transparency/2026-Q2/", "/transparency/2026-Q2.json")
    for browser, status in (
        (client, 404),
        (as_user(uploader), 404),
        (as_user(half), 404),
        (as_user(moderator), 200),
        (as_user(person("auditor", Role.AUDITOR)), 200),
    ):
        assert [browser.get(address).status_code for address in where] == [status] * 3
    assert "/transparency/" not in client.get("/help/").content.decode()
    assert client.get("/capabilities.json").json()["decided_here"] == {}
    settings.TRANSPARENCY_PUBLIC = True
    assert 'href="/transparency/"' in client.get("/help/").content.decode()
    assert list(client.get("/capabilities.json").json()["decided_here"]) == ["2026-Q2"]


def test_a_larger_smallest_count_hides_more(settings: Any, client: Client, quarter_of_work: None) -> None:
    assert client.get("/transparency/2026-Q2.json").json()["appeals"]["total"] == 5
    settings.TRANSPARENCY_MIN_COUNT = 6
    report = client.get("/transparency/2026-Q2.json").json()
    assert report["counts_hidden_below"] == 6
    assert report["appeals"] == {
        "total": None,
        "by_outcome": {"upheld": None, "changed": None, "open": None},
        "median_seconds_to_answer": None,
    }


MANY = {
    "real": {"little_evidence": 90, "likely_manipulated": 10},
    "fake": {"likely_manipulated": 25, "inconclusive": 75},
}


@pytest.fixture
def measured(bundles: Path, db: None) -> None:
    """Two sets that `evaluate` stored: one of a hundred files each, one of five."""
    (bundles / "evaluations").mkdir()
    kinds = {
        "swaps": {"n": 60, "auc": 0.81, "auc_ci": [0.7, 0.9]},
        "rare swaps": {"n": 5, "auc": 0.98765, "auc_ci": [0.9, 1.0]},
    }
    many = {"n_real": 100, "n_fake": 100, "auc": 0.7123, "auc_ci": [0.65, 0.77], "false_alarms": 0.1}
    many |= {"false_alarms_ci": [0.055, 0.174], "outcomes": MANY, "per_manipulation": kinds, "source": "many files"}
    few = {"n_real": 5, "n_fake": 5, "auc": 0.91234, "auc_ci": [0.6, 1.0], "false_alarms": 0.2}
    few |= {"false_alarms_ci": [0.03, 0.62], "outcomes": {"real": {"likely_manipulated": 1}, "fake": {}}}
    few |= {"source": "few files"}
    for name, figures in (("many", many), ("few", few)):
        stored = {**figures, "panel": {"id": analysis.panel().id}}
        (bundles / "evaluations" / f"{name}.json").write_text(json.dumps(stored))


def test_the_capability_statement_has_percentages_only_where_enough_was_measured(
    measured: None, client: Client, db: None
) -> None:
    few, many = client.get("/capabilities.json").json()["measured"]
    assert (many["real"], many["manipulated"], many["verdict"]) == (100, 100, "better_than_chance")
    assert many["hits"] == {"count": 25, "of": 100, "percent": 25.0, "interval": [17.5, 34.3]}
    assert many["false_alarms"] == {"percent": 10.0, "interval": [5.5, 17.4]}
    assert many["kinds"][1] == {"name": "rare swaps", "manipulated": 5, "auc": None, "auc_interval": None}
    assert few == {
        "files": "few files", "real": 5, "manipulated": 5, "verdict": "not_enough_evidence", "auc": None,
        "auc_interval": None, "hits": None, "false_alarms": None, "kinds": [],
    }  # fmt: skip
    page = client.get("/capabilities/").content.decode()
    for text in ("many files", "0.71", "0.65 – 0.77", "25.0 %", "17.5 – 34.3", "10.0 %", "not enough evidence"):
        assert text in page
    few_row = re.search(r"few files.*?</tr>", page, re.DOTALL)
    assert few_row and "%" not in few_row[0] and "0." not in few_row[0]


def test_the_capability_statement_is_the_same_bytes_again(
    measured: None, client: Client, tmp_path: Path, db: None
) -> None:
    first = client.get("/capabilities.json").content
    cache.clear()
    call_command("capability_statement", str(tmp_path / "statement.json"))
    assert (tmp_path / "statement.json").read_bytes() == first


def test_the_capability_statement_shows_the_rates_of_the_reports(client: Client, uploaded: Any, decided: Any) -> None:
    for _ in range(30):
        decided(uploaded(outcome="likely_manipulated", kind="video"), "not_manipulated", "keep")
    decided_here = client.get("/capabilities.json").json()["decided_here"]
    compared = client.get("/transparency/2026-Q2.json").json()["automated_means"]["compared_with_people"]
    assert decided_here == {"2026-Q2": compared["rates"]}
    assert decided_here["2026-Q2"]["video"]["false_alarms"]["percent"] == 100.0
    assert "100.0 %" in client.get("/capabilities/").content.decode()


def test_a_model_s_card_is_there_as_json(bundles: Path, client: Client, db: None) -> None:
    card = client.get("/models/bright/1.json").json()
    assert card["label"] == "bright/1"
    assert card["cuts"] == {"little_below": 0.35, "manipulated_above": 0.8}
    assert 'href="/models/bright/1.json"' in client.get("/models/bright/1/").content.decode()
    assert client.get("/models/none/1.json").status_code == 404


@pytest.mark.parametrize("where", ["/transparency/", "/capabilities/"])
def test_both_pages_are_in_german(where: str, client: Client, quarter_of_work: None, measured: None) -> None:
    page = client.get(where, headers={"Accept-Language": "de"}).content.decode()
    assert '<html lang="de"' in page
    for english in ("Transparency report", "Capability statement", "Quarter 2", "hidden", "Not recorded", "Misses"):
        assert english not in re.sub(r"<[^>]*>", "", page)
