"""The transparency report: what it counts, and that the same rows give the same bytes."""

import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from scans.models import Appeal, Assessment, Scan, SecondLook, Undo

from .conftest import APRIL, DAY, HOUR

SECOND_QUARTER = ("--from", "2026-04-01", "--to", "2026-06-30")


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
