"""The row says what is to be done, and the message is only a hint: no scan waits for a message that is gone."""

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.core.files.base import ContentFile
from django.db import connection, connections
from django.utils import timezone

import detection
from scans import tasks
from scans.analysis import outages
from scans.models import Queue, Scan, Status
from scans.uploads import intake

from ..conftest import Redis
from .conftest import portrait

LATE = dt.timedelta(seconds=tasks.ON_THE_WAY + 1)


@pytest.fixture
def on_commit(django_capture_on_commit_callbacks: Callable[..., Any]) -> Callable[..., Any]:
    return django_capture_on_commit_callbacks


@pytest.fixture
def real_messages() -> Iterator[None]:
    """Tasks go to the broker, and stay there: no worker takes them."""
    current_app.conf.task_always_eager = False
    empty_the_queues()
    yield
    current_app.conf.task_always_eager = True
    empty_the_queues()


def empty_the_queues() -> None:
    with current_app.connection_for_write() as broker:
        broker.default_channel.client.flushdb()


def make_late() -> None:
    Scan.objects.update(sent_at=timezone.now() - LATE)


@pytest.mark.django_db
def test_a_queued_scan_whose_message_is_gone_is_analysed_all_the_same(
    bundles: Path, upload: Callable[..., Scan], on_commit: Callable[..., Any]
) -> None:
    scan = upload(run=False)
    make_late()
    with on_commit(execute=True):
        tasks.rescue()
    scan.refresh_from_db()
    assert (scan.status, scan.attempts, scan.assessments.count()) == (Status.ANALYSED, 1, 1)


@pytest.mark.django_db
def test_a_clock_that_was_set_back_keeps_no_scan_waiting(
    bundles: Path, upload: Callable[..., Scan], on_commit: Callable[..., Any]
) -> None:
    """Signs of life and messages of the time before lie in the future."""
    interrupted, waiting = (upload(run=False, name=name) for name in ("interrupted.jpg", "waiting.jpg"))
    interrupted.move(Status.ANALYSING)
    in_two_hours = timezone.now() + dt.timedelta(hours=2)
    Scan.objects.filter(pk=interrupted.pk).update(heartbeat_at=in_two_hours)
    Scan.objects.filter(pk=waiting.pk).update(sent_at=in_two_hours)
    with on_commit(execute=True):
        tasks.rescue()
    assert set(Scan.objects.values_list("status", flat=True)) == {Status.ANALYSED}


@pytest.mark.django_db
def test_only_as_many_messages_are_sent_again_as_are_missing(
    real_messages: None, bundles: Path, upload: Callable[..., Scan], on_commit: Callable[..., Any]
) -> None:
    def rescue() -> None:
        with on_commit(execute=True):
            tasks.rescue()

    for number in range(4):
        upload(name=f"{number}.jpg")
    upload(name="batch.jpg", queue=Queue.BATCH)
    assert (tasks.messages_in("live"), tasks.messages_in("batch")) == (4, 1)
    rescue()
    assert tasks.messages_in("live") == 4, "sent just now"
    make_late()
    rescue()
    assert (tasks.messages_in("live"), tasks.messages_in("batch")) == (4, 1), "nothing is missing"
    with current_app.connection_for_write() as broker:
        key = broker.default_channel._q_for_pri("live", tasks.PRIORITY[Queue.LIVE])
        broker.default_channel.client.rpop(key)
    rescue()
    assert tasks.messages_in("live") == 4
    assert Scan.objects.overdue(tasks.ON_THE_WAY).filter(queue=Queue.LIVE).count() == 3
    empty_the_queues()
    make_late()
    rescue()
    assert (tasks.messages_in("live"), tasks.messages_in("batch")) == (4, 1)


@pytest.mark.django_db
def test_a_scan_whose_worker_died_keeps_its_place_and_is_taken_up_before_all_that_wait(
    real_messages: None, bundles: Path, upload: Callable[..., Scan], on_commit: Callable[..., Any]
) -> None:
    interrupted = upload(run=False, name="interrupted.jpg", queue=Queue.BATCH)
    waiting = [upload(name=f"{number}.jpg", queue=queue) for number, queue in enumerate((Queue.LIVE, Queue.BATCH))]
    interrupted.move(Status.ANALYSING)
    Scan.objects.filter(pk=interrupted.pk).update(heartbeat_at=timezone.now() - dt.timedelta(hours=1))
    with on_commit(execute=True):
        tasks.rescue()
    interrupted.refresh_from_db()
    assert (interrupted.status, interrupted.position) == (Status.QUEUED, 0)
    assert taken_by_a_worker(3) == [str(scan.pk) for scan in (interrupted, *waiting)]


def taken_by_a_worker(count: int) -> list[str]:
    """The scans of the next messages, in the order in which a worker that listens to all queues gets them."""
    scans: list[str] = []

    def take(body: Any, message: Any) -> None:
        scans.append(body[0][0])
        message.ack()

    with current_app.connection_for_read() as broker:
        queues = [current_app.amqp.queues[name] for name in ("live", "batch", "rerun")]
        with broker.Consumer(queues, callbacks=[take], accept=["json"]) as consumer:
            consumer.qos(prefetch_count=1)
            while len(scans) < count:
                broker.drain_events(timeout=10)
    return scans


@pytest.mark.django_db
def test_a_file_taken_in_without_a_broker_is_analysed_when_it_is_back(
    real_messages: None,
    bundles: Path,
    upload: Callable[..., Scan],
    redis: Redis,
    on_commit: Callable[..., Any],
) -> None:
    redis.stop()
    try:
        scan = upload()
    finally:
        redis.start()
    assert scan.status == Status.QUEUED
    make_late()
    with on_commit(execute=True):
        tasks.rescue()
    assert tasks.messages_in("live") == 1


@pytest.mark.django_db
def test_in_the_sandbox_only_what_waits_by_its_name_goes_on_waiting(
    upload: Callable[..., Scan], on_commit: Callable[..., Any]
) -> None:
    played = upload(run=False, sandbox=True, name="inconclusive.jpg")
    waiting = upload(run=False, sandbox=True, name="waiting.jpg")
    Scan.objects.update(sent_at=timezone.now() - 7 * LATE)
    with on_commit(execute=True):
        tasks.rescue()
    played.refresh_from_db()
    waiting.refresh_from_db()
    assert (played.status, waiting.status) == (Status.ANALYSED, Status.QUEUED)
    assert Scan.objects.to_be_played().overdue(1).count() == 0


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_worker_waits_for_a_database_that_is_away_and_then_finishes(
    bundles: Path, uploader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is cut, or the database locked, in the middle of the work: nothing is done again."""
    looks = []
    inspect = detection.inspect

    def inspect_and_lose(*args: Any, **options: Any) -> Any:
        looks.append(1)
        finding = inspect(*args, **options)
        lost.__enter__()
        return finding

    lost = CutOff() if connection.vendor == "postgresql" else Locked(monkeypatch)
    monkeypatch.setattr(detection, "inspect", inspect_and_lose, raising=False)
    scan = intake.submit(uploader, ContentFile(portrait(), name="me.jpg"))  # analysed at once, by an eager task
    scan.refresh_from_db()
    assert (scan.status, scan.attempts, scan.assessments.count(), len(looks)) == (Status.ANALYSED, 1, 1, 1)


class CutOff:
    """The server ends this connection, as it does when it restarts."""

    def __enter__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            pid = cursor.fetchone()[0]

        def terminate() -> None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
            connections.close_all()

        thread = threading.Thread(target=terminate)
        thread.start()
        thread.join()


class Locked:
    """Somebody else writes, and does not end until the worker has once waited in vain."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.refused, self.held = threading.Event(), threading.Event()
        monkeypatch.setattr(outages.time, "sleep", lambda seconds: (self.refused.set(), self.thread.join()))

    def __enter__(self) -> None:
        connection.cursor().execute("PRAGMA busy_timeout=50")

        def hold() -> None:
            with connection.cursor() as cursor:
                cursor.execute("BEGIN IMMEDIATE")
                self.held.set()
                self.refused.wait(30)
                cursor.execute("COMMIT")
            connections.close_all()

        self.thread = threading.Thread(target=hold)
        self.thread.start()
        self.held.wait(30)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_worker_that_is_long_at_one_step_is_still_alive(
    bundles: Path, uploader: Any, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.SILENCE_SECONDS = 1
    inspect = detection.inspect

    def inspect_slowly(*args: Any, **options: Any) -> Any:
        began = Scan.objects.get().heartbeat_at
        deadline = time.monotonic() + 30
        while Scan.objects.get().heartbeat_at == began:
            assert time.monotonic() < deadline, "no sign of life"
        return inspect(*args, **options)

    monkeypatch.setattr(detection, "inspect", inspect_slowly, raising=False)
    scan = intake.submit(uploader, ContentFile(portrait(), name="me.jpg"))
    scan.refresh_from_db()
    assert scan.status == Status.ANALYSED


@pytest.mark.django_db
def test_while_the_panel_can_not_be_read_files_are_taken_in_and_wait(
    bundles: Path, upload: Callable[..., Scan], own_media: Path, on_commit: Callable[..., Any]
) -> None:
    first = upload()
    (bundles / "panel.json").write_text('{"default": "incl')
    second = upload()
    assert (second.status, second.attempts) == (Status.QUEUED, 0)
    make_late()
    with on_commit(execute=True):
        tasks.rescue()
    assert Scan.objects.get(pk=second.pk).attempts == 0
    (bundles / "panel.json").unlink()
    with on_commit(execute=True):
        tasks.rescue()
    second.refresh_from_db()
    assert (second.status, second.outcome) == (Status.ANALYSED, first.outcome)


@pytest.mark.django_db
def test_what_can_not_be_taken_in_leaves_no_file(
    uploader: Any, own_media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connection.execute_wrapper(refuse_events), pytest.raises(RuntimeError):
        intake.submit(uploader, ContentFile(portrait(), name="me.jpg"))
    assert not Scan.objects.exists()
    assert [path for path in own_media.rglob("*") if path.is_file()] == []


def refuse_events(execute: Any, sql: str, *rest: Any) -> Any:
    if sql.startswith("INSERT") and "scans_event" in sql:
        raise RuntimeError("the database broke here")
    return execute(sql, *rest)
