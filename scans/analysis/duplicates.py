"""The same file by the same person again: what the same panel said of it is said again."""

from django.core.files.base import ContentFile
from django.db import transaction

from ..models import Artifact, Assessment, Finding, Fingerprint, Scan, Status
from . import routing


def take_over(scan: Scan, known: Assessment) -> None:
    """The same file, the same panel: what was said of it then is said again, without another look."""
    copied: list[Artifact] = []
    try:
        _copy(scan, known, copied)
    except BaseException:
        for artifact in copied:
            artifact.file.delete(save=False)
        raise


def _copy(scan: Scan, known: Assessment, copied: list[Artifact]) -> None:
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
        for one in known.artifacts.all():
            with one.file.open("rb") as file:
                twin = Artifact(assessment=copy, kind=one.kind, content=one.content)
                twin.file.save(str(one.file.name).rpartition("-")[2], ContentFile(file.read()), save=False)
                copied.append(twin)
                twin.save()
        Fingerprint.objects.bulk_create(
            Fingerprint.of(scan, one.time, one.unsigned) for one in known.scan.fingerprints.all()
        )
        scan.move(
            Status.ANALYSED,
            event={**copy.event_content(), "same_as": known.pk},
            kind=known.scan.kind,
            format=known.scan.format,
        )
        routing.route(scan, copy)


def known(scan: Scan, panel_id: str) -> Assessment | None:
    """What the panel of this id said of this very file, when its owner brought it before."""
    latest: Assessment | None = (
        Assessment.objects.filter(scan__owner=scan.owner_id, scan__sha256=scan.sha256, scan__status=Status.ANALYSED)
        .filter(panel__id=panel_id, partial=False)
        .select_related("scan")
        .first()
    )
    return latest
