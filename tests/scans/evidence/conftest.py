"""A chain of events as a site writes them, and somebody who owns the database and has removed its triggers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from scans.evidence import guards, sealing
from scans.models import Event, Scan


@pytest.fixture(autouse=True)
def own_anchors(settings: Any, tmp_path: Path) -> Path:
    settings.AUDIT_ANCHOR_DIR = tmp_path / "anchors"
    return tmp_path / "anchors" / "audit-anchors.jsonl"


@pytest.fixture
def happenings(uploader: User) -> list[Event]:
    """Eight sealed rows, with and without a scan, an actor and content."""
    scan = Scan.objects.create(owner=uploader, name="a.jpg", sha256="0" * 64, bytes=1, status="analysed")
    sealing.seal()  # what making people has left
    events = [
        Event.objects.create(scan=scan, kind="queued", actor=uploader, content={"bytes": 1}),
        Event.objects.create(scan=scan, kind="analysing"),
        Event.objects.create(kind="key_used", actor=uploader, content={"key": "abc", "share": 0.25}),
        Event.objects.create(scan=scan, kind="analysed", content={"outcome": "inconclusive", "text": "Größe ☃"}),
        Event.objects.create(scan=scan, kind="viewed", actor=uploader, content={"file": "media"}),
        Event.objects.create(kind="exported", actor=uploader),
        Event.objects.create(scan=scan, kind="report", actor=uploader, content={"code": "X"}),
        Event.objects.create(scan=scan, kind="deleted", content={"from": "trash"}),
    ]
    sealing.seal()
    for event in events:
        event.refresh_from_db()
    return events


@pytest.fixture
def tamper(db: None) -> Callable[..., None]:
    """Raw SQL without the triggers, which a test's end sets again with the rest of its transaction."""
    guards.remove(connection)

    def run(sql: str, *values: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)

    return run
