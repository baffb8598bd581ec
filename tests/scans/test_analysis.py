"""From the queue to an assessment: once, whoever else tries; and a file that kills its workers is given up."""

import datetime as dt
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.utils import timezone

import detection
from scans import analysis, tasks
from scans.analysis import runs
from scans.evidence import retention
from scans.models import (
    Assessment,
    Event,
    Feedback,
    Outcome,
    Resumable,
    Scan,
    Status,
    Unchangeable,
    WrongState,
)
from scans.retention import deletion
from scans.uploads import intake, resumable

from ..detection import files
from .conftest import bundle

pytestmark = pytest.mark.django_db


def test_both_rooms_use_the_same_words() -> None:
    assert set(Outcome.values) == {outcome.value for outcome in detection.Outcome}


def test_a_scan_is_judged_and_all_of_it_is_written_down(bundles: Path, upload: Callable[..., Scan]) -> None:
    scan = upload()
    assert scan.status == Status.ANALYSED
    assert (scan.kind, scan.format, scan.progress) == ("image", "jpeg", 1.0)
    assert [event.kind for event in scan.events.all()] == ["queued", "analysing", "analysed", "review_required"]
    assessment = scan.assessments.get()
    assert assessment.outcome in Outcome.values
    assert assessment.calibrated
    assert assessment.score == pytest.approx(assessment.inspection["score"], abs=1e-5)
    assert assessment.panel["bundles"] == {"bright/1": "include"}
    assert assessment.version
    finding = assessment.findings.get()
    assert (finding.bundle, finding.version, finding.status) == ("bright", "1", "ran")
    assert len(finding.weights) == 64
    assert finding.preprocessing == 2
    portraits = assessment.artifacts.filter(kind="portrait")
    assert portraits.count() == 1
    with portraits.get().file.open() as file:
        assert file.read(3) == b"\xff\xd8\xff"


def test_without_bundles_it_says_so(upload: Callable[..., Scan]) -> None:
    assessment = upload().assessments.get()
    assert assessment.outcome == Outcome.UNABLE_TO_EVALUATE
    assert assessment.score is None
    assert not assessment.calibrated
    assert assessment.reasons == [{"code": "no_bundle"}]


def test_a_damaged_file_fails_with_a_sentence(upload: Callable[..., Scan]) -> None:
    scan = upload(files.still("jpeg")[:900])
    assert scan.status == Status.FAILED
    assert scan.refusal == "truncated"
    assert "ends too early" in scan.failure_message
    assert not scan.assessments.exists()


def test_a_second_delivery_changes_nothing(bundles: Path, upload: Callable[..., Scan]) -> None:
    scan = upload()
    tasks.analyse(str(scan.pk))
    tasks.analyse("00000000-0000-0000-0000-000000000000")
    assert scan.assessments.count() == 1
    assert scan.events.count() == 4


def test_cancelled_in_the_middle_it_is_let_go(
    bundles: Path, upload: Callable[..., Scan], monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = upload(files.film(count=60), run=False)
    monkeypatch.setattr(runs, "PROGRESS_INTERVAL", 0.0)
    inspect = detection.inspect

    def and_cancel(*args: Any, progress: Callable[[float], None], **options: Any) -> Any:
        def told(share: float) -> None:
            if share > 0.2:
                Scan.objects.filter(pk=scan.pk).update(status=Status.CANCELLED)
            progress(share)

        return inspect(*args, progress=told, **options)

    monkeypatch.setattr(detection, "inspect", and_cancel, raising=False)
    tasks.analyse(str(scan.pk))
    scan.refresh_from_db()
    assert scan.status == Status.CANCELLED
    assert not scan.assessments.exists()
    assert 0 < scan.progress < 0.9


def fall_silent(scan: Scan, attempts: int) -> None:
    long_ago = timezone.now() - dt.timedelta(minutes=10)
    Scan.objects.filter(pk=scan.pk).update(status=Status.ANALYSING, heartbeat_at=long_ago, attempts=attempts)


def test_a_scan_whose_worker_died_is_taken_up_again(
    upload: Callable[..., Scan], django_capture_on_commit_callbacks: Any
) -> None:
    scan = upload(run=False)
    fall_silent(scan, attempts=1)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.rescue()
    scan.refresh_from_db()
    assert scan.status == Status.ANALYSED
    assert scan.attempts == 2
    assert [event.kind for event in scan.events.all()] == ["queued", "queued", "analysing", "analysed"]


def test_a_file_that_killed_three_workers_is_given_up_with_a_sentence(upload: Callable[..., Scan]) -> None:
    scan = upload(run=False)
    fall_silent(scan, attempts=3)
    tasks.rescue()
    scan.refresh_from_db()
    assert scan.status == Status.FAILED
    assert scan.refusal == "gave_up"
    assert "3 times" in scan.failure_message


def test_one_that_was_heard_of_just_now_is_left_alone(upload: Callable[..., Scan]) -> None:
    scan = upload(run=False)
    scan.move(Status.ANALYSING)
    tasks.rescue()
    scan.refresh_from_db()
    assert scan.status == Status.ANALYSING


def test_a_worker_that_comes_back_too_late_changes_nothing(bundles: Path, upload: Callable[..., Scan]) -> None:
    scan = upload(run=False)
    scan.move(Status.ANALYSING)
    with analysis.local_file(scan) as path:
        finding = detection.inspect(path, bundles=bundles)
    scan.move(Status.FAILED)
    with pytest.raises(WrongState):
        analysis.record(scan, finding)
    assert not Assessment.objects.exists()
    assert scan.events.last().kind == "failed"
    left = [p for p in Path(scan.media.storage.location).rglob("*") if p.is_file() and "artifacts" in p.parts]
    assert left == [], "its pictures go with it"


# Spelt out here, so that a transition added by mistake to the table of the code fails.
ALLOWED = {
    ("queued", "analysing"),
    ("queued", "analysed"),
    ("queued", "failed"),
    ("queued", "cancelled"),
    ("analysing", "queued"),
    ("analysing", "analysed"),
    ("analysing", "failed"),
    ("analysing", "cancelled"),
    ("analysed", "deleted"),
    ("failed", "deleted"),
    ("cancelled", "deleted"),
}


@pytest.mark.parametrize("start", Status)
@pytest.mark.parametrize("to", Status)
def test_a_scan_moves_only_where_it_may(start: Status, to: Status, upload: Callable[..., Scan]) -> None:
    scan = upload(run=False)
    Scan.objects.filter(pk=scan.pk).update(status=start)
    events = Event.objects.count()
    if (start.value, to.value) in ALLOWED:
        scan.move(to)
        assert scan.status == to
        assert Event.objects.count() == events + 1
    else:
        with pytest.raises(WrongState):
            scan.move(to)
        assert Event.objects.count() == events
        scan.refresh_from_db()
        assert scan.status == start


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_many_at_once_exactly_one_gets_through(upload: Callable[..., Scan]) -> None:
    scan = upload(run=False)  # without an outer transaction it has run already
    Scan.objects.filter(pk=scan.pk).update(status=Status.QUEUED)
    before = scan.events.filter(kind="analysing").count()
    barrier, won = threading.Barrier(8), []

    def grab() -> None:
        mine = Scan.objects.get(pk=scan.pk)
        barrier.wait()
        try:
            mine.move(Status.ANALYSING)
            won.append(mine)
        except WrongState:
            pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=grab) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert scan.events.filter(kind="analysing").count() == before + 1
    assert connection.vendor in ("sqlite", "postgresql")


def test_judgements_are_added_and_never_changed(bundles: Path, upload: Callable[..., Scan]) -> None:
    assessment = upload().assessments.get()
    assessment.score = 0.0
    with pytest.raises(Unchangeable):
        assessment.save()
    finding = assessment.findings.get()
    finding.score = 0.0
    with pytest.raises(Unchangeable):
        finding.save()


def test_a_stranger_sees_nothing_and_a_reviewer_everything(
    upload: Callable[..., Scan], uploader: Any, stranger: Any, moderator: Any
) -> None:
    from django.contrib.auth.models import AnonymousUser

    scan = upload(run=False)
    assert list(Scan.objects.visible_to(uploader)) == [scan]
    assert list(Scan.objects.visible_to(stranger)) == []
    assert list(Scan.objects.visible_to(moderator)) == [scan]
    assert list(Scan.objects.visible_to(AnonymousUser())) == []


def test_a_deleted_scan_keeps_its_history_and_loses_its_files(
    bundles: Path, upload: Callable[..., Scan], uploader: Any, own_media: Path, django_capture_on_commit_callbacks: Any
) -> None:
    scan = upload()
    with django_capture_on_commit_callbacks(execute=True):
        deletion.delete(scan, uploader)
    scan.refresh_from_db()
    assert scan.status == Status.DELETED
    assert scan.name == ""
    assert len(scan.sha256) == 64
    assert scan.assessments.get().score is not None
    assert [path for path in own_media.rglob("*") if path.is_file()] == []


def test_a_person_takes_their_scans_along_and_is_forgotten_with_them(
    bundles: Path, upload: Callable[..., Scan], uploader: Any, own_media: Path, django_capture_on_commit_callbacks: Any
) -> None:
    import io
    import json
    import zipfile

    from accounts import personal

    scan = upload()
    waiting = upload(files.still("png"), run=False)
    Feedback.objects.create(assessment=scan.assessment, person=uploader, kind="other", text="my own words")
    begun = resumable.begin(uploader, "holiday.jpg", 10)
    batch = intake.submit_all(uploader, [("me and you.jpg", ContentFile(b"no picture"))])
    out = io.BytesIO()
    personal.write_export(uploader, out)
    with zipfile.ZipFile(out) as archive:
        assert archive.read(f"scans/{scan.pk}/me.jpg")[:3] == b"\xff\xd8\xff"
        said = json.loads(archive.read(f"scans/{scan.pk}/scan.json"))
    assert said["assessments"][0]["outcome"] == scan.assessments.get().outcome
    assert said["feedback"][0]["text"] == "my own words"
    with django_capture_on_commit_callbacks(execute=True):
        kept = retention.holder.erase(uploader)
    assert kept == ["Of every scan its hash, scores and history, without the file and its name."]
    assert [path for path in own_media.rglob("*") if path.is_file()] == []
    waiting.refresh_from_db()
    assert waiting.status == Status.DELETED
    assert Feedback.objects.get().text == ""
    assert not Resumable.objects.filter(pk=begun.pk).exists()
    batch.refresh_from_db()
    assert batch.refused == []


def test_another_panel_adds_assessments_and_says_what_flips(
    bundles: Path, upload: Callable[..., Scan], capsys: pytest.CaptureFixture[str]
) -> None:
    scan = upload()
    before = scan.assessment
    call_command("rescore", "--dry-run")
    assert "1 scans would be analysed again" in capsys.readouterr().out
    bundle(bundles, "steep", 40.0)
    shutil.rmtree(bundles / "bright")
    call_command("rescore")
    said = capsys.readouterr().out
    after = scan.assessments.first()
    assert after.pk != before.pk
    assert f"{before.outcome} → {after.outcome}" in said
    assert "1 analysed again, 1 changed" in said
    assert Assessment.objects.get(pk=before.pk).panel == before.panel
    assert scan.events.filter(kind="reassessed").count() == 1
    shutil.rmtree(bundles / "steep")
    with pytest.raises(CommandError, match="No model"):
        call_command("rescore")
