"""Stores what the detector found: assessment, findings, pictures, status and event, in one transaction."""

from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction

import detection

from ..models import Artifact, Assessment, Event, Finding, Outcome, Scan, Status, WrongState
from . import lookalikes, routing


def record(scan: Scan, finding: detection.Finding) -> Assessment:
    """Store the assessment, its findings and pictures, and the scan's new status, or nothing at all."""
    written: list[Artifact] = []
    complete = False
    try:
        with transaction.atomic():
            assessment = _write(scan, finding, written)
            lookalikes.remember(scan, [(preview.time, preview.jpeg) for preview in finding.previews])
            scan.move(
                Status.ANALYSED,
                event=assessment.event_content(),
                kind=finding.media["kind"],
                format=finding.media["format"],
            )
            routing.route(scan, assessment)
            complete = True
    except BaseException:
        if not complete:  # whether a commit that broke off was done can't be known; unused files are swept up later
            _delete_files(written)
        raise
    return assessment


def _write(scan: Scan, finding: detection.Finding, written: list[Artifact]) -> Assessment:
    assessment = Assessment.objects.create(
        scan=scan,
        outcome=Outcome(finding.outcome.value),
        score=finding.score,
        calibrated=finding.calibrated,
        reasons=[reason.to_dict() for reason in finding.reasons],
        panel=finding.panel,
        inspection=finding.to_dict(),
        version=settings.VERSION,
        partial=is_partial(finding),
    )
    Finding.objects.bulk_create(_findings(assessment, finding))
    _save_artifacts(assessment, finding, written)
    return assessment


def _delete_files(written: list[Artifact]) -> None:
    for artifact in written:
        artifact.file.delete(save=False)


def is_partial(finding: detection.Finding) -> bool:
    """Whether a bundle of the panel was damaged, missing or could not run."""
    return any(reason.code is detection.Code.BUNDLE_FAILED for reason in finding.reasons)


def _findings(assessment: Assessment, finding: detection.Finding) -> list[Finding]:
    return [
        Finding(
            assessment=assessment,
            bundle=result.bundle.name,
            version=result.bundle.version,
            weights=result.bundle.sha256,
            preprocessing=result.bundle.preprocessing,
            policy=result.policy,
            status=result.status,
            score=result.score,
            score_raw=result.score_raw,
            milliseconds=result.milliseconds,
        )
        for result in finding.bundles
    ]


def _save_artifacts(assessment: Assessment, finding: detection.Finding, written: list[Artifact]) -> None:
    drawn: list[tuple[str, str, bytes, dict[str, Any]]] = [
        (Artifact.Kind.PORTRAIT, "face.jpg", portrait.jpeg, portrait.to_dict()) for portrait in finding.portraits
    ]
    drawn += [(Artifact.Kind.PREVIEW, "preview.jpg", preview.jpeg, preview.to_dict()) for preview in finding.previews]
    if finding.heatmap.png is not None and finding.heatmap.ground is not None:
        drawn.append((Artifact.Kind.HEATMAP, "heatmap.png", finding.heatmap.png, finding.heatmap.to_dict()))
        drawn.append((Artifact.Kind.GROUND, "ground.jpg", finding.heatmap.ground, {}))
    for kind, name, content, details in drawn:
        artifact = Artifact(assessment=assessment, kind=kind, content=details)
        artifact.file.save(name, ContentFile(content), save=False)
        written.append(artifact)
        artifact.save()


def add_assessment(scan: Scan, finding: detection.Finding, *, instead_of: Assessment | None = None) -> Assessment:
    written: list[Artifact] = []
    try:
        with transaction.atomic():
            if not Scan.objects.select_for_update().judgeable().filter(pk=scan.pk).exists():
                raise WrongState("This scan is no longer analysed.")
            if instead_of is not None and scan.assessments.first() != instead_of:
                raise WrongState("Another assessment stands now.")
            assessment = _write(scan, finding, written)
            routing.route(scan, assessment)
            Event.objects.create(scan=scan, kind="reassessed", content=assessment.event_content())
    except BaseException:
        _delete_files(written)
        raise
    return assessment
