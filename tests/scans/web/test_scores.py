"""One scale from 0 to 100: the same number everywhere, and every score judged by the cut-offs of the headline."""

import csv
import html
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from pypdf import PdfReader

from scans.models import Finding, Outcome, Scan, Share
from scans.outcome import explanation, scores

pytestmark = pytest.mark.django_db

LOW, BETWEEN, HIGH = "Little evidence of manipulation", "Inconclusive", "Likely manipulated"


@pytest.mark.parametrize(
    ("value", "shown"), [(0.0, 0), (0.004, 0), (0.005, 1), (0.125, 13), (0.845, 85), (0.995, 100), (1.0, 100)]
)
def test_half_a_point_is_rounded_up(value: float, shown: int) -> None:
    assert scores.points(value) == shown


@pytest.mark.parametrize(
    ("value", "band"), [(0.3499, LOW), (0.35, BETWEEN), (0.8, BETWEEN), (0.8001, HIGH), (0.0, LOW), (1.0, HIGH)]
)
def test_on_a_cut_off_a_score_is_inconclusive(value: float, band: str) -> None:
    assert scores.band_of(value, (0.35, 0.8)).label == band


@pytest.mark.parametrize(("value", "number"), [(0.999, "more than 99 %"), (0.001, "less than 1 %"), (0.5, "50 %")])
def test_no_probability_is_certain(value: float, number: str) -> None:
    for calibrated in (True, False):
        scale = scores.scale(value, (0.35, 0.8), [], calibrated=calibrated)
        assert scale is not None
        assert scale.number == (number if calibrated else "")


@pytest.mark.parametrize(
    ("score", "codes", "outcome", "models", "sentence"),
    [
        (0.72, ["score_between"], "inconclusive", ["a/1", "b/1"],
         "Together, the models give face 2 a score of 72: between the cut-offs of 35 and 80."),
        (0.91, ["score_high"], "likely_manipulated", ["a/1"],
         "The model a/1 gives face 2 a score of 91: above the upper cut-off of 80."),
        (0.8003, ["score_high"], "likely_manipulated", ["a/1"],
         "The model a/1 gives face 2 a score of 80: just above the upper cut-off of 80."),
        (0.3496, ["score_low"], "little_evidence", ["a/1"],
         "The model a/1 gives face 2 a score of 35: just below the lower cut-off of 35."),
        (0.91, ["score_high", "unstable"], "inconclusive", ["a/1", "b/1"],
         "Together, the models give face 2 a score of 91: above the upper cut-off of 80. Because harmless changes"
         " such as saving the file again change the score a lot, the outcome is inconclusive."),
        (0.1, ["score_low", "bundles_disagree", "out_of_distribution"], "inconclusive", ["a/1", "b/1"],
         "Together, the models give face 2 a score of 10: below the lower cut-off of 35. Because the models contradict"
         " each other and the face differs from those that the models were trained on, the outcome is inconclusive."),
        (None, ["no_face"], "not_applicable", [], "No face was found."),
    ],
)  # fmt: skip
def test_a_sentence_tells_how_the_outcome_came_about(
    score: float | None, codes: list[str], outcome: str, models: list[str], sentence: str
) -> None:
    inspection = {"cuts": [0.35, 0.8], "deciding_face": 1, "reasons": [{"code": code} for code in codes]}
    assert explanation.explain(inspection, outcome, score, models) == sentence


@pytest.mark.parametrize(
    ("media", "sentence"),
    [
        ("image", "Das Modell a/1 gibt dem Bild einen Wert von 91: über der oberen Grenze von 80."),
        ("video", "Das Modell a/1 gibt dem Video einen Wert von 91: über der oberen Grenze von 80."),
    ],
)
def test_a_whole_picture_and_in_german(media: str, sentence: str) -> None:
    inspection = {"cuts": [0.35, 0.8], "deciding_face": None, "media": {"kind": media}}
    with translation.override("de"):
        assert explanation.explain(inspection, Outcome.LIKELY_MANIPULATED, 0.91, ["a/1"]) == sentence


@pytest.fixture
def film(scan: Scan) -> Scan:
    """Two models of which neither reaches its own cut-off, judged together: the panel's cut-offs are lower."""
    before = scan.assessment
    frames = [{"index": n, "time": n / 2, "score": score, "faces": 1} for n, score in enumerate((0.1, 0.55, 0.7, None))]
    reasons = [{"code": "score_high"}, {"code": "uncalibrated"}]
    face = before.inspection["faces"][0]
    turned_away = {**face, "id": 1, "score": None, "applicable": False, "reasons": [{"code": "face_in_profile"}]}
    inspection = {
        **before.inspection, "outcome": "likely_manipulated", "score": 0.6649, "cuts": [0.5, 0.6], "reasons": reasons,
        "deciding_face": 0, "deciding_bundle": "one/1", "frames": frames,
        "faces": [{**face, "score": 0.6649}, turned_away],
        "segments": [{"start": 0.5, "end": 1.0, "score": 0.625}],
        "bundles": [
            {"bundle": {"name": name, "version": "1"}, "outcome": "inconclusive", "calibrated": False, "reasons": why}
            for name, why in (("one", []), ("two", []), ("three", [{"code": "no_face"}]))
        ],
    }  # fmt: skip
    made = scan.assessments.create(
        outcome="likely_manipulated", score=0.6649, reasons=reasons, panel=before.panel, inspection=inspection,
        version="1",
    )  # fmt: skip
    for name, status, score in (("one", "ran", 0.6649), ("two", "ran", 0.5549), ("three", "not_applicable", None)):
        Finding.objects.create(
            assessment=made, bundle=name, version="1", weights="0" * 64, preprocessing=1, policy="trust",
            status=status, score=score, score_raw=score, milliseconds=1.0,
        )  # fmt: skip
    Scan.objects.filter(pk=scan.pk).update(kind="video", format="mp4")
    scan.refresh_from_db()
    return scan


def text_of(page: str) -> str:
    """What somebody reads, without the drawing's coordinates."""
    main = re.sub(r"<(script|style|svg).*?</\1>", " ", page.split("<main")[1], flags=re.DOTALL)
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", main).split()))


def test_models_faces_and_moments_are_judged_by_the_cut_offs_of_the_headline(film: Scan, ann: Client) -> None:
    page = text_of(ann.get(film.get_absolute_url()).content.decode())
    assert "Together, the models give face 1 a score of 66: above the upper cut-off of 60." in page
    assert "Score 66 of 100 Not a probability." in page
    assert f"Below 50: {LOW}. 50 to 60: {BETWEEN}. Above 60: {HIGH}." in page
    assert f"one/1 highest weight 66 {HIGH}" in page
    assert f"two/1 55 {BETWEEN}" in page
    assert "1 of 2 models give this outcome on their own." in page
    assert f"Face 1: 66 {HIGH}" in page
    for moment in (f"0:00.0 1 10 {LOW}", f"0:00.5 1 55 {BETWEEN}", f"0:01.0 1 70 {HIGH}", "0:01.5 1 –"):
        assert moment in page
    assert "0:00.5 – 0:01.0 · 63" in page
    assert not re.search(r"\b0\.\d{2,}", page), "raw values are for programs"


def test_the_deciding_face_bears_the_outcome_that_a_doubt_made_inconclusive(film: Scan, ann: Client) -> None:
    standing = film.assessment
    film.assessments.create(
        outcome="inconclusive", score=standing.score, panel=standing.panel, inspection=standing.inspection,
        reasons=[*standing.reasons, {"code": "unstable"}], version="1",
    )  # fmt: skip
    page = ann.get(film.get_absolute_url()).content.decode()
    faces = page[page.index('aria-labelledby="faces"') :]
    strip = re.search(r"Face 1.*?</p>", faces, re.DOTALL)
    assert strip
    assert BETWEEN in strip[0]
    assert HIGH not in strip[0]


def test_a_face_that_nobody_can_judge_is_never_no_face(film: Scan, ann: Client) -> None:
    page = text_of(ann.get(film.get_absolute_url()).content.decode())
    assert "Face 2: not assessed A face is turned away" in page
    assert "three/1 Not applicable None of the faces could be assessed." in page
    assert "No face was found" not in page


def test_the_same_number_stands_on_page_report_table_and_shared_link(
    film: Scan, ann: Client, client: Client, upload: Callable[..., Any]
) -> None:
    ann.post(f"/scans/{film.pk}/share/", {"days": "7"})
    shared = text_of(client.get(f"/shared/{Share.objects.get().token}/").content.decode())
    answer = ann.get(f"/scans/{film.pk}/report.pdf")
    pages = PdfReader(io.BytesIO(b"".join(answer.streaming_content))).pages  # type: ignore[attr-defined]
    report = " ".join(" ".join(page.extract_text() for page in pages).split())
    for said in (shared, report):
        assert "Score 66 of 100" in said
        assert "Not a probability." in said
        assert "0.66" not in said
    assert f"one/1 Score 66 of 100 ({HIGH})" in report
    assert f"two/1 Score 55 of 100 ({BETWEEN})" in report
    assert f"Face 1 Score 66 of 100 ({HIGH})" in report
    assert "three/1 Not applicable. None of the faces could be assessed" in report
    assert "Face 2 no score. A face is turned away" in report
    assert "Cut-offs: 50 and 60." in report
    assert "Score 66" in text_of(ann.get("/scans/").content.decode())
    table = b"".join(ann.get("/scans/export.csv").streaming_content).decode()  # type: ignore[attr-defined]
    (row,) = csv.DictReader(table.lstrip("\ufeff").splitlines())
    assert row["models_score"] == "66"
