"""A site with many rows: 100,000 scans of one person, thousands of decisions, and a desk with 5,000 open items."""

import datetime as dt
import uuid
from typing import Any

from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.utils import timezone

from accounts import roles, rules
from accounts.models import User
from accounts.roles import Role

from ..models import (
    Assessment,
    Batch,
    Case,
    Change,
    Decision,
    Endpoint,
    Event,
    Finding,
    Label,
    Notification,
    Outcome,
    Policy,
    Reason,
    ReviewItem,
    ReviewQueue,
    ReviewReason,
    Scan,
    Share,
    Skip,
    Status,
    Tag,
)
from ..models.webhook import Delivery
from ..outcome import effective
from ..storage import statistics

# About as much as is found out about a photo.
FACE = {"id": 0, "box": [1.0, 2.0, 3.0, 4.0], "score": 0.5, "applicable": True, "reasons": [], "sightings": ["x" * 400]}
BUNDLE = {"bundle": {"name": "other", "version": "1", "sha256": "0" * 64}, "status": "ignored", "padding": "x" * 900}
INSPECTION = {
    "media": {"kind": "image", "format": "jpeg", "width": 512, "height": 512}, "faces": [FACE], "deciding_face": 0,
    "cuts": [0.4, 0.9], "segments": [], "reasons": [{"code": "score_between", "face": 0}], "bundles": [BUNDLE, BUNDLE],
    "heatmap": {"status": "available", "said": "", "padding": "x" * 200}, "provenance": {"padding": "x" * 120},
}  # fmt: skip
LABELS = (Label.NOT_MANIPULATED, Label.MANIPULATED, Label.INCONCLUSIVE)
ROLES = (Role.UPLOADER, Role.MODERATOR, Role.LEAD, Role.AUDITOR, Role.ADMIN)
CHUNK = 5000
BATCH = 50  # files
BATCHES = 200


def fill(scans: int, items: int) -> dict[Role, User]:
    """Somebody of each role. All scans are the uploader's; the newest that a rule would take wait at the desk."""
    people = {role: _person(role) for role in ROLES}
    uploader = people[Role.UPLOADER]
    now = timezone.now()
    Batch.objects.bulk_create(
        Batch(
            id=uuid.UUID(int=number), owner=uploader, sealed_at=now, told_at=now,
            created_at=now - dt.timedelta(minutes=number * BATCH),
        )
        for number in range(min(BATCHES, scans // BATCH))
    )  # fmt: skip
    with transaction.atomic():
        _fill_scans(uploader, scans, now)
    _fill_desk(people, items, now)
    _fill_library(uploader)
    _fill_records(people, min(20_000, scans // 5))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    statistics.gather()
    return people


def _person(role: Role) -> User:
    person = User.objects.create_user(f"{role}@bench.invalid", name=str(role.label))
    roles.give(person, role)
    rules.accept(person)
    if role != Role.UPLOADER:
        TOTP.activate(person, generate_totp_secret())
    return User.objects.get(pk=person.pk)


def _fill_scans(owner: User, count: int, now: dt.datetime) -> None:
    """The newest by Django, and the others by the database, as copies of it: a hundred times as fast."""
    first = Scan.objects.create(
        id=uuid.UUID(int=0), owner=owner, name="photo-0.jpg", kind="image", format="jpeg", sha256="0" * 64,
        bytes=200_000, status=Status.ANALYSED, rank=0.0, created_at=now, batch_id=uuid.UUID(int=0),
    )  # fmt: skip
    assessment = Assessment.objects.create(
        scan=first, outcome=Outcome.LITTLE_EVIDENCE, score=0.0, version="bench", at=now, inspection=INSPECTION,
        reasons=INSPECTION["reasons"],
    )  # fmt: skip
    for name in ("first", "second"):
        Finding.objects.create(
            assessment=assessment, bundle=name, version="1", weights="0" * 64, preprocessing=1, policy="trust",
            status="ran", score=0.5, score_raw=0.5, milliseconds=20.0,
        )  # fmt: skip
    Change.objects.create(
        scan=first, owner=owner, kind=Change.Kind.COMPLETED, version=3, effective=effective.as_json(None, None)
    )
    for kind in ("queued", "analysed"):
        Event.objects.create(scan=first, kind=kind, at=now)
    lite = connection.vendor == "sqlite"
    scan_id = "printf('%032x', n)" if lite else "lpad(to_hex(n), 32, '0')::uuid"
    batch_id = scan_id.replace("n)", f"n / {BATCH})")
    ago = "strftime('%Y-%m-%d %H:%M:%S', t.{0}, '-' || n || ' minutes')" if lite else "t.{0} - n * interval '1 minute'"
    outcome = "CASE n % 20 WHEN 19 THEN 'likely_manipulated' WHEN 18 THEN 'inconclusive' ELSE 'little_evidence' END"
    score = "(n % 1000) / 1000.0"
    # Only scans that some page shows have all their details; the others lie between.
    is_read = f"(n < {CHUNK} OR n BETWEEN {count // 2} AND {count // 2 + CHUNK})"
    scan = {
        "id": scan_id, "name": "'photo-' || n || '.jpg'", "bytes": "200000 + n % 977", "outcome": outcome,
        "rank": score, "sha256": "printf('%064x', n)" if lite else "lpad(to_hex(n), 64, '0')",
        "created_at": ago.format("created_at"),
        "batch_id": f"CASE WHEN n / {BATCH} < {min(BATCHES, count // BATCH)} THEN {batch_id} END",
    }  # fmt: skip
    _copy(Scan, count, scan)
    inspection = f"CASE WHEN {is_read} THEN t.inspection ELSE '{{}}' END"
    at = ago.format("at")
    _copy(
        Assessment, count, {"scan_id": scan_id, "outcome": outcome, "score": score, "at": at, "inspection": inspection}
    )
    _copy(Change, count, {"scan_id": scan_id})
    _copy(Event, count, {"scan_id": scan_id, "at": at})
    source = f"scans_assessment a, scans_finding t WHERE a.id <> {assessment.pk}"
    _insert(Finding, {"assessment_id": "a.id"}, source)


def _copy(model: Any, count: int, values: dict[str, str]) -> None:
    """Copies number 1 to `count` of all rows there are, with these values in some columns."""
    numbers = f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count - 1})"  # noqa: S608
    _insert(model, values, f"numbers, {model._meta.db_table} t", numbers)


def _insert(model: Any, values: dict[str, str], source: str, before: str = "") -> None:
    """A key that counts itself is left to the database."""
    meta = model._meta
    names = [field.column for field in meta.concrete_fields if not field.primary_key or field.column in values]
    columns = ", ".join(f'"{name}"' for name in names)
    chosen = ", ".join(values.get(name, f't."{name}"') for name in names)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {meta.db_table} ({columns}) {before} SELECT {chosen} FROM {source}")  # noqa: S608


def _fill_desk(people: dict[Role, User], items: int, now: dt.datetime) -> None:
    """Open items, and as many that were decided over the last twelve weeks."""
    queue = ReviewQueue.objects.order_by("order").first()
    assert queue is not None
    chosen = list(Scan.objects.exclude(outcome=Outcome.LITTLE_EVIDENCE).order_by("-created_at")[: items * 2])
    rows = [
        ReviewItem(scan=scan, queue=queue, due_at=scan.created_at + dt.timedelta(hours=24), opened_at=scan.created_at)
        for scan in chosen[:items]
    ]
    done = chosen[items:]
    for number, scan in enumerate(done):
        closed = now - dt.timedelta(weeks=12) * (number + 1) / (len(done) + 1)
        opened = closed - dt.timedelta(hours=number % 40)
        rows.append(
            ReviewItem(
                scan=scan, queue=queue, opened_at=opened, due_at=opened + dt.timedelta(hours=24), closed_at=closed,
                active_seconds=20 + number % 90,
            )
        )  # fmt: skip
    ReviewItem.objects.bulk_create(rows, batch_size=CHUNK)
    ReviewReason.objects.bulk_create(
        (ReviewReason(item=item, reason=Reason.OUTCOME) for item in rows), batch_size=CHUNK
    )
    policy = Policy.objects.first()
    assessed: dict[Any, int] = {}
    for start in range(0, len(done), 500):
        ids = [scan.pk for scan in done[start : start + 500]]
        assessed |= dict(Assessment.objects.filter(scan__in=ids).values_list("scan", "pk"))
    decided = Decision.objects.bulk_create(
        (
            Decision(
                scan_id=item.scan_id, item=item, assessment_id=assessed[item.scan_id], label=LABELS[number % 3],
                decider=people[Role.MODERATOR if number % 2 else Role.LEAD], policy=policy, at=item.closed_at or now,
                settles_at=item.closed_at or now,
            )
            for number, item in enumerate(rows[items:])
        ),
        batch_size=CHUNK,
    )  # fmt: skip
    Event.objects.bulk_create(
        Event(scan_id=row.scan_id, kind="decided", at=row.at, actor=row.decider) for row in decided
    )
    Skip.objects.bulk_create(Skip(item=item, person=people[Role.MODERATOR], cause="unsure") for item in rows[:500])


def _fill_library(owner: User) -> None:
    """Tags, cases, a shared link, a trash and notifications of the uploader."""
    scans = list(Scan.objects.order_by("-created_at")[:2000])
    for number in range(20):
        tag = Tag.objects.create(owner=owner, name=f"tag {number}")
        tag.scans.set(scans[number::20])
        case = Case.objects.create(owner=owner, title=f"Story {number}")
        case.scans.set(scans[number * 10 : number * 10 + 10])
    Share.objects.create(scan=scans[0], maker=owner, expires_at=timezone.now() + dt.timedelta(days=30))
    now = timezone.now()
    trashed = Scan.objects.filter(pk__in=[scan.pk for scan in scans[-200:]])
    trashed.update(trashed_at=now, purge_at=now + dt.timedelta(days=7))
    Notification.objects.bulk_create(
        Notification(recipient=owner, kind=Notification.Kind.RESULT, scan=scan) for scan in scans
    )


def _fill_records(people: dict[Role, User], count: int) -> None:
    """What the administrators' lists show: people, webhook deliveries, changes to settings."""
    User.objects.bulk_create(
        (User(email=f"person-{number}@bench.invalid") for number in range(count // 4)), batch_size=CHUNK
    )
    endpoint = Endpoint.objects.create(owner=people[Role.ADMIN], url="https://bench.invalid/hook")
    Delivery.objects.bulk_create(
        (Delivery(endpoint=endpoint, kind="scan.completed", body="{}", state="delivered") for _n in range(count)),
        batch_size=CHUNK,
    )
    kind: Any = ContentType.objects.get_for_model(Policy)
    LogEntry.objects.bulk_create(
        (
            LogEntry(
                user=people[Role.ADMIN], content_type=kind, object_id="1", object_repr="A policy", action_flag=CHANGE
            )
            for _number in range(count)
        ),
        batch_size=CHUNK,
    )  # fmt: skip
