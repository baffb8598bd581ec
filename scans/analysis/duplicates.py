"""A file that its owner uploads again: the earlier assessment by the same panel is copied."""

from django.core.files.base import ContentFile
from django.db import transaction

from ..models import Artifact, Assessment, Finding, Fingerprint, Scan, Status
from . import routing


def take_over(scan: Scan, earlier: Assessment) -> None:
    """Copy the earlier assessment, its findings, artifacts and fingerprints to this scan."""
    copied: list[Artifact] = []
    try:
        _copy(scan, earlier, copied)
    except BaseException:
        for artifact in copied:
            artifact.file.delete(save=False)
        raise


def _copy(scan: Scan, earlier: Assessment, copied: list[Artifact]) -> None:
    with transaction.atomic():
        copy = Assessment.objects.create(
            scan=scan,
            same_as=earlier,
            **{
                name: getattr(earlier, name)
                for name in ("outcome", "score", "calibrated", "reasons", "panel", "inspection", "version")
            },
        )
        Finding.objects.bulk_create(
            Finding(
                assessment=copy,
                **{
                    field.attname: getattr(finding, field.attname)
                    for field in Finding._meta.concrete_fields
                    if field.name not in ("id", "assessment")
                },
            )
            for finding in earlier.findings.all()
        )
        for artifact in earlier.artifacts.all():
            with artifact.file.open("rb") as file:
                duplicate = Artifact(assessment=copy, kind=artifact.kind, content=artifact.content)
                duplicate.file.save(str(artifact.file.name).rpartition("-")[2], ContentFile(file.read()), save=False)
                copied.append(duplicate)
                duplicate.save()
        Fingerprint.objects.bulk_create(
            Fingerprint.from_bits(scan, fingerprint.time, fingerprint.unsigned)
            for fingerprint in earlier.scan.fingerprints.all()
        )
        scan.move(
            Status.ANALYSED,
            event={**copy.event_content(), "same_as": earlier.pk},
            kind=earlier.scan.kind,
            format=earlier.scan.format,
        )
        routing.route(scan, copy)


def find_earlier(scan: Scan, panel_id: str) -> Assessment | None:
    """The latest assessment by this panel of the same file from the same owner."""
    latest: Assessment | None = (
        Assessment.objects.filter(scan__owner=scan.owner_id, scan__sha256=scan.sha256, scan__status=Status.ANALYSED)
        .filter(panel__id=panel_id, partial=False, scan__media_deleted_at=None)
        .select_related("scan")
        .first()
    )
    return latest
