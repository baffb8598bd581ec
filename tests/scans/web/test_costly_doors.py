"""Doors behind which whole files are read or packed have a limit of their own, on pages and in the API."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts import keys
from accounts.models import User

pytestmark = pytest.mark.django_db


def report() -> SimpleUploadedFile:
    return SimpleUploadedFile("report.pdf", b"%PDF-1.7", "application/pdf")


def test_what_packs_or_reads_whole_files_is_limited(
    as_user: Callable[..., Client], uploader: User, client: Client, settings: Any
) -> None:
    settings.LIMITS = {**settings.LIMITS, "export": {"visitor": "2/1m"}}
    _key, secret = keys.issue(uploader, name="p", scopes=["scans:read"])
    person, program = as_user(uploader, proven=True), Client(headers={"authorization": f"Bearer {secret}"})
    absent = uuid.uuid4()
    requests: list[Callable[[], Any]] = [
        lambda: client.post("/check/", {"file": report()}),
        lambda: person.get(f"/scans/{absent}/evidence.zip"),
        lambda: program.get(f"/api/v1/cases/{absent}/export"),
        lambda: Client().post("/api/v1/reports/verify", {"file": report()}),
    ]
    for request in requests:
        statuses = [request().status_code for _time in range(3)]
        assert statuses[:2] in ([200, 200], [404, 404])
        assert statuses[2] == 429
    # The person has used the limit up; it is one for all such doors.
    for refused in (
        person.get("/scans/export.csv"),
        person.get(f"/scans/cases/{absent}/export.zip"),
        person.post("/profile/privacy/export/"),
    ):
        assert refused.status_code == 429
    assert person.get("/scans/").status_code == 200
