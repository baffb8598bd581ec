"""The feed of changes: whoever reads it from the beginning arrives at what the list says, and nothing is left out."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from accounts.models import User
from scans.models import Change, Event, Label, Policy, ReviewItem, ReviewQueue, Rule, Scan, Status
from scans.review import decisions, queue
from scans.updates import change_feed, notifications

from ..conftest import portrait
from .conftest import SCANS, Program

CHANGES = "/api/v1/changes"


class Consumer:
    """Keeps what counts of each scan, and where it has read to."""

    def __init__(self, program: Program) -> None:
        self.program, self.cursor, self.seen = program, "0", list[str]()
        self.effective: dict[str, Any] = {}

    def read(self) -> None:
        while True:
            said = self.program.get(CHANGES, since=self.cursor, limit=3).json()
            for one in said["results"]:
                self.effective[one["scan"]] = one["effective"]
                self.seen.append(one["type"])
            self.cursor = said["cursor"]
            if not said["results"]:
                return

    def agrees(self) -> bool:
        listed = self.program.get(SCANS, limit=100).json()["results"]
        return {one["id"]: one["effective"] for one in listed if one["effective"]["outcome"]} == self.effective


def decide(scan: Scan, moderator: User, policy: Policy) -> None:
    item = ReviewItem.objects.open().filter(scan=scan).first()
    item = item or queue.add(scan, moderator, ReviewQueue.objects.get(slug="review"))
    decisions.decide(item, moderator, Label.MANIPULATED, policy=policy)
    scan.decisions.update(settles_at=timezone.now())
    notifications.tell_settled()


@pytest.mark.django_db
def test_whoever_reads_from_the_beginning_arrives_at_the_list(own: Program, moderator: User) -> None:
    Rule.objects.update(active=False)  # one of them draws by chance
    policy = Policy.objects.create(code="faces", title="Faces", text="x")
    early, late = Consumer(own), Consumer(own)
    scans = [own.submit(portrait(200 + 10 * number)).json()["id"] for number in range(4)]
    change_feed.publish()
    early.read()
    assert early.seen == ["scan.completed"] * 4
    assert early.agrees()
    decide(Scan.objects.get(pk=scans[0]), moderator, policy)
    own.delete(f"{SCANS}/{scans[1]}")
    change_feed.publish()
    change_feed.publish()
    early.read()
    assert early.seen[4] == "scan.review_required"
    assert set(early.seen[5:7]) == {"decision.final", "outcome.changed"}
    assert early.seen[7:] == ["media.deleted"]
    late.read()
    assert early.agrees()
    assert late.agrees()
    assert early.effective == late.effective
    changed = Change.objects.get(kind=Change.Kind.OUTCOME)
    assert changed.before["source"] == "model"
    assert changed.effective["source"] == "human"


@pytest.mark.django_db
def test_others_changes_are_not_told(own: Program, program: Callable[..., Program], stranger: User) -> None:
    own.submit()
    change_feed.publish()
    assert program(stranger).get(CHANGES).json() == {"results": [], "cursor": "0"}


@pytest.mark.django_db
@pytest.mark.parametrize("query", [{"since": "x"}, {"since": "-1"}, {"limit": "0"}, {"colour": "red"}])
def test_what_is_no_place_in_the_feed_is_refused(query: dict[str, str], own: Program) -> None:
    assert own.get(CHANGES, **query).status_code == 422


def failed(owner: User, name: str) -> Scan:
    """As a worker leaves a file that it could not read."""
    scan = Scan.objects.create(owner=owner, name=name, sha256="0" * 64, bytes=1)
    scan.move(Status.FAILED, refusal="undecodable", failure_message="x")
    return scan


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_who_is_later_with_a_lower_number_is_not_left_out(program: Callable[..., Program], uploader: User) -> None:
    """The first takes its numbers and keeps its transaction open, the second overtakes it."""
    reader = Consumer(program(uploader))
    wrote, overtaken = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                failed(uploader, "slow")
                wrote.set()
                assert overtaken.wait(30)
        finally:
            connections.close_all()

    thread = threading.Thread(target=slow)
    if connection.vendor == "postgresql":  # SQLite has one writer: nobody overtakes there
        thread.start()
        assert wrote.wait(30)
    fast = failed(uploader, "fast")
    change_feed.publish()
    reader.read()
    assert list(reader.effective) == [str(fast.pk)]
    overtaken.set()
    if connection.vendor != "postgresql":
        thread.start()
    thread.join()
    change_feed.publish()
    reader.read()
    assert len(reader.effective) == 2
    assert Event.objects.filter(published_at=None).count() == 0


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_publishers_at_once_tell_nothing_twice(program: Callable[..., Program], uploader: User) -> None:
    for number in range(20):
        failed(uploader, str(number))
    barrier = threading.Barrier(4)

    def run() -> None:
        try:
            barrier.wait()
            change_feed.publish()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Change.objects.count() == 20
    reader = Consumer(program(uploader))
    reader.read()
    assert len(reader.effective) == 20
