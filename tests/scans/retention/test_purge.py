"""The engine's answers carried out on rows and files: what goes leaves hash, outcome and a receipt, and no bytes."""

import datetime as dt
import io
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import personal
from accounts.models import User
from scans import tasks
from scans.analysis.routing import put
from scans.evidence import holds
from scans.models import (
    Assessment,
    KnownFile,
    Label,
    LegalHold,
    LockedCase,
    PurgeRun,
    Reason,
    ReviewQueue,
    Scan,
    WrongState,
)
from scans.retention import deletion, facts, purging, rules
from scans.review import appeals, decisions, queue

pytestmark = pytest.mark.django_db
OLD = dt.timedelta(days=400)


@pytest.fixture
def stored(uploader: User) -> Callable[..., Scan]:
    """A scan as it lies there after an analysis, made without one."""

    def make(*, outcome: str = "little_evidence", days: float = 100, owner: User = uploader, **fields: Any) -> Scan:
        then = timezone.now() - dt.timedelta(days=days)
        values = {"status": "analysed", "kind": "image", "format": "jpeg", "name": "me.jpg", **fields}
        scan = Scan(owner=owner, sha256=uuid.uuid4().hex * 2, bytes=9, created_at=then, finished_at=then, **values)
        scan.media.save("me.jpg", ContentFile(uuid.uuid4().bytes), save=False)
        scan.save()
        if scan.status == "analysed":
            Assessment.objects.create(scan=scan, outcome=outcome, score=0.2, version="1", at=then)
        return Scan.objects.get(pk=scan.pk)

    return make


@pytest.fixture
def decided(moderator: User) -> Callable[..., Any]:
    def decide(scan: Scan, label: Label = Label.INCONCLUSIVE) -> Any:
        item = put(scan, ReviewQueue.objects.get(slug="review"), Reason.HAND)
        queue.claim(item, moderator)
        return decisions.decide(item, moderator, label)

    return decide


def gone(*scans: Scan) -> list[bool]:
    rows = Scan.objects.in_bulk([scan.pk for scan in scans])
    return [not rows[scan.pk].media for scan in scans]


def test_one_run_deletes_what_may_go_and_nothing_that_anything_keeps(
    stored: Callable[..., Scan], decided: Callable[..., Any], admin: User, moderator: User, settings: Any,
    commits: Callable[..., Any], own_media: Path,
) -> None:  # fmt: skip
    settings.RETENTION_DAYS, settings.APPEAL_DAYS = {"little_evidence": 30, "inconclusive": 30, "failed": 7}, 50
    now = timezone.now()
    kept = {name: stored() for name in ("held", "waits", "window", "banked", "locked", "appealed")}
    kept["young"] = stored(days=29)
    kept["no rule"] = stored(outcome="likely_manipulated", days=4000)
    kept["held in the trash"] = stored(outcome="likely_manipulated", trashed_at=now, purge_at=now)
    kept["in work"] = stored(status="queued", days=100, zero_retention=True)
    for name in ("held", "held in the trash"):
        holds.place(LegalHold(scan=kept[name], reason="Court order"), admin)
    put(kept["waits"], ReviewQueue.objects.get(slug="review"), Reason.HAND)
    for name in ("window", "banked", "locked", "appealed"):
        decision = decided(kept[name])
        if name != "window":  # for these the window is over
            type(decision).objects.filter(pk=decision.pk).update(settles_at=now - dt.timedelta(days=51))
        if name == "banked":
            KnownFile.objects.create(decision=decision, person=moderator)
        if name == "locked":
            LockedCase.objects.create(scan=kept[name], label=Label.INCONCLUSIVE)
        if name == "appealed":
            settings.APPEAL_DAYS = 60
            appeals.make(type(decision).objects.get(pk=decision.pk), kept[name].owner, "That is my own chin.")
            settings.APPEAL_DAYS = 50
    goes = {
        "by rule": stored(),
        "failed": stored(status="failed", days=8),
        "trash": stored(outcome="likely_manipulated", trashed_at=now, purge_at=now),
        "zero retention": stored(outcome="likely_manipulated", days=0, zero_retention=True),
    }
    # A rule's days count from the decision, which was made just now.
    settings.RETENTION_DAYS = {**settings.RETENTION_DAYS, "inconclusive": 0}
    dry = purging.purge(dry_run=True)
    assert (dry.purged, gone(*goes.values())) == (4, [False] * 4)
    with commits():
        report = purging.purge()
    assert (report.purged, report.by_reason) == (4, {"rule": 2, "trash": 1, "zero_retention": 1})
    assert dict(zip(goes, gone(*goes.values()), strict=True)) == dict.fromkeys(goes, True)
    assert dict(zip(kept, gone(*kept.values()), strict=True)) == dict.fromkeys(kept, False)
    assert len([path for path in own_media.rglob("*") if path.is_file()]) == len(kept)
    assert {"legal_hold": 2, "review": 2, "appeal": 1, "bank": 1, "locked_case": 1}.items() <= report.kept.items()
    states = {name: Scan.objects.get(pk=scan.pk).status for name, scan in goes.items()}
    assert states == {"by rule": "analysed", "failed": "failed", "trash": "deleted", "zero retention": "analysed"}
    run = PurgeRun.objects.get()
    assert (run.scans, run.by_reason) == (4, {"rule": 2, "trash": 1, "zero_retention": 1})
    assert purging.purge().purged == 0
    # What kept one ends, and with it the stay.
    holds.release(LegalHold.objects.get(scan=kept["held"]), admin)
    with commits():
        assert purging.purge().purged == 1
    assert gone(kept["held"]) == [True]


def test_a_rule_counts_from_the_decision_and_the_policy_weighs_more_than_the_outcome(
    stored: Callable[..., Scan], decided: Callable[..., Any], settings: Any
) -> None:
    settings.RETENTION_DAYS = {"little_evidence": 30, "inconclusive": 40, "any": 10}
    by_model, by_person, other = stored(), stored(), stored(outcome="not_applicable")
    decision = decided(by_person)
    ends = {pk: of_scan.ends[facts.Reason.RULE] for pk, of_scan in facts.gather(Scan.objects.all()).items()}
    assert ends[by_model.pk] == by_model.finished_at + dt.timedelta(days=30)
    assert ends[by_person.pk] == decision.at + dt.timedelta(days=40)
    assert ends[other.pk] == other.finished_at + dt.timedelta(days=10)
    settings.RETENTION_DAYS = {"policy:fraud": 700, "likely_manipulated": 5, "sandbox": 1, "any": 10}
    said = {"status": "analysed", "outcome": "likely_manipulated"}
    assert rules.days(**said, policy="fraud") == 700
    assert rules.days(**said, policy="satire") == 5
    assert rules.days(**said, sandbox=True) == 1
    assert rules.days(**said, label="not_manipulated") == 10
    assert rules.days(status="failed", outcome="") == 10
    settings.RETENTION_DAYS = {}
    assert rules.days(**said) is None


def test_rules_for_what_does_not_exist_are_refused_at_the_start(settings: Any) -> None:
    settings.RETENTION_DAYS = {"likely_fake": 3, "failed": -1, "policy:": 1, "policy:fraud": 1, "any": 0}
    assert [error.msg.split("'")[1] for error in rules.check()] == ["likely_fake", "policy:", "failed"]


def test_one_that_stays_never_stands_in_the_way_of_those_behind_it(
    stored: Callable[..., Scan], admin: User, monkeypatch: pytest.MonkeyPatch, commits: Callable[..., Any]
) -> None:
    monkeypatch.setattr(purging, "AT_ONCE", 2)
    scans = sorted((stored(zero_retention=True) for _time in range(7)), key=lambda scan: scan.pk)
    for scan in scans[:4]:
        holds.place(LegalHold(scan=scan, reason="Court order"), admin)
    with commits():
        assert purging.purge().purged == 3
    assert gone(*scans) == [False] * 4 + [True] * 3


def test_a_hold_that_comes_between_the_answer_and_the_deletion_wins(
    stored: Callable[..., Scan], admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = stored(zero_retention=True)
    ask = purging.decisions_of

    def then_held(scans: Any) -> Any:
        answers = ask(scans)
        holds.place(LegalHold(scan=scan, reason="Court order"), admin)
        return answers

    monkeypatch.setattr(purging, "decisions_of", then_held)
    assert purging.purge().purged == 0
    assert gone(scan) == [False]


def test_an_erasure_goes_through_although_its_owner_appeals_and_a_deletion_does_not(
    stored: Callable[..., Scan], decided: Callable[..., Any], uploader: User
) -> None:
    scan = stored()
    decision = decided(scan)
    type(decision).objects.update(settles_at=timezone.now())
    appeals.make(type(decision).objects.get(), uploader, "That is my own chin.")
    with pytest.raises(WrongState):
        deletion.delete(scan, uploader)
    erasure = personal.ask_for_erasure(uploader)
    type(erasure).objects.update(due_at=timezone.now())
    assert purging.purge().purged == 0  # with the whole account, not before it
    assert personal.erase_due() == 1
    assert Scan.objects.get(pk=scan.pk).status == "deleted"


def test_the_command_lists_what_goes_when_and_why_and_deletes_nothing_in_a_dry_run(
    stored: Callable[..., Scan], admin: User, settings: Any, commits: Callable[..., Any]
) -> None:
    settings.RETENTION_DAYS = {"little_evidence": 30}
    due, held, soon = stored(), stored(), stored(days=25)
    holds.place(LegalHold(scan=held, reason="Court order"), admin)
    out = io.StringIO()
    call_command("purge", "--dry-run", "--days", "10", stdout=out)
    lines = out.getvalue().splitlines()
    assert lines[0] == "Rules (RETENTION_DAYS): little_evidence 30 days"
    assert [line.split()[0] for line in lines if str(due.pk) in line] == ["now"]
    day = (soon.finished_at + dt.timedelta(days=30)).strftime("%Y-%m-%d")
    assert [line.split()[0] for line in lines if str(soon.pk) in line] == [day]
    assert ["Legal hold" in line for line in lines if str(held.pk) in line] == [True]
    assert "1 files would be deleted, 9 bytes" in out.getvalue()
    assert gone(due) == [False]
    with commits():
        call_command("purge", stdout=out)
    assert gone(due, held, soon) == [True, False, False]


def test_the_desks_page_shows_what_goes_and_what_keeps_others_to_admins_and_auditors_only(
    stored: Callable[..., Scan], admin: User, auditor: User, lead: User, settings: Any, as_user: Callable[..., Client]
) -> None:
    settings.RETENTION_DAYS = {"little_evidence": 30}
    due, held = stored(name="due.jpg"), stored(name="held.jpg")
    holds.place(LegalHold(scan=held, reason="Court order"), admin)
    where = "/admin/scans/purgerun/"
    assert as_user(lead).get(where).status_code == 403
    page = as_user(auditor).get(where).content.decode()
    assert "due.jpg" in page
    assert "held.jpg" in page
    assert "Legal hold" in page
    assert "30 days after the result" in page
    tried = as_user(admin).post(where).content.decode()
    assert "1 file would be deleted now" in tried
    assert gone(due) == [False]
    assert where in as_user(admin).get("/admin/").content.decode()


def test_the_timetable_purges_by_rule(stored: Callable[..., Scan], settings: Any, commits: Callable[..., Any]) -> None:
    settings.RETENTION_DAYS = {"little_evidence": 30}
    scan = stored()
    with commits():
        tasks.purge_trash()
        assert gone(scan) == [False]
        tasks.purge_by_rules()
    assert gone(scan) == [True]
    assert Scan.objects.kept_bytes() == 0
