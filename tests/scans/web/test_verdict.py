"""What an uploader learns of a decision, when, with which reasons; and the appeal to it."""

import datetime as dt
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from pypdf import PdfReader

from accounts.models import User
from accounts.roles import Role
from scans import tasks
from scans.analysis import routing
from scans.evidence import retention
from scans.models import (
    Action,
    Appeal,
    Decision,
    DecisionNotice,
    Event,
    Label,
    Policy,
    Reason,
    ReviewItem,
    ReviewQueue,
    Scan,
)
from scans.review import appeals, decisions, queue

from .conftest import delete_for_good

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


@pytest.fixture
def policy() -> Policy:
    return Policy.objects.create(code="swap", title="Face swaps", text="Swapped faces are labelled.")


@pytest.fixture
def item(scan: Scan, clock: Clock) -> ReviewItem:
    found: ReviewItem | None = ReviewItem.objects.open().filter(scan=scan).first()
    return found or routing.put(scan, ReviewQueue.objects.get(slug="review"), Reason.HAND)


def tell(callbacks: Callable[..., Any]) -> int:
    before = len(mail.outbox)
    with callbacks(execute=True):
        tasks.tell_settled()
    return len(mail.outbox) - before


def test_uploaders_read_what_a_policy_covers_and_not_what_it_tells_reviewers(
    item: ReviewItem, scan: Scan, moderator: User, policy: Policy, ann: Client, clock: Clock,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:  # fmt: skip
    policy.text = "Covers altered voices.\r\n\r\nDecide “manipulated” if you can name it.\r\n\r\nUsual action: label."
    policy.save()
    decisions.decide(item, moderator, Label.MANIPULATED, policy=policy)
    clock.later(seconds=301)
    assert tell(django_capture_on_commit_callbacks) == 1
    pages = [ann.get(f"{scan.get_absolute_url()}{page}").content.decode() for page in ("", "statement/")]
    for place in (*pages, mail.outbox[-1].body):
        assert "Covers altered voices." in place
        assert "Decide “manipulated”" not in place
        assert "Usual action" not in place


def test_after_the_delay_they_are_told_with_reasons(
    item: ReviewItem, scan: Scan, moderator: User, policy: Policy, ann: Client, clock: Clock,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:  # fmt: skip
    page = ann.get(scan.get_absolute_url()).content.decode()
    assert "A moderator will review this file" in page
    decisions.decide(item, moderator, Label.MANIPULATED, action=Action.LABEL, policy=policy, public_note="the chin")
    assert tell(django_capture_on_commit_callbacks) == 0
    page = ann.get(scan.get_absolute_url()).content.decode()
    assert "Moderator decision" not in page
    assert "decided" not in [event.kind for event in Event.objects.for_uploaders()]
    assert ann.get(f"/scans/{scan.pk}/statement/").status_code == 404
    clock.later(seconds=301)
    assert tell(django_capture_on_commit_callbacks) == 1
    assert tell(django_capture_on_commit_callbacks) == 0
    letter = mail.outbox[-1]
    assert letter.to == [scan.owner.email]
    for said in ("Manipulated", "Face swaps", "the chin", "Swapped faces are labelled", "not by a machine", "appeal"):
        assert said in letter.body, said
    assert f"http://testserver{scan.get_absolute_url()}\n" in letter.body
    assert "until 1 Sep 2026, 12:05 (UTC)" in letter.body
    page = ann.get(scan.get_absolute_url()).content.decode()
    assert "Moderator decision" in page
    assert DecisionNotice.objects.get().seen_at == clock.now
    said = ann.get(f"/scans/{scan.pk}/statement/?format=json").json()
    assert (said["label"], said["action"], said["policy"]) == ("manipulated", "label", "Face swaps")
    assert (said["policy_code"], said["decided_at"]) == ("swap", "2026-03-01T12:00:00Z")
    assert (said["automated_detection"], said["automated_decision"]) == (True, False)
    assert said["appeal_until"].startswith("2026-09-01")
    page = ann.get(f"/scans/{scan.pk}/statement/").content.decode()
    assert "a person decided" in page
    assert "1 Mar 2026, 12:00 UTC" in page
    report: Any = ann.get(f"/scans/{scan.pk}/report.pdf")
    pages = PdfReader(io.BytesIO(b"".join(report.streaming_content))).pages
    assert "1 Mar 2026, 12:05 UTC" in " ".join(" ".join(one.extract_text() for one in pages).split())
    assert "until 1 Sep 2026, 12:05 (UTC)" in page


def test_undone_in_time_nobody_hears_of_it(
    item: ReviewItem, moderator: User, clock: Clock, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    decisions.undo(decisions.decide(item, moderator, Label.MANIPULATED), moderator)
    clock.later(hours=1)
    assert tell(django_capture_on_commit_callbacks) == 0
    assert not DecisionNotice.objects.exists()


def test_what_changes_nothing_is_not_mailed(
    item: ReviewItem, scan: Scan, moderator: User, clock: Clock, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    scan.assessments.create(outcome="inconclusive", score=0.5, version="1")
    decisions.decide(item, moderator, Label.INCONCLUSIVE)
    clock.later(hours=1)
    assert tell(django_capture_on_commit_callbacks) == 0
    assert not DecisionNotice.objects.get().mailed


@pytest.mark.parametrize(
    ("outcome", "label", "action", "mailed"),
    [
        ("likely_manipulated", Label.MANIPULATED, Action.KEEP, 0),
        ("likely_manipulated", Label.MANIPULATED, Action.LABEL, 1),  # the action alone changes
        ("likely_manipulated", Label.INCONCLUSIVE, Action.KEEP, 1),  # the label alone changes
        ("likely_manipulated", Label.INCONCLUSIVE, Action.LABEL, 1),
    ],
)
def test_a_change_of_the_label_or_of_the_action_alone_is_mailed(
    item: ReviewItem, scan: Scan, moderator: User, policy: Policy, clock: Clock, outcome: str, label: Label,
    action: Action, mailed: int, django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:  # fmt: skip
    scan.assessments.create(outcome=outcome, score=0.85, version="1")
    decisions.decide(item, moderator, label, action=action, policy=policy)
    clock.later(hours=1)
    assert tell(django_capture_on_commit_callbacks) == mailed
    assert DecisionNotice.objects.get().mailed is bool(mailed)


@pytest.mark.parametrize(
    ("label", "action", "mailed"),
    [
        (Label.MANIPULATED, Action.LABEL, 0),
        (Label.MANIPULATED, Action.RESTRICT, 1),
        (Label.INCONCLUSIVE, Action.LABEL, 1),
    ],
)
def test_a_later_decision_is_mailed_if_it_changes_the_earlier_one(
    item: ReviewItem, scan: Scan, moderator: User, lead: User, policy: Policy, clock: Clock, label: Label,
    action: Action, mailed: int, django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:  # fmt: skip
    first = decisions.decide(item, moderator, Label.MANIPULATED, action=Action.LABEL, policy=policy)
    clock.later(hours=1)
    tell(django_capture_on_commit_callbacks)
    again = decisions.reopen(first, lead)
    decisions.decide(again, lead, label, action=action, policy=policy)
    clock.later(hours=1)
    assert tell(django_capture_on_commit_callbacks) == mailed


@pytest.fixture
def settled(item: ReviewItem, moderator: User, policy: Policy, clock: Clock) -> Decision:
    made = decisions.decide(item, moderator, Label.MANIPULATED, policy=policy)
    clock.later(seconds=301)
    return made


def test_an_appeal_is_answered_by_somebody_else_in_writing(
    settled: Decision, scan: Scan, ann: Client, moderator: User, person: Callable[..., User], policy: Policy,
    clock: Clock, as_user: Callable[..., Client],
) -> None:  # fmt: skip
    ann.post(f"/scans/{scan.pk}/appeal/", {"text": "that is my own chin"})
    appeal = Appeal.objects.get()
    item = ReviewItem.objects.open().get()
    assert (item.queue.slug, [one.reason for one in item.reasons.all()]) == ("appeals", [Reason.APPEAL])
    assert "Your appeal was sent" in ann.get(scan.get_absolute_url()).content.decode()
    with pytest.raises(queue.NotYours):
        decisions.decide(item, moderator, Label.MANIPULATED, public_note="no", policy=policy)
    other = person("other", Role.MODERATOR)
    desk = as_user(other)
    where = f"/admin/scans/reviewitem/{item.pk}/change/"
    ReviewItem.objects.update(blind=False)
    assert "that is my own chin" in desk.get(where).content.decode()
    form = {"do": "decide", "label": Label.NOT_MANIPULATED, "action": Action.KEEP, "policy": policy.pk}
    answer = desk.post(where, form)
    assert (answer.status_code, "written answer" in answer.content.decode()) == (422, True)
    assert desk.post(where, {**form, "public_note": "you are right"}).status_code == 302
    appeal.refresh_from_db()
    assert (appeal.answer, appeal.answered_by.supersedes) == ("you are right", settled)  # type: ignore[union-attr]
    clock.later(seconds=301)
    page = ann.get(scan.get_absolute_url()).content.decode()
    assert "you are right" in page
    assert "Appeal this decision" not in page, "an answer is the end of it"


def test_once_in_time_and_only_ones_own(settled: Decision, scan: Scan, uploader: User, ann: Client, bob: Client,
    clock: Clock, stranger: User) -> None:  # fmt: skip
    assert bob.post(f"/scans/{scan.pk}/appeal/", {"text": "x"}).status_code == 404
    with pytest.raises(appeals.NoAppeal):
        appeals.make(settled, stranger, "x")
    with pytest.raises(appeals.NoAppeal):
        appeals.make(settled, uploader, "  ")
    before, clock.now = clock.now, clock.now + dt.timedelta(days=185)
    with pytest.raises(appeals.NoAppeal):
        appeals.make(settled, uploader, "too late")
    clock.now = before
    appeals.make(settled, uploader, "once")
    with pytest.raises(appeals.NoAppeal):
        appeals.make(settled, uploader, "twice")
    ann.post(f"/scans/{scan.pk}/appeal/", {"text": "thrice"})
    assert Appeal.objects.count() == 1


def test_history_tells_what_people_looked_at(settled: Decision, scan: Scan, uploader: User, ann: Client) -> None:
    waiting = Scan.objects.create(owner=uploader, name="waits", sha256="1" * 64, bytes=1, status="analysed")
    routing.put(waiting, ReviewQueue.objects.get(slug="review"), Reason.HAND)
    Scan.objects.create(owner=uploader, name="neither", sha256="2" * 64, bytes=1, status="analysed")
    for said, name in (("decided", scan.name), ("waiting", "waits"), ("none", "neither")):
        page = ann.get(f"/scans/?review={said}").content.decode()
        assert [one for one in (scan.name, "waits", "neither") if f">{one}</a>" in page] == [name]


def test_nothing_of_the_desk_reaches_the_uploader(
    item: ReviewItem, scan: Scan, moderator: User, ann: Client, clock: Clock
) -> None:
    queue.claim(item, moderator)
    queue.skip(item, moderator, "harm")  # type: ignore[arg-type]
    for where in (scan.get_absolute_url(), f"/scans/{scan.pk}/report.pdf", "/scans/"):
        answer = ann.get(where)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
        for said in (b"skipped", b"harm", moderator.email.encode(), b"Moderator"):
            assert said not in content, (where, said)


def test_an_appeal_is_handed_out_and_forgotten_with_its_person(
    settled: Decision, scan: Scan, uploader: User, own_media: Path
) -> None:
    appeals.make(settled, uploader, "that is my own chin")
    (said,) = [content for name, content in retention.holder.export(uploader) if name.endswith("scan.json")]
    assert said["appeals"][0]["text"] == "that is my own chin"  # type: ignore[index,call-overload]
    assert said["decisions"][0]["label"] == "manipulated"  # type: ignore[index,call-overload]
    retention.holder.erase(uploader)
    assert Appeal.objects.get().text == ""
    assert not ReviewItem.objects.filter(reasons__detail__contains="chin").exists()


def test_a_deleted_file_leaves_the_desk(item: ReviewItem, scan: Scan, ann: Client, lead: User, as_user: Any) -> None:
    delete_for_good(ann, scan)
    assert not ReviewItem.objects.open().exists()
    assert as_user(lead).get(f"/admin/scans/reviewitem/{item.pk}/change/").status_code == 200
