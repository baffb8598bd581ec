"""Uploaded files, and what the models found in them."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from ...models import Artifact, Assessment, Batch, Scan, Status
from ...models.scan import MOVING
from ...outcome import effective, words
from ...outcome.statement import moment
from .. import prefetch
from ..prefetch import ScanContext

MIME = {
    "jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp", "gif": "image/gif", "bmp": "image/bmp",
    "tiff": "image/tiff", "avif": "image/avif", "heic": "image/heic", "mp4": "video/mp4", "mov": "video/quicktime",
    "webm": "video/webm", "mkv": "video/x-matroska", "avi": "video/x-msvideo",
}  # fmt: skip


def scans(rows: Sequence[Scan], person: Any) -> list[dict[str, Any]]:
    """Any number of scans in a constant number of queries."""
    contexts = prefetch.load_contexts(rows, person)
    return [_scan(scan, contexts[scan.pk]) for scan in rows]


def scan(scan: Scan, person: Any) -> dict[str, Any]:
    return scans([scan], person)[0]


def _scan(scan: Scan, context: ScanContext) -> dict[str, Any]:
    newest = None if context.withheld else context.newest
    return {
        "id": str(scan.pk),
        "object": "scan",
        "created_at": moment(scan.created_at),
        "version": context.version,
        "sandbox": scan.sandbox,
        "external_id": scan.external_id or None,
        "metadata": scan.metadata,
        "batch": str(scan.batch_id) if scan.batch_id else None,
        "media": _media(scan, context),
        "status": scan.status,
        "purge_at": moment(scan.purge_at),
        "progress": scan.progress,
        "queue_position": context.position,
        "failure": {"code": scan.refusal, "detail": scan.failure_message} if scan.status == Status.FAILED else None,
        "assessment": assessment(newest, context.heatmap) if newest else None,
        "review": _review(context),
        "effective": effective.as_json(None if context.withheld else context.settled, newest),
    }


def _media(scan: Scan, context: ScanContext) -> dict[str, Any]:
    newest = context.newest
    media = newest.inspection.get("media", {}) if newest else {}
    duration = media.get("duration")
    return {
        "kind": scan.kind or None,
        "sha256": scan.sha256,
        "bytes": scan.bytes,
        "name": scan.name,
        "mime": MIME.get(scan.format),
        "width": media.get("width"),
        "height": media.get("height"),
        "duration_ms": round(duration * 1000) if duration else None,
        "deduplicated_from": str(newest.same_as.scan_id) if newest and newest.same_as else None,
        "delete_after": moment(context.delete_after),
        "deleted_at": moment(context.deleted_at),
        "zero_retention": scan.zero_retention,
    }


def assessment(assessment: Assessment, heatmap: uuid.UUID | None = None) -> dict[str, Any]:
    inspection = assessment.inspection
    cuts = inspection.get("cuts")
    faces = inspection.get("faces", [])
    worst = next((face for face in faces if face["id"] == inspection.get("deciding_face")), None)
    return {
        "id": assessment.pk,
        "at": moment(assessment.at),
        "outcome": assessment.outcome,
        "score": assessment.score,
        "score_is": "calibrated_probability_of_manipulation" if assessment.calibrated else "uncalibrated_score",
        "band": {"low": cuts[0], "high": cuts[1]} if cuts else None,
        "reasons": [
            {
                "code": reason["code"],
                "said": words.sentence(reason),
                "detail": {key: value for key, value in reason.items() if key != "code"},
            }
            for reason in assessment.reasons
        ],
        "models": [
            {
                "name": finding.bundle, "version": finding.version, "weights_sha256": finding.weights,
                "status": finding.status, "score": finding.score, "score_raw": finding.score_raw,
                "policy": finding.policy, "ms": round(finding.milliseconds, 1),
            }
            for finding in assessment.findings.all()
        ],
        "faces": {
            "count": len(faces),
            "worst": {"track": worst["id"], "score": worst["score"], "box": worst["box"]} if worst else None,
        },
        "segments": [
            {
                "start_ms": round(part["start"] * 1000),
                "end_ms": round(part["end"] * 1000),
                "peak": part["score"],
            }
            for part in inspection.get("segments", [])
        ],
        "explanations": [
            {
                "kind": "heatmap",
                "status": inspection.get("heatmap", {}).get("status", "not_run"),
                "said": inspection.get("heatmap", {}).get("said", ""),
                "artifact_id": str(heatmap) if heatmap else None,
            }
        ],
        "panel_id": assessment.panel.get("id"),
        "software_version": assessment.version,
        "disclaimer": _("An automated estimate, not proof. A person can review it, and you can appeal."),
    }  # fmt: skip


def _review(context: ScanContext) -> dict[str, Any]:
    item = context.item
    return {
        "state": _state(context),
        "reason_codes": sorted({reason.reason for reason in item.reasons.all()}) if item and not item.blind else [],
        "due_at": moment(item.due_at) if item else None,
    }


def _state(context: ScanContext) -> str:
    if context.appealed:
        return "appealed"
    if context.held:
        return "held"
    item = context.item
    if item is not None and not item.is_double:
        return "claimed" if item.held_until and item.held_until > timezone.now() else "pending"
    return "decided" if context.settled else "none"


def frame(frame: dict[str, Any]) -> dict[str, Any]:
    return {
        "index": frame["index"],
        "at_ms": round(frame["time"] * 1000),
        "score": frame["score"],
        "faces": frame["faces"],
    }


def face(face: dict[str, Any]) -> dict[str, Any]:
    return {
        "track": face["id"],
        "score": face["score"],
        "box": face["box"],
        "landmarks": face["landmarks"],
        "confidence": face["confidence"],
        "best_at_ms": round(face["best_time"] * 1000),
        "applicable": face["applicable"],
        "reasons": [{"code": reason["code"], "said": words.sentence(reason)} for reason in face["reasons"]],
        "seen": len(face["sightings"]),
    }


def artifact(artifact: Artifact, address: str) -> dict[str, Any]:
    return {
        "id": str(artifact.pk),
        "object": "artifact",
        "kind": artifact.kind,
        "mime": "image/png" if str(artifact.file.name).endswith(".png") else "image/jpeg",
        "content": artifact.content,
        "url": address,
    }


def batches(rows: Sequence[Batch]) -> list[dict[str, Any]]:
    counts = Batch.counts_of(rows)
    return [_batch(batch, counts[batch.pk]) for batch in rows]


def batch(batch: Batch) -> dict[str, Any]:
    return batches([batch])[0]


def _batch(batch: Batch, counts: dict[str, int]) -> dict[str, Any]:
    return {
        "id": str(batch.pk),
        "object": "batch",
        "created_at": moment(batch.created_at),
        "sandbox": batch.sandbox,
        "complete": batch.sealed_at is not None,
        "done": batch.sealed_at is not None and not any(counts.get(status) for status in MOVING),
        "counts": counts,
        "refused": batch.refused,
    }
