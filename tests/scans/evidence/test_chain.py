"""The audit chain: rows that can't be changed, and whoever changes them all the same is found at that row."""

import datetime as dt
import json
import threading
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from accounts import personal
from accounts.models import User
from scans import tasks
from scans.evidence import anchoring, chain, guards, sealing
from scans.models import ChainHead, Event, Scan

Tamper = Callable[..., None]
COLUMNS = ("id", "scan_id", "kind", "actor_id", "at", "content", "position", "previous", "salt", "hash", "sealed_at")


def refused(action: Callable[[], Any]) -> bool:
    try:
        with transaction.atomic():
            action()
    except DatabaseError:
        return True
    return False


def sql(text: str) -> Callable[[], None]:
    def run() -> None:
        with connection.cursor() as cursor:
            cursor.execute(text)

    return run


# -- The rows can't be changed -----------------------------------------------------------------------------


@pytest.mark.parametrize("column", COLUMNS)
def test_the_database_refuses_to_change_a_sealed_row(happenings: list[Event], column: str) -> None:
    new = {"id": "id + 1000", "position": "position + 1000", "scan_id": "NULL", "actor_id": "NULL"}
    times = column in ("at", "sealed_at")
    value = new.get(column, "'2020-01-01 00:00:00'" if times else "'{\"a\": 1}'")
    assert refused(sql(f"UPDATE scans_event SET {column} = {value} WHERE id = {happenings[0].pk}"))


def test_the_database_refuses_to_change_what_an_unsealed_row_says(uploader: User) -> None:
    event = Event.objects.create(kind="exported", actor=uploader)
    assert refused(lambda: Event.objects.filter(pk=event.pk).update(kind="viewed"))
    assert refused(lambda: Event.objects.filter(pk=event.pk).update(at=timezone.now()))


@pytest.mark.parametrize("table", ["scans_event", "scans_anchor"])
def test_the_database_refuses_to_delete_rows(happenings: list[Event], table: str) -> None:
    anchoring.create_anchor()
    assert refused(sql(f"DELETE FROM {table}"))


def test_deleting_a_scan_can_not_take_its_events_along(happenings: list[Event]) -> None:
    assert refused(lambda: Scan.objects.all().delete())


def test_after_every_migration_all_triggers_are_there(db: None) -> None:
    assert guards.missing(connection) == []


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_table_that_a_migration_copies_has_its_triggers_afterwards() -> None:
    """SQLite copies a table to change it. A site that has run some of the squashed migrations goes on one by one."""
    executor = MigrationExecutor(connection)
    executor.migrate([("scans", "0001_squashed_0042_sandbox_cases")])
    executor.loader.replace_migrations = False
    executor.loader.build_graph()
    executor.migrate([("scans", "0029_report_language")])
    emit_post_migrate_signal(0, False, "default")
    assert [name for name in guards.missing(connection) if name.startswith("scans_decision")] == []
    call_command("migrate", "scans", verbosity=0)
    assert guards.missing(connection) == []


# -- Tampering is found at its row ---------------------------------------------------------------------------


def test_an_untouched_chain_is_whole(happenings: list[Event]) -> None:
    result = chain.verify()
    assert result.whole
    assert result.rows == Event.objects.count() >= 8
    assert (result.unsealed, result.missing_guards) == (0, [])


@pytest.mark.parametrize("column", COLUMNS)
def test_a_byte_that_was_changed_in_any_column_is_found_at_its_row(
    happenings: list[Event], tamper: Tamper, stranger: User, column: str
) -> None:
    victim = happenings[2] if column == "actor_id" else happenings[3]
    other = Scan.objects.create(owner=stranger, name="b.jpg", sha256="1" * 64, bytes=1)
    shifted = dt.timedelta(microseconds=1)
    new: Any = {
        "id": victim.pk + 100_000,
        "scan_id": other.pk if connection.vendor == "postgresql" else other.pk.hex,
        "kind": "analyseD",
        "actor_id": stranger.pk,
        "at": connection.ops.adapt_datetimefield_value(victim.at + shifted),
        "content": json.dumps({**victim.content, "text": "Größe ☂"}),
        "position": (victim.position or 0) + 100_000,
        "previous": flipped(victim.previous),
        "salt": flipped(victim.salt),
        "hash": flipped(victim.hash),
        "sealed_at": connection.ops.adapt_datetimefield_value((victim.sealed_at or victim.at) + shifted),
    }[column]
    tamper(f"UPDATE scans_event SET {column} = %s WHERE id = %s", new, victim.pk)
    result = chain.verify()
    assert not result.whole
    assert result.position == victim.position
    if column != "position":
        assert (result.problem, result.event) == ("changed", new if column == "id" else victim.pk)


def flipped(text: str) -> str:
    return text[:20] + ("0" if text[20] != "0" else "1") + text[21:]


@pytest.mark.parametrize("column", ["kind", "at", "hash"])
def test_bytes_that_are_no_text_are_found_and_crash_nothing(
    happenings: list[Event], tamper: Tamper, column: str
) -> None:
    victim = happenings[3]
    if connection.vendor == "postgresql":  # stores no such bytes
        assert refused(sql(r"UPDATE scans_event SET kind = convert_from('\x7bff', 'UTF8')"))
        return
    tamper(f"UPDATE scans_event SET {column} = CAST(x'7bff' AS TEXT) WHERE id = %s", victim.pk)
    assert chain.verify().position == victim.position


@pytest.mark.parametrize("which", [0, 3, 7])
def test_a_deleted_row_is_found_at_its_place(happenings: list[Event], tamper: Tamper, which: int) -> None:
    victim = happenings[which]
    tamper("DELETE FROM scans_event WHERE id = %s", victim.pk)
    result = chain.verify()
    assert (result.problem, result.position) == ("missing", victim.position)


def test_a_row_that_was_pushed_in_between_is_found(happenings: list[Event], tamper: Tamper) -> None:
    """All later rows make room for it, and it carries the right hash of the one before."""
    place = happenings[4].position
    tamper("UPDATE scans_event SET position = -position - 1 WHERE position >= %s", place)
    tamper("UPDATE scans_event SET position = -position WHERE position < 0")
    fields = "kind, at, content, position, previous, salt, hash, sealed_at"
    tamper(
        f"INSERT INTO scans_event ({fields}) VALUES ('viewed', %s, '{{}}', %s, %s, %s, %s, %s)",
        connection.ops.adapt_datetimefield_value(timezone.now()), place, happenings[3].hash, "a" * 64, "b" * 64,
        connection.ops.adapt_datetimefield_value(timezone.now()),
    )  # fmt: skip
    result = chain.verify()
    assert (result.problem, result.position) == ("changed", place)


def test_a_row_that_was_added_behind_the_last_is_found(happenings: list[Event], tamper: Tamper) -> None:
    event = Event.objects.create(kind="exported")
    sealing.seal()
    event.refresh_from_db()
    ChainHead.objects.update(position=happenings[7].position, hash=happenings[7].hash)
    result = chain.verify()
    assert (result.problem, result.position) == ("beyond_head", event.position)


@pytest.mark.parametrize("what", ["content", "position"])
def test_two_rows_that_were_swapped_are_found_at_the_first(happenings: list[Event], tamper: Tamper, what: str) -> None:
    first, second = happenings[0], happenings[6]
    if what == "content":
        for event, other in ((first, second), (second, first)):
            tamper("UPDATE scans_event SET content = %s WHERE id = %s", json.dumps(other.content), event.pk)
    else:
        tamper("UPDATE scans_event SET position = -1 WHERE id = %s", first.pk)
        tamper("UPDATE scans_event SET position = %s WHERE id = %s", first.position, second.pk)
        tamper("UPDATE scans_event SET position = %s WHERE id = %s", second.position, first.pk)
    result = chain.verify()
    assert (result.problem, result.position) == ("changed", first.position)


# -- Sealing -----------------------------------------------------------------------------------------------------


def test_rows_of_the_last_seconds_are_told_with_their_age(happenings: list[Event]) -> None:
    Event.objects.create(kind="exported", at=timezone.now() - dt.timedelta(seconds=90))
    result = chain.verify()
    assert result.whole
    assert result.unsealed == 1
    assert 89 < result.oldest_unsealed_seconds < 100


def test_the_timetable_seals(happenings: list[Event]) -> None:
    event = Event.objects.create(kind="exported")
    tasks.seal()
    event.refresh_from_db()
    assert event.position == happenings[-1].position + 1  # type: ignore[operator]
    assert event.previous == happenings[-1].hash


def test_a_person_who_is_erased_leaves_the_chain_whole(happenings: list[Event], uploader: User) -> None:
    address, name = uploader.email, uploader.name
    erasure = personal.ask_for_erasure(uploader)
    type(erasure).objects.update(due_at=timezone.now())
    assert personal.erase_due() == 1
    sealing.seal()
    assert chain.verify().whole
    contents = json.dumps(list(Event.objects.values_list("content", flat=True)))
    assert not any(word in contents for word in (address, name, "a.jpg"))


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_writers_and_sealers_at_once_leave_one_whole_chain(uploader: User) -> None:
    barrier = threading.Barrier(6)

    def write() -> None:
        barrier.wait(30)
        try:
            for number in range(15):
                with transaction.atomic():
                    Event.objects.create(kind="exported", actor=uploader, content={"number": number})
        finally:
            connection.close()

    def keep_sealing() -> None:
        barrier.wait(30)
        try:
            for _round in range(8):
                sealing.seal()
        finally:
            connection.close()

    threads = [threading.Thread(target=job) for job in (write, write, write, write, keep_sealing, keep_sealing)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    sealing.seal()
    result = chain.verify()
    assert result.whole
    assert result.unsealed == 0
    assert Event.objects.filter(kind="exported").count() == 60


# -- Anchors, command, timetable ------------------------------------------------------------------------------


def test_the_command_names_the_first_broken_row_and_fails(happenings: list[Event], tamper: Tamper) -> None:
    tamper("UPDATE scans_event SET kind = 'viewed' WHERE id = %s", happenings[5].pk)
    out = StringIO()
    with pytest.raises(SystemExit) as exit:
        call_command("verify_audit", stdout=out)
    assert exit.value.code == 1
    assert f"BROKEN at position {happenings[5].position}, event {happenings[5].pk}" in out.getvalue()
    assert "scans_event_update is missing" in out.getvalue()


def test_the_command_says_that_the_chain_is_whole(happenings: list[Event]) -> None:
    out = StringIO()
    call_command("verify_audit", "--json", stdout=out)
    report = json.loads(out.getvalue())
    assert report["whole"] is True
    assert report["rows"] == Event.objects.count()
