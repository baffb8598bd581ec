"""The only caller of the detector: from a queued scan to its assessment, and back from workers that died."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

import detection

from .models import Artifact, Assessment, Finding, Outcome, Scan, Status, WrongState

log = structlog.get_logger(__name__)

TRIES = 3  # workers that one file may cost
EVERY = 1.0  # seconds between two notes of progress


class Cancelled(Exception):
    """The scan was taken away while it was being analysed."""


def recognise(path: Path) -> str | None:
    """What a file is, by its first bytes."""
    return detection.recognise_file(path)


def panel() -> detection.Panel:
    return detection.read_panel(settings.BUNDLES_DIR)


def analyse(scan: Scan) -> None:
    """Judge a queued scan. WrongState if somebody else has it; cancelled meanwhile, it is let go."""
    scan.move(Status.ANALYSING)
    try:
        with local_file(scan) as path:
            finding = detection.inspect(
                path,
                bundles=panel(),
                limits=detection.Limits(
                    bytes=settings.MAX_UPLOAD_MB * 2**20, wall_seconds=float(settings.ANALYSIS_SECONDS)
                ),
                progress=_noting(scan),
            )
    except detection.DetectionError as refusal:
        fail(scan, refusal.code, str(refusal))
    except Cancelled:
        log.info("analysis cancelled", scan=str(scan.pk))
    else:
        try:
            record(scan, finding)
        except WrongState:
            log.info("analysis came too late", scan=str(scan.pk))


def fail(scan: Scan, code: str, said: str) -> None:
    scan.move(Status.FAILED, refusal=code, said=said[:300], event={"code": code})


@contextmanager
def local_file(scan: Scan) -> Iterator[Path]:
    """The media as a file on this machine, wherever they are stored."""
    try:
        yield Path(scan.media.path)
        return
    except NotImplementedError:
        pass
    with tempfile.NamedTemporaryFile(prefix="scan-") as copy, scan.media.open("rb") as stored:
        for piece in stored.chunks():
            copy.write(piece)
        copy.flush()
        yield Path(copy.name)


def _noting(scan: Scan) -> Callable[[float], None]:
    """Progress and a sign of life, now and then; and the moment at which a cancelled scan is noticed."""
    last = time.monotonic()

    def progress(share: float) -> None:
        nonlocal last
        if time.monotonic() - last < EVERY and share < 1.0:
            return
        last = time.monotonic()
        mine = Scan.objects.filter(pk=scan.pk, status=Status.ANALYSING, attempts=scan.attempts)
        if not mine.update(progress=min(share, 0.99), heard_at=timezone.now()):
            raise Cancelled

    return progress


def record(scan: Scan, finding: detection.Finding) -> Assessment:
    """Assessment, findings, pictures, state and event: all of it or nothing."""
    written: list[Artifact] = []
    try:
        with transaction.atomic():
            assessment = Assessment.objects.create(
                scan=scan,
                outcome=Outcome(finding.outcome.value),
                score=finding.score,
                calibrated=_is_calibrated(finding),
                reasons=[reason.to_dict() for reason in finding.reasons],
                panel=finding.panel,
                inspection=finding.to_dict(),
                version=settings.VERSION,
            )
            Finding.objects.bulk_create(_findings(assessment, finding))
            written += _artifacts(assessment, finding)
            scan.move(
                Status.ANALYSED,
                event={"assessment": assessment.pk, "outcome": assessment.outcome},
                kind=finding.media["kind"],
                format=finding.media["format"],
            )
    except BaseException:
        for artifact in written:
            artifact.file.delete(save=False)
        raise
    return assessment


def _is_calibrated(finding: detection.Finding) -> bool:
    deciding = [one for one in finding.bundles if one.bundle.label == finding.deciding_bundle]
    return bool(deciding and deciding[0].calibrated)


def _findings(assessment: Assessment, finding: detection.Finding) -> list[Finding]:
    return [
        Finding(
            assessment=assessment,
            bundle=one.bundle.name,
            version=one.bundle.version,
            weights=one.bundle.sha256,
            preprocessing=one.bundle.preprocessing,
            policy=one.policy,
            status=one.status,
            score=one.score,
            score_raw=one.score_raw,
            milliseconds=one.milliseconds,
        )
        for one in finding.bundles
    ]


def _artifacts(assessment: Assessment, finding: detection.Finding) -> list[Artifact]:
    drawn: list[tuple[str, str, bytes, dict[str, Any]]] = [
        (Artifact.Kind.PORTRAIT, "face.jpg", portrait.jpeg, portrait.to_dict()) for portrait in finding.portraits
    ]
    if finding.heatmap.png is not None:
        drawn.append((Artifact.Kind.HEATMAP, "heatmap.png", finding.heatmap.png, finding.heatmap.to_dict()))
    made = []
    for kind, name, content, said in drawn:
        artifact = Artifact(assessment=assessment, kind=kind, content=said)
        artifact.file.save(name, ContentFile(content), save=False)
        artifact.save()
        made.append(artifact)
    return made


def take_over(scan: Scan, known: Assessment) -> None:
    """The same file, the same panel: what was said of it then is said again, without another look."""
    with transaction.atomic():
        copy = Assessment.objects.create(
            scan=scan,
            same_as=known,
            **{
                name: getattr(known, name)
                for name in ("outcome", "score", "calibrated", "reasons", "panel", "inspection", "version")
            },
        )
        Finding.objects.bulk_create(
            Finding(
                assessment=copy,
                **{
                    field.attname: getattr(one, field.attname)
                    for field in Finding._meta.concrete_fields
                    if field.name not in ("id", "assessment")
                },
            )
            for one in known.findings.all()
        )
        scan.move(
            Status.ANALYSED,
            event={"assessment": copy.pk, "outcome": copy.outcome, "same_as": known.pk},
            kind=known.scan.kind,
            format=known.scan.format,
        )


def known(scan: Scan) -> Assessment | None:
    """What this very panel said of this very file, when its owner brought it before."""
    latest: Assessment | None = (
        Assessment.objects.filter(scan__owner=scan.owner_id, scan__sha256=scan.sha256, scan__status=Status.ANALYSED)
        .filter(panel__id=panel().id)
        .select_related("scan")
        .first()
    )
    return latest


def rescue() -> list[Scan]:
    """Scans whose worker fell silent: back into the queue, or given up when they have cost too many."""
    back = []
    for scan in Scan.objects.silent_for(settings.SILENCE_SECONDS):
        try:
            if scan.attempts >= TRIES:
                fail(scan, "gave_up", f"Analysing this file broke off {scan.attempts} times, so it was given up.")
            else:
                scan.move(Status.QUEUED, event={"attempts": scan.attempts})
                back.append(scan)
        except WrongState:
            continue  # it came back to life, or another rescuer was faster
    return back
