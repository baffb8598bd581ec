"""Who judges blind first learns the outcome by no other way: not on pages, in reports, lists or searches."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from scans.analysis import routing
from scans.models import Artifact, Batch, Label, Note, Outcome, Reason, ReviewItem, ReviewQueue, Scan
from scans.review import queue

from ..conftest import portrait

pytestmark = pytest.mark.django_db
CHOICES = re.compile(r'<a href="\?[^"]*">[^<]*</a>|<button[^>]*>[^<]*</button>')  # of filters and forms: they name all


@pytest.fixture
def blind(upload: Callable[..., Scan], bundles: Any, uploader: User) -> ReviewItem:
    scan = upload(batch=Batch.objects.create(owner=uploader))
    ReviewItem.objects.all().delete()
    return routing.put(scan, ReviewQueue.objects.get(slug="review"), Reason.HAND, blind=True)


@pytest.fixture
def mo(as_user: Callable[..., Client], moderator: User) -> Client:
    return as_user(moderator)


def surfaces(scan: Scan) -> dict[str, str]:
    """Every address that says something of the outcome, by what it is."""
    drawn = {
        one.kind: f"/scans/{scan.pk}/artifacts/{one.pk}/"
        for one in Artifact.objects.filter(assessment__scan=scan).exclude(kind=Artifact.Kind.PREVIEW)
    }
    assessment = scan.assessment
    return {
        "page": f"/scans/{scan.pk}/",
        "report": f"/scans/{scan.pk}/report.pdf",
        "batch": f"/scans/batches/{scan.batch_id}/",
        "assessment": f"/admin/scans/assessment/{assessment.pk}/change/",
        "assessments": f"/admin/scans/assessment/?outcome__exact={scan.outcome}",
        "finding": f"/admin/scans/finding/{assessment.findings.first().pk}/change/",
        "findings": "/admin/scans/finding/",
        "events": "/admin/scans/event/",
        "scan": f"/admin/scans/scan/{scan.pk}/change/",
        "item": f"/admin/scans/reviewitem/{scan.items.get().pk}/change/",
        **drawn,
    }


def tells(client: Client, where: str, scan: Scan) -> bool:
    """Whether what lies there gives the outcome, the score or a model's picture away."""
    answer = client.get(where)
    if answer.status_code in (302, 403, 404):  # 302: so the admin says that a row is not there
        return False
    if answer["Content-Type"] != "text/html; charset=utf-8":
        b"".join(answer)  # to its end, where the file is closed
        return True
    body = CHOICES.sub("", answer.content.decode())
    label = str(Outcome(scan.outcome).label)
    finding = scan.assessment.findings.first()
    at_the_list = where.startswith("/admin/scans/") and str(scan) in body and "/reviewitem/" not in where
    told = (f'class="badge outcome {scan.outcome}', f"{finding.bundle}/", f">{label}<", f"{finding.score}")
    return any(said in body for said in told) or (at_the_list and "/scan/" not in where)


def test_no_surface_tells_a_reviewer_before_the_first_answer(blind: ReviewItem, mo: Client, moderator: User) -> None:
    scan = Scan.objects.get(pk=blind.scan_id)
    found = surfaces(scan)
    assert {name for name, where in found.items() if tells(mo, where, scan)} == set()
    page = mo.get(found["page"]).content.decode()
    assert f"/admin/scans/reviewitem/{blind.pk}/change/" in page, "but where to say what one sees"
    queue.first_answer(blind, moderator, Label.INCONCLUSIVE)
    shown = {name for name, where in found.items() if tells(mo, where, scan)}
    assert shown >= {"page", "report", "batch", "assessments", "item"}


def test_the_owner_and_an_auditor_who_judges_nothing_see_it(
    blind: ReviewItem, uploader: User, auditor: User, as_user: Callable[..., Client]
) -> None:
    scan = Scan.objects.get(pk=blind.scan_id)
    found = surfaces(scan)
    assert tells(as_user(uploader), found["page"], scan)
    assert tells(as_user(auditor), found["assessments"], scan)


def test_a_file_that_looks_like_it_does_not_tell_its_outcome(
    blind: ReviewItem, mo: Client, upload: Callable[..., Scan], stranger: User
) -> None:
    other = upload(portrait(390), owner=stranger)
    assert str(blind.scan_id) not in mo.get(f"/scans/{other.pk}/").content.decode()
    ReviewItem.objects.update(blind=False)
    assert str(blind.scan_id) in mo.get(f"/scans/{other.pk}/").content.decode(), "they do look alike"


def test_neither_reasons_nor_notes_tell_of_it(blind: ReviewItem, mo: Client, moderator: User, lead: User) -> None:
    note = Note.objects.create(scan=blind.scan, author=lead, text="clearly a fake, @moderator")
    note.mentions.add(moderator)
    listed = f"/admin/scans/reviewitem/?reasons__reason__exact={Reason.HAND}"
    assert f"/reviewitem/{blind.pk}/" not in mo.get(listed).content.decode()
    assert "clearly a fake" not in mo.get("/admin/scans/reviewitem/").content.decode()
    queue.first_answer(blind, moderator, Label.INCONCLUSIVE)
    assert f"/reviewitem/{blind.pk}/" in mo.get(listed).content.decode()
    assert "clearly a fake" in mo.get("/admin/scans/reviewitem/").content.decode()
