"""How long the pages with many rows take: a history of 100,000 scans and a desk with 5,000 items.

All of it happens in a database of its own, which is made for it and thrown away."""

import datetime as dt
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from accounts import roles, rules
from accounts.models import User
from accounts.roles import Role

from ..models import (
    Assessment,
    Change,
    Event,
    Finding,
    Outcome,
    Reason,
    ReviewItem,
    ReviewQueue,
    ReviewReason,
    Scan,
    Status,
)
from ..outcome import effective

# About as much as is found out about a photo.
FACE = {"id": 0, "box": [1.0, 2.0, 3.0, 4.0], "score": 0.5, "applicable": True, "reasons": [], "sightings": ["x" * 400]}
BUNDLE = {"bundle": {"name": "other", "version": "1", "sha256": "0" * 64}, "status": "ignored", "padding": "x" * 900}
INSPECTION = {
    "media": {"kind": "image", "format": "jpeg", "width": 512, "height": 512}, "faces": [FACE], "deciding_face": 0,
    "cuts": [0.4, 0.9], "segments": [], "reasons": [{"code": "score_between", "face": 0}], "bundles": [BUNDLE, BUNDLE],
    "heatmap": {"status": "available", "said": "", "padding": "x" * 200}, "provenance": {"padding": "x" * 120},
}  # fmt: skip
OUTCOMES = (*[Outcome.LITTLE_EVIDENCE] * 16, *[Outcome.INCONCLUSIVE] * 3, Outcome.LIKELY_MANIPULATED)


def measure(*, scans: int, items: int, rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds in the server and queries of each page, the median of some rounds."""
    with own_database(), _nothing_else():
        uploader, lead = _person("uploader", Role.UPLOADER), _person("lead", Role.LEAD)
        _fill(uploader, scans, items)
        item = ReviewItem.objects.open().order_by("due_at").first()
        assert item is not None
        desk = "/admin/scans/reviewitem/"
        rare = Outcome.UNABLE_TO_EVALUATE
        middle = (timezone.now() - dt.timedelta(minutes=scans // 2)).strftime("%Y-%m-%dT%H:%M:%SZ")
        pages = [
            ("home", uploader, "/"),
            ("home of a lead", lead, "/"),
            ("history", uploader, "/scans/"),
            ("history, as a table by score", uploader, "/scans/?view=table&sort=-rank"),
            ("history, by size", uploader, "/scans/?sort=-bytes"),
            ("history, in the order of names", uploader, "/scans/?sort=name"),
            ("history, page 40", uploader, "/scans/?page=40"),
            ("history, by outcome", uploader, f"/scans/?outcome={Outcome.LIKELY_MANIPULATED}"),
            ("history, by name", uploader, "/scans/?text=photo-77"),
            ("desk", lead, desk),
            ("desk, one queue", lead, f"{desk}?queue__id__exact={item.queue_id}"),
            ("desk, one reason", lead, f"{desk}?reasons__reason__exact={Reason.OUTCOME}"),
            ("review page", lead, f"{desk}{item.pk}/change/"),
            ("API, one scan", uploader, f"/api/v1/scans/{item.scan_id}"),
            ("API, a list of 100", uploader, "/api/v1/scans?limit=100"),
            ("API, a list of 100 by what counts", uploader, "/api/v1/scans?limit=100&effective=inconclusive"),
            ("API, a list by what counts, of which there are none", uploader, f"/api/v1/scans?effective={rare}"),
            ("API, 100 changes", uploader, "/api/v1/changes?limit=100"),
            ("API, a list of 100 by time", uploader, f"/api/v1/scans?limit=100&created_before={middle}"),
        ]
        logging.disable(logging.INFO)  # a line for each request
        return {name: _timed(person, where, rounds) for name, person, where in pages}


@contextmanager
def own_database() -> Iterator[None]:
    before = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(before, verbosity=0)


def _nothing_else() -> override_settings:
    """Neither a Redis nor collected files are needed."""
    return override_settings(
        ALLOWED_HOSTS=["localhost"],
        SECURE_SSL_REDIRECT=False,
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        STORAGES={
            **settings.STORAGES,
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        },
    )


def _person(name: str, role: Role) -> User:
    person = User.objects.create_user(f"{name}@bench.invalid", name=name)
    roles.give(person, role)
    rules.accept(person)
    if role != Role.UPLOADER:
        TOTP.activate(person, generate_totp_secret())
    return User.objects.get(pk=person.pk)


def _fill(owner: User, scans: int, items: int) -> None:
    """As many as were asked for, an outcome each; the newest of those that a rule would take wait at the desk."""
    now = timezone.now()
    for start in range(0, scans, 5000):
        chunk = [
            Scan(
                owner=owner, name=f"photo-{number}.jpg", kind="image", format="jpeg", sha256=f"{number:064x}",
                bytes=200_000, status=Status.ANALYSED, outcome=OUTCOMES[number % len(OUTCOMES)],
                rank=number % 1000 / 1000, created_at=now - dt.timedelta(minutes=number),
            )
            for number in range(start, min(start + 5000, scans))
        ]  # fmt: skip
        Scan.objects.bulk_create(chunk)
        is_read = start in (0, scans // 2 // 5000 * 5000)  # the others only lie between
        assessments = Assessment.objects.bulk_create(
            Assessment(
                scan=scan, outcome=scan.outcome, score=0.5, version="bench", at=scan.created_at,
                inspection=INSPECTION if is_read else {}, reasons=INSPECTION["reasons"],
            )
            for scan in chunk
        )  # fmt: skip
        Finding.objects.bulk_create(
            Finding(
                assessment=assessment, bundle=name, version="1", weights="0" * 64, preprocessing=1, policy="trust",
                status="ran", score=0.5, score_raw=0.5, milliseconds=20.0,
            )
            for assessment in assessments[: None if is_read else 0] for name in ("first", "second")
        )  # fmt: skip
        Change.objects.bulk_create(
            Change(
                scan=scan, owner=owner, kind=Change.Kind.COMPLETED, version=3, effective=effective.as_json(None, None)
            )
            for scan in chunk
        )
        Event.objects.bulk_create(
            Event(scan=scan, kind=kind, at=scan.created_at) for scan in chunk for kind in ("queued", "analysed")
        )
    queue = ReviewQueue.objects.order_by("order").first()
    assert queue is not None
    waiting = Scan.objects.exclude(outcome=Outcome.LITTLE_EVIDENCE)[:items]
    ReviewItem.objects.bulk_create(
        ReviewItem(scan=scan, queue=queue, due_at=scan.created_at + dt.timedelta(hours=24), opened_at=scan.created_at)
        for scan in waiting
    )
    ReviewReason.objects.bulk_create(
        ReviewReason(item=item, reason=Reason.OUTCOME) for item in ReviewItem.objects.all()
    )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _timed(person: User, where: str, rounds: int) -> dict[str, float]:
    client = Client(SERVER_NAME="localhost")
    client.force_login(person)
    took: list[float] = []
    for _round in range(rounds + 1):
        started = time.perf_counter()
        assert client.get(where).status_code == 200, where
        took.append((time.perf_counter() - started) * 1000)
    with CaptureQueriesContext(connection) as queries:
        client.get(where)
    return {"ms": round(median(took[1:]), 1), "queries": len(queries)}
