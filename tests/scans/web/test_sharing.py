"""What leaves the site: links that end, and reports that can be checked."""

import datetime as dt
import hashlib
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image
from pypdf import PdfReader

from accounts.models import User
from scans import analysis
from scans.evidence import report as reports
from scans.models import Report, Scan, Share
from scans.outcome.result import Result

from .conftest import delete_for_good

pytestmark = pytest.mark.django_db


def test_a_link_shows_the_result_and_no_names(scan: Scan, ann: Client, client: Client) -> None:
    ann.post(f"/scans/{scan.pk}/share/", {"days": "7"})
    link = f"/shared/{Share.objects.get().token}/"
    answer = client.get(link)
    page = answer.content.decode()
    assert "What it does not mean" in page
    assert scan.name not in page
    assert "uploader" not in page
    assert "<img" not in page.split("<main")[1]
    assert answer["X-Robots-Tag"] == "noindex"
    assert client.get(f"{link}picture/").status_code == 404
    ann.get(link)
    assert Share.objects.get().views == 1  # one's own look is not counted


def test_the_picture_is_shown_where_that_was_chosen(scan: Scan, ann: Client, client: Client) -> None:
    ann.post(f"/scans/{scan.pk}/share/", {"days": "1", "with_picture": "on"})
    link = f"/shared/{Share.objects.get().token}/"
    assert f"{link}picture/" in client.get(link).content.decode()
    assert b"".join(client.get(f"{link}picture/").streaming_content)[:3] == b"\xff\xd8\xff"


def test_a_link_ends_by_time_by_hand_and_with_the_file(scan: Scan, ann: Client, client: Client) -> None:
    def made() -> Share:
        ann.post(f"/scans/{scan.pk}/share/", {"days": "7", "with_picture": "on"})
        return Share.objects.first()

    late = made()
    Share.objects.filter(pk=late.pk).update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    ended = made()
    ann.post(f"/scans/{scan.pk}/share/{ended.pk}/end/")
    gone = made()
    assert client.get(f"/shared/{gone.token}/").status_code == 200
    delete_for_good(ann, scan)
    for link in (late, ended, gone):
        ended = client.get(f"/shared/{link.token}/")
        assert ended.status_code == 410
        assert "no longer available" in ended.content.decode()
        assert client.get(f"/shared/{link.token}/picture/").status_code == 404
    assert client.get("/shared/nonsense/").status_code == 404


def pdf_of(ann: Client, scan: Scan) -> bytes:
    answer = ann.get(f"/scans/{scan.pk}/report.pdf")
    assert answer["Content-Type"] == "application/pdf"
    return b"".join(answer.streaming_content)


def test_a_report_is_known_by_its_code_and_by_its_file(scan: Scan, ann: Client, client: Client) -> None:
    content = pdf_of(ann, scan)
    report = Report.objects.get()
    assert content.startswith(b"%PDF")
    assert report.sha256 == hashlib.sha256(content).hexdigest()
    assert "Registered" in client.get(f"/check/?code={report.code.lower()}").content.decode()
    own = client.post("/check/", {"file": SimpleUploadedFile("r.pdf", content)}).content.decode()
    assert "Registered" in own
    assert scan.name not in own
    changed = client.post("/check/", {"file": SimpleUploadedFile("r.pdf", content + b" ")}).content.decode()
    assert "Unknown" in changed
    assert "Unknown" in client.get("/check/?code=AAAA-AAAA-AAAA").content.decode()
    assert "Unknown" in client.post("/check/").content.decode()


def test_while_nothing_changes_it_is_the_same_report(scan: Scan, ann: Client) -> None:
    assert pdf_of(ann, scan) == pdf_of(ann, scan)
    assert Report.objects.count() == 1


def text_of(content: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


def test_a_report_is_in_the_readers_language_and_both_stand(scan: Scan, ann: Client, client: Client) -> None:
    assert "Report on one file" in text_of(pdf_of(ann, scan))
    ann.cookies["django_language"] = "de"
    german = text_of(pdf_of(ann, scan))
    assert "Bericht über eine Datei" in german
    for said in ("Score", "Verdict", "The file", "bytes"):
        assert said not in german.replace("Deepfake", ""), said
    first, second = Report.objects.order_by("made_at")
    for report in (first, second):
        assert "Registered" in client.get(f"/check/?code={report.code}").content.decode()
    analysis.reassess(scan)
    pdf_of(ann, scan)
    for report in (first, second):
        assert "Superseded" in client.get(f"/check/?code={report.code}").content.decode()


def test_a_report_shows_picture_faces_and_heat_map(scan: Scan, ann: Client) -> None:
    before = scan.assessment
    heat = {"status": "available", "said": "", "bundle": "bright/1", "time": 0.0, "box": [10.0, 20.0, 110.5, 120.5]}
    inspection = {**before.inspection, "heatmap": heat}
    made = scan.assessments.create(
        outcome=before.outcome, score=before.score, panel=before.panel, version="1", inspection=inspection
    )
    for artifact in before.artifacts.all():
        made.artifacts.create(kind=artifact.kind, file=artifact.file.name, content=artifact.content)
    plain = PdfReader(io.BytesIO(pdf_of(ann, scan))).pages[0]
    assert len(plain.images) == 2, "the picture and the face"
    for kind, colour in (("heatmap", (255, 0, 0, 90)), ("ground", (90, 90, 90, 255))):
        drawn = io.BytesIO()
        Image.new("RGBA", (32, 32), colour).save(drawn, "PNG")
        made.artifacts.create(kind=kind, file=ContentFile(drawn.getvalue(), name=f"{kind}.png"))
    Report.objects.all().delete()
    page = PdfReader(io.BytesIO(pdf_of(ann, scan))).pages[0]
    assert "Where the model looked (bright/1)" in " ".join(page.extract_text().split())
    assert len(page.images) > len(plain.images)


def test_a_later_report_supersedes_and_deleting_withdraws(scan: Scan, ann: Client, client: Client) -> None:
    pdf_of(ann, scan)
    first = Report.objects.get()
    analysis.reassess(scan)
    pdf_of(ann, scan)
    second = Report.objects.exclude(pk=first.pk).get()
    assert "Superseded" in client.get(f"/check/?code={first.code}").content.decode()
    assert "Registered" in client.get(f"/check/?code={second.code}").content.decode()
    file = second.file
    delete_for_good(ann, scan)
    assert "Withdrawn" in client.get(f"/check/?code={second.code}").content.decode()
    assert Report.objects.filter(file="").count() == 2
    assert file.name


def test_a_report_with_an_empty_field_is_not_issued(scan: Scan, uploader: User) -> None:
    result = Result(scan, scan.assessment)
    scan.sha256 = ""
    with pytest.raises(reports.Incomplete, match="SHA-256"):
        reports.issue(result, uploader, lambda code: f"https://x/{code}")
    assert not Report.objects.exists()


@pytest.mark.parametrize("name", ["ünïcode <b>&.jpg", "файл.jpg", "相片.jpg", "🙂" * 50 + ".jpg", "x" * 255])
def test_any_name_can_stand_in_a_report(name: str, scan: Scan, ann: Client) -> None:
    Scan.objects.filter(pk=scan.pk).update(name=name)
    assert pdf_of(ann, scan).startswith(b"%PDF")


def test_a_failed_scan_has_no_report(upload: Any, ann: Client) -> None:
    scan = upload(b"\xff\xd8\xff" + b"\0" * 500)
    assert ann.get(f"/scans/{scan.pk}/report.pdf").status_code == 404


def test_a_file_that_could_not_be_analysed_is_shared_without_an_estimate(
    upload: Callable[..., Scan], uploader: User, client: Client
) -> None:
    scan = upload(name="unable_to_evaluate.jpg", sandbox=True)
    Share.objects.create(
        scan=scan, maker=uploader, with_picture=True, token="any", expires_at=timezone.now() + dt.timedelta(1)
    )
    page = client.get("/shared/any/").content.decode()
    assert "No model could be run on this file." in page
    for contradiction in ("based on the others", "Estimated by models", "The picture was not shared", "Also noted"):
        assert contradiction not in page
