"""What a page says of an outcome: careful words, one scale for every score, nothing invented."""

import io
import json
import re
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from PIL import Image

import detection
from accounts.models import User
from detection import explain
from scans import analysis
from scans.models import Feedback, Outcome, Scan
from scans.outcome import explanation, words

from ...detection import files
from ...detection.judging import films
from ..conftest import bundle, portrait
from .conftest import delete_for_good

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_outcome_with_every_reason_has_words_limits_and_next_steps(language: str) -> None:
    with translation.override(language):
        for outcome, code in product(Outcome, detection.Code):
            meaning = words.meaning_of(outcome, [code.value])
            assert meaning.means
            assert meaning.means_not, outcome
            assert meaning.next_steps, outcome
            assert words.sentence({"code": code.value}) != f"Reason: {code.value}", code
            said = f"{words.outcome_words(outcome)} {meaning.means}".lower()
            assert "fake" not in said
            assert "authentic" not in said


def test_a_reason_of_a_newer_version_is_shown_by_its_code() -> None:
    assert "from_the_future" in words.sentence({"code": "from_the_future"})


def test_a_calibrated_score_is_a_probability(scan: Scan, ann: Client) -> None:
    page = ann.get(f"/scans/{scan.pk}/").content.decode()
    assert f"Estimated probability of manipulation: {scan.assessment.score * 100:.0f} %" in page
    assert 'class="boxes"' in page


@pytest.mark.parametrize("language", ["en", "de"])
def test_drawings_are_the_same_in_every_language(language: str, scan: Scan, ann: Client) -> None:
    ann.cookies["django_language"] = language
    page = ann.get(f"/scans/{scan.pk}/").content.decode()
    numbers = re.findall(r'\b(?:x|y|x1|width|height|font-size|stroke-width|cx|cy)="([^"]+)"', page.split("<main")[1])
    assert len(numbers) > 10
    assert [number for number in numbers if not re.fullmatch(r"-?[0-9.]+%?", number)] == []


@pytest.mark.parametrize("calibration", [None, {"a": 1.0, "b": 0.0, "holds": False}], ids=["none", "does not hold"])
def test_a_score_that_is_no_probability_says_so(
    calibration: dict[str, Any] | None, tmp_path: Path, upload: Callable[..., Scan], ann: Client
) -> None:
    card = bundle(tmp_path / "bundles") / "bright" / "bundle.json"
    said = json.loads(card.read_text())
    del said["calibration"]
    card.write_text(json.dumps(said | ({"calibration": calibration} if calibration else {})))
    scan = upload()
    page = ann.get(f"/scans/{scan.pk}/").content.decode()
    assert f"Score {int(scan.assessment.score * 100 + 0.5)} of 100" in re.sub("</?b>", "", page)
    assert "Not a probability." in page
    assert "Estimated probability" not in page
    assert f"{scan.assessment.score * 100:.0f} %" not in page


def test_without_a_heat_map_nothing_stands_in_for_it(scan: Scan, ann: Client) -> None:
    page = ann.get(f"/scans/{scan.pk}/").content.decode()
    assert "No reliable heat map is available" in page
    assert "heat-layer" not in page


def test_a_heat_map_lies_over_the_picture_and_stands_below_it(scan: Scan, ann: Client) -> None:
    before = scan.assessment
    heat = {"status": "available", "said": "", "bundle": "bright/1", "time": 0.0, "box": [10.0, 20.0, 110.5, 120.5]}
    made = scan.assessments.create(
        outcome=before.outcome, score=before.score, panel=before.panel, version="1",
        inspection={**before.inspection, "heatmap": heat},
    )  # fmt: skip
    for artifact in before.artifacts.filter(kind="preview"):
        for kind in ("preview", "heatmap", "ground"):
            made.artifacts.create(kind=kind, file=artifact.file.name, content=artifact.content)
    page = ann.get(f"/scans/{scan.pk}/").content.decode()
    layer = re.search(r'<image class="heat-layer"[^>]+>', page)
    assert layer
    assert 'x="10.0" y="20.0" width="100.5" height="100.5"' in layer[0]
    assert "The same with the regions that raised the score" in page, "a plain picture without a script"


def test_every_reason_for_a_missing_heat_map_has_its_own_sentence_in_german() -> None:
    source = Path(explain.__file__).read_text()
    written = re.findall(r'OptionalEvidence\(\s*"(?:not_available|failed_check)",\s*"([^"]+)"', source)
    assert len(written) >= 6
    with translation.override("de"):
        sentences = [explanation.heat_missing({"said": f"Before it. {sentence}"}) for sentence in written]
        other = explanation.heat_missing({"said": "The heat map could not be made (RuntimeError)."})
    assert len({*sentences, other}) == len(written) + 1
    assert not {*sentences, other} & {*written, *map(str, explanation.HEAT_MISSING.values())}


@pytest.mark.parametrize(("offset", "named"), [(3.0, True), (-3.0, False)])
def test_a_face_that_looks_generated_is_named_with_how_often_that_was_right(
    offset: float, named: bool, bundles: Path, upload: Callable[..., Scan], ann: Client
) -> None:
    measured = {"auc": 0.81, "named": 51, "named_right": 46}
    rule = {"weights": {"bright/1": 0.0}, "offset": offset, "measured": measured}
    policy = {"kinds": {"photo": rule}, "cuts": {"little_below": 0.01, "manipulated_above": 0.02}}
    (bundles / "panel.json").write_text(json.dumps(policy))
    scan = upload()
    assert scan.assessment.outcome == Outcome.LIKELY_MANIPULATED
    page = ann.get(f"/scans/{scan.pk}/").content.decode()
    assert ("this was right for 46 of 51 faces" in page) == named
    answer = ann.get(f"/api/v1/scans/{scan.pk}").json()["assessment"]["manipulation_type"]
    assert answer == ({"name": "generated", "share": 0.9526, "named": 51, "named_right": 46} if named else None)


def test_without_models_and_without_faces_the_page_says_so(
    upload: Callable[..., Scan], ann: Client, tmp_path: Path
) -> None:
    nobody = upload()
    assert "No model is installed" in ann.get(f"/scans/{nobody.pk}/").content.decode()
    bundle(tmp_path / "bundles")
    sky = io.BytesIO()
    Image.linear_gradient("L").save(sky, "PNG")
    landscape = upload(sky.getvalue(), name="sky.png")
    page = ann.get(f"/scans/{landscape.pk}/").content.decode()
    assert "No face was found" in page
    assert "Estimated probability" not in page


def test_a_video_has_a_course_with_places_to_go_to(bundles: Path, upload: Callable[..., Scan], ann: Client) -> None:
    path = films.film(bundles.parent / "film.mp4", films.portrait(6, (2, 4)))
    scan = upload(path.read_bytes(), name="film.mp4")
    page = ann.get(f"/scans/{scan.pk}/").content.decode()
    assert "Score over time" in page
    assert "data-seek=" in page
    assert "As a table" in page
    assert page.count("Frame at") == scan.assessment.artifacts.filter(kind="preview").count() >= 3


def test_the_same_file_again_is_not_analysed_again(scan: Scan, upload: Callable[..., Scan], ann: Client) -> None:
    again = upload()
    assert again.assessment.same_as == scan.assessment
    page = ann.get(f"/scans/{again.pk}/").content.decode()
    assert "not analysed again" in page
    assert again.assessment.artifacts.count() == scan.assessment.artifacts.count()
    delete_for_good(ann, scan)
    again.refresh_from_db()
    picture = again.assessment.artifacts.filter(kind="preview").get()
    answer = ann.get(f"/scans/{again.pk}/artifacts/{picture.pk}/")
    assert b"".join(answer.streaming_content)[:3] == b"\xff\xd8\xff"


def test_waiting_shows_where_one_stands_and_can_be_cancelled(upload: Callable[..., Scan], ann: Client) -> None:
    first, second = upload(run=False), upload(portrait(300), run=False)
    page = ann.get(f"/scans/{second.pk}/").content.decode()
    assert "1 file is before it" in page
    part = ann.get(f"/scans/{first.pk}/?looks=3", headers={"hx-request": "true"}).content.decode()
    assert "Next in the queue" in part
    assert "load delay:2s" in part
    assert "looks=4" in part
    assert "<html" not in part
    ann.post(f"/scans/{first.pk}/cancel/")
    done = ann.get(f"/scans/{first.pk}/", headers={"hx-request": "true"})
    assert done["HX-Refresh"] == "true"
    assert "You cancelled the analysis" in ann.get(f"/scans/{first.pk}/").content.decode()


def test_a_failure_says_why(upload: Callable[..., Scan], ann: Client) -> None:
    scan = upload(files.still("jpeg")[:900])
    assert "ends too early" in ann.get(f"/scans/{scan.pk}/").content.decode()


def test_deleting_leaves_hash_and_history(scan: Scan, ann: Client) -> None:
    delete_for_good(ann, scan)
    page = ann.get(f"/scans/{scan.pk}/").content.decode()
    assert scan.sha256 in page
    assert "me.jpg" not in page
    assert ann.get(f"/scans/{scan.pk}/media/").status_code == 404


def test_feedback_is_kept_and_changes_nothing(scan: Scan, ann: Client) -> None:
    before = scan.assessment.outcome
    ann.post(f"/scans/{scan.pk}/feedback/", {"kind": "false_alarm", "text": "It is me."})
    said = Feedback.objects.get()
    assert (said.kind, said.text, said.assessment) == ("false_alarm", "It is me.", scan.assessment)
    assert scan.assessment.outcome == before
    assert "You reported: It is not manipulated" in ann.get(f"/scans/{scan.pk}/").content.decode()
    ann.post(f"/scans/{scan.pk}/feedback/", {"kind": "nonsense"})
    assert Feedback.objects.count() == 1


def test_whether_a_re_save_would_turn_the_outcome_is_checked_before_anything_is_shown(
    bundles: Path, upload: Callable[..., Scan], ann: Client
) -> None:
    score = upload().assessment.score  # the network of these tests gives brighter faces higher scores
    (bundles / "panel.json").write_text(
        json.dumps({"cuts": {"little_below": score + 0.005, "manipulated_above": score + 0.006}})
    )
    scan = upload()
    assert scan.assessment.score == score
    assert scan.assessment.inspection["stability"]["stable"] is False
    assert "unstable" in {reason["code"] for reason in scan.assessment.reasons}
    assert scan.assessment.outcome == Outcome.INCONCLUSIVE, "a little brighter, and it would be likely manipulated"
    page = ann.get(f"/scans/{scan.pk}/").content.decode()
    assert "Harmless changes to the file change the score a lot" in page
    assert ann.post(f"/scans/{scan.pk}/stability/").status_code == 404
    assert scan.assessments.count() == 1, "no click of an uploader changes what was found"


def test_far_from_a_cut_off_nothing_is_checked_and_the_page_says_so(
    bundles: Path, upload: Callable[..., Scan], ann: Client
) -> None:
    (bundles / "panel.json").write_text(json.dumps({"cuts": {"little_below": 0.98, "manipulated_above": 0.99}}))
    scan = upload()
    assert scan.assessment.outcome == Outcome.LITTLE_EVIDENCE
    assert scan.assessment.inspection["stability"]["status"] == "not_run"
    assert "Not checked" in ann.get(f"/scans/{scan.pk}/").content.decode()


def test_a_likely_manipulation_is_always_checked(bundles: Path, upload: Callable[..., Scan], ann: Client) -> None:
    (bundles / "panel.json").write_text(json.dumps({"cuts": {"little_below": 0.01, "manipulated_above": 0.02}}))
    scan = upload()
    assert scan.assessment.outcome == Outcome.LIKELY_MANIPULATED
    assert scan.assessment.inspection["stability"]["stable"] is True
    assert "Harmless changes to the file hardly change the score" in ann.get(f"/scans/{scan.pk}/").content.decode()


def test_a_page_costs_no_more_queries_with_a_history_than_without(
    scan: Scan, ann: Client, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert ann.get(f"/scans/{scan.pk}/").status_code == 200
        return len(seen)

    ann.get(f"/scans/{scan.pk}/")  # what is asked once for each visitor
    before = queries()
    for _look in range(3):
        analysis.reassess(scan)
        ann.post(f"/scans/{scan.pk}/share/", {"days": "7"})
        ann.post(f"/scans/{scan.pk}/feedback/", {"kind": "other"})
    ann.get(f"/scans/{scan.pk}/")  # shows the messages, which the session then forgets
    assert queries() <= before + 1  # who gave the events, asked for once


def _kinds_of(error: type[detection.DetectionError]) -> set[type[detection.DetectionError]]:
    return {error}.union(*(_kinds_of(kind) for kind in error.__subclasses__()))


def test_a_failed_analysis_is_explained_in_the_language_of_the_reader(uploader: User, ann: Client) -> None:
    codes = {kind.code for kind in _kinds_of(detection.DetectionError)} - {"bad_bundle"} | {"gave_up"}
    for code in sorted(codes):
        scan = Scan.objects.create(
            owner=uploader, name="a", sha256="0" * 64, bytes=1, status="failed", refusal=code, failure_message="English"
        )
        pages = {
            language: ann.get(f"/scans/{scan.pk}/", headers={"accept-language": language}).content.decode()
            for language in ("en", "de")
        }
        sentences = {
            language: re.findall(r'<section class="panel"><h2>[^<]+</h2>\s*<p>([^<]+)</p>', page)[0]
            for language, page in pages.items()
        }
        assert sentences["en"] != sentences["de"], code
        assert "English" not in sentences.values(), code
