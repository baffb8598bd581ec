"""A panel that lacks a model: never a milder answer, never a copy, and judged again once it is whole."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from celery import current_app

from deepfake_site import health
from scans import tasks
from scans.analysis import duplicates
from scans.models import Outcome, Reason, ReviewItem, Scan, Status

from .conftest import bundle

pytestmark = pytest.mark.django_db
CALM = -40.0  # a network that finds nothing in any face


@pytest.fixture
def two_bundles(tmp_path: Path) -> Path:
    bundle(tmp_path / "bundles", "first", CALM)
    return bundle(tmp_path / "bundles", "second", CALM)


@pytest.fixture
def complete(django_capture_on_commit_callbacks: Callable[..., Any]) -> Callable[[], None]:
    def run() -> None:
        with django_capture_on_commit_callbacks(execute=True):
            tasks.complete_all()

    with current_app.connection_for_write() as broker:
        broker.default_channel.client.flushdb()
    return run


def damage(bundles: Path) -> bytes:
    weights = bundles / "second" / "model.onnx"
    content = weights.read_bytes()
    weights.write_bytes(content[:100])
    return content


def test_with_damaged_weights_nothing_is_judged_milder_and_a_person_looks(
    two_bundles: Path, upload: Callable[..., Scan], stranger: Any
) -> None:
    assert upload().outcome == Outcome.LITTLE_EVIDENCE
    damage(two_bundles)
    scan = upload(name="again.jpg")
    assert scan.outcome == Outcome.LITTLE_EVIDENCE, "what the whole panel said of it before still holds"
    scan = upload(owner=stranger)
    assert (scan.outcome, scan.assessment.partial) == (Outcome.INCONCLUSIVE, True)
    assert {"code": "bundle_failed", "bundle": "second/1"} in scan.assessment.reasons
    assert Reason.PARTIAL in ReviewItem.objects.get(scan=scan).reasons.values_list("reason", flat=True)
    assert health.bundles() == health.DEGRADED
    assert "second/1" in " ".join(health.problems_of("bundles"))


def test_it_is_judged_again_once_the_panel_is_whole_and_copied_only_then(
    two_bundles: Path, upload: Callable[..., Scan], complete: Callable[[], None]
) -> None:
    weights = damage(two_bundles)
    scan = upload()
    assert duplicates.find_earlier(scan, scan.assessment.panel["id"]) is None
    complete()
    assert scan.assessments.count() == 1, "the panel is not whole yet"
    (two_bundles / "second" / "model.onnx").write_bytes(weights)
    again = upload(run=False)
    assert again.status == Status.QUEUED, "a weak answer is not copied"
    complete()
    complete()
    scan.refresh_from_db()
    assert [assessment.partial for assessment in scan.assessments.all()] == [False, True]
    assert scan.outcome == Outcome.LITTLE_EVIDENCE
    assert scan.events.filter(kind="reassessed").count() == 1
    assert upload(run=False).assessment.same_as == scan.assessment


def test_two_workers_that_complete_the_same_scan_add_one_assessment(
    two_bundles: Path, upload: Callable[..., Scan], monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = damage(two_bundles)
    scan = upload()
    (two_bundles / "second" / "model.onnx").write_bytes(weights)
    import detection

    inspect = detection.inspect

    def meanwhile(*given: Any, **options: Any) -> Any:
        monkeypatch.setattr(detection, "inspect", inspect)
        tasks.complete(str(scan.pk))
        return inspect(*given, **options)

    monkeypatch.setattr(detection, "inspect", meanwhile, raising=False)
    tasks.complete(str(scan.pk))
    assert scan.assessments.count() == 2


def test_a_bundle_that_the_policy_names_and_that_is_gone_is_missed(
    two_bundles: Path, upload: Callable[..., Scan]
) -> None:
    (two_bundles / "panel.json").write_text(json.dumps({"bundles": {"third": "trust", "fourth": "ignore"}}))
    scan = upload()
    assert (scan.outcome, scan.assessment.partial) == (Outcome.INCONCLUSIVE, True)
    assert {"code": "bundle_failed", "bundle": "third"} in scan.assessment.reasons
    assert "third" in " ".join(health.problems_of("bundles"))
    assert "fourth" not in " ".join(health.problems_of("bundles"))


def test_a_policy_that_can_not_be_read_is_said_by_its_name_and_never_a_broken_page(
    two_bundles: Path, as_user: Callable[..., Any], uploader: Any
) -> None:
    (two_bundles / "panel.json").write_text('{"default": "incl')
    assert "panel.json" in " ".join(health.problems_of("bundles"))
    client = as_user(uploader)
    assert client.get("/models/").status_code == 503
    assert client.get("/api/v1/bundles").status_code == 503
