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
from django.db import OperationalError, transaction
from django.db.models import F
from django.utils import timezone

import detection

from . import capture, disk, lookalikes, outages, routing
from .heartbeat import heartbeat, in_work
from .models import (
    Artifact,
    Assessment,
    Event,
    Finding,
    Live,
    Outcome,
    PanelVersion,
    Scan,
    Status,
    WrongState,
)
from .outages import PanelUnreadable

log = structlog.get_logger(__name__)

GLIMPSE = 8  # pictures of a watched camera that are looked at together
EVERY = 1.0  # seconds between two notes of progress


class Cancelled(Exception):
    """The scan was taken away while it was being analysed."""


def recognise(path: Path) -> str | None:
    """What a file is, by its first bytes."""
    return detection.recognise_file(path)


def panel() -> detection.Panel:
    try:
        return with_own_cuts(detection.read_panel(settings.BUNDLES_DIR))
    except detection.DetectionError as error:
        raise PanelUnreadable(str(error)) from error


def with_own_cuts(read: detection.Panel) -> detection.Panel:
    """The panel as the folder has it, with the cuts that two people of this site have agreed on, if they have."""
    own = PanelVersion.current()
    if own is None:
        return read
    cuts = {"little_below": own.little_below, "manipulated_above": own.manipulated_above}
    return read.with_policy({**read.policy, "cuts": cuts})


def cards() -> list[dict[str, Any]]:
    """What the installed bundles' cards say, with the word that each has in the panel."""
    return [
        {
            **bundle.card,
            "label": bundle.label,
            "weight": weight.value,
            "calibrated": bundle.calibration.fitted and bundle.calibration.holds,
        }
        for bundle, weight in panel().members
    ]


def media() -> list[dict[str, Any]]:
    """Which bundles the panel hears in photos and in films, and which it does not hear there."""
    current = panel()
    usable = [bundle.label for bundle, weight in current.members if weight != "ignore"]
    heard = {medium: [bundle.label for bundle, _ in current.heard_in(medium)] for medium in detection.Medium}
    return [
        {
            "medium": medium.value,
            "bundles": labels,
            "not_heard": [label for label in usable if label not in labels],
            "weights": current.fusion[medium].weights if medium in current.fusion else {},
        }
        for medium, labels in heard.items()
    ]


def cuts_in_force() -> tuple[Any, Any]:
    """For photos, and for videos."""
    current = panel()
    return current.cuts_in(detection.Medium.PHOTO), current.cuts_in(detection.Medium.FILM)


def measured() -> dict[str, Any]:
    """As a card has it, what was measured of all bundles together, under the cuts that are in force."""
    told = detection.evaluations_of(panel(), settings.BUNDLES_DIR)
    return {"label": "panel", "figures": [{**one, "data": one.get("source", "")} for one in told]}


def analyse(scan: Scan) -> None:
    """Judge a queued scan. WrongState if somebody else has it; cancelled meanwhile, it is let go."""
    if scan.sandbox:
        raise WrongState("No model looks at what is in the sandbox.")
    if not disk.has_room():
        log.error("the disk is full, the scan stays in the queue", scan=str(scan.pk))
        return
    bundles = panel()  # before anything is begun: while it can't be read, the scan stays in the queue
    scan.move(Status.ANALYSING)
    try:
        with heartbeat(scan), local_file(scan) as path:
            finding = detection.inspect(
                path,
                bundles=bundles,
                limits=_limits(),
                progress=_noting(scan),
                check_stability=None,
            )
    except detection.DetectionError as refusal:
        fail(scan, refusal.code, str(refusal))
    except Cancelled:
        log.info("analysis cancelled", scan=str(scan.pk))
    else:
        try:
            outages.wait_out(lambda: record(scan, finding))
        except WrongState:
            log.info("analysis came too late", scan=str(scan.pk))
        except (OSError, OperationalError) as error:
            if not disk.is_full(error):
                raise
            log.error("the disk is full, the scan goes back into the queue", scan=str(scan.pk), error=repr(error))
            outages.wait_out(lambda: scan.move(Status.QUEUED, attempts=F("attempts") - 1))


def _limits() -> detection.Limits:
    return detection.Limits(bytes=settings.MAX_UPLOAD_MB * 2**20, wall_seconds=float(settings.ANALYSIS_SECONDS))


def fail(scan: Scan, code: str, message: str) -> None:
    scan.move(Status.FAILED, refusal=code, failure_message=message[:300], event={"code": code})


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
    """Progress, now and then; and the moment at which a cancelled scan is noticed."""
    last = time.monotonic()

    def progress(share: float) -> None:
        nonlocal last
        if time.monotonic() - last < EVERY and share < 1.0:
            return
        last = time.monotonic()
        shown = {"progress": min(share, 0.99), "heartbeat_at": timezone.now()}
        if not outages.wait_out(lambda: in_work(scan).update(**shown)):
            raise Cancelled

    return progress


def record(scan: Scan, finding: detection.Finding) -> Assessment:
    """Assessment, findings, pictures, state and event: all of it or nothing."""
    written: list[Artifact] = []
    complete = False
    try:
        with transaction.atomic():
            assessment = _write(scan, finding, written)
            lookalikes.remember(scan, [(one.time, one.jpeg) for one in finding.previews])
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
            _take_back(written)
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
        partial=_is_partial(finding),
    )
    Finding.objects.bulk_create(_findings(assessment, finding))
    _draw(assessment, finding, written)
    return assessment


def _take_back(written: list[Artifact]) -> None:
    for artifact in written:
        artifact.file.delete(save=False)


def _is_partial(finding: detection.Finding) -> bool:
    """Whether a bundle of the panel was damaged, missing or could not run."""
    return any(reason.code is detection.Code.BUNDLE_FAILED for reason in finding.reasons)


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


def _draw(assessment: Assessment, finding: detection.Finding, written: list[Artifact]) -> None:
    drawn: list[tuple[str, str, bytes, dict[str, Any]]] = [
        (Artifact.Kind.PORTRAIT, "face.jpg", portrait.jpeg, portrait.to_dict()) for portrait in finding.portraits
    ]
    drawn += [(Artifact.Kind.PREVIEW, "preview.jpg", one.jpeg, one.to_dict()) for one in finding.previews]
    if finding.heatmap.png is not None and finding.heatmap.ground is not None:
        drawn.append((Artifact.Kind.HEATMAP, "heatmap.png", finding.heatmap.png, finding.heatmap.to_dict()))
        drawn.append((Artifact.Kind.GROUND, "ground.jpg", finding.heatmap.ground, {}))
    for kind, name, content, said in drawn:
        artifact = Artifact(assessment=assessment, kind=kind, content=said)
        artifact.file.save(name, ContentFile(content), save=False)
        written.append(artifact)
        artifact.save()


def complete(scan: Scan) -> Assessment | None:
    """Judge again what was judged by a panel that was not whole; None if it still isn't."""
    standing = scan.assessment
    if standing is None or not standing.partial:
        raise WrongState("This scan was judged by a whole panel.")
    with local_file(scan) as path:
        finding = detection.inspect(path, bundles=panel(), limits=_limits(), check_stability=None)
    return None if _is_partial(finding) else _add_assessment(scan, finding, instead_of=standing)


def is_whole(panel: detection.Panel) -> bool:
    """Reads all weights: they may have been damaged since they were loaded."""
    return bool(panel.active) and not panel.faults()


def reassess(scan: Scan) -> Assessment:
    """Another look at an analysed file: the earlier assessments stay, this one stands now."""
    with local_file(scan) as path:
        finding = detection.inspect(path, bundles=panel(), limits=_limits(), check_stability=None)
    return _add_assessment(scan, finding)


def _add_assessment(scan: Scan, finding: detection.Finding, *, instead_of: Assessment | None = None) -> Assessment:
    written: list[Artifact] = []
    try:
        with transaction.atomic():
            if not Scan.objects.select_for_update().analysed().kept().filter(pk=scan.pk).exists():
                raise WrongState("This scan is no longer analysed.")
            if instead_of is not None and scan.assessments.first() != instead_of:
                raise WrongState("Another assessment stands now.")
            assessment = _write(scan, finding, written)
            routing.route(scan, assessment)
            Event.objects.create(scan=scan, kind="reassessed", content=assessment.event_content())
    except BaseException:
        _take_back(written)
        raise
    return assessment


def glimpse(live: Live) -> None:
    """What the latest pictures of a watched camera say: the same detector, the same words, and nothing is kept."""
    latest = list(live.pictures.order_by("-id")[:GLIMPSE])[::-1]
    pictures = []
    for picture in latest:
        with picture.file.open("rb") as file:
            pictures.append(file.read())
    said: dict[str, Any] = {}
    with tempfile.NamedTemporaryFile(prefix="live-") as film:
        for piece in capture.film(pictures, rate=1) if len(pictures) > 1 else pictures:
            film.write(piece)
        film.flush()
        try:
            finding = detection.inspect(Path(film.name), bundles=panel(), limits=_limits(), heatmap=False)
        except detection.DetectionError as refusal:
            said = {"refusal": refusal.code}
        else:
            said = {**_glimpsed(finding), "pictures": len(pictures)}
    Live.objects.filter(pk=live.pk).update(estimate=said, asked_at=None)


def _glimpsed(finding: detection.Finding) -> dict[str, Any]:
    told = finding.to_dict()
    heard = [one["score"] for one in told["bundles"] if one["status"] == "ran" and one["score"] is not None]
    return {
        "outcome": finding.outcome.value,
        "score": finding.score,
        "heard": heard,
        "cuts": told["cuts"],
        "calibrated": finding.calibrated,
        "reasons": told["reasons"],
        "faces": len(told["faces"]),
    }
