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
    """Any number of them, in a number of queries that does not grow with it."""
    around = prefetch.around(rows, person)
    return [_scan(one, around[one.pk]) for one in rows]


def scan(one: Scan, person: Any) -> dict[str, Any]:
    return scans([one], person)[0]


def _scan(one: Scan, around: ScanContext) -> dict[str, Any]:
    newest = None if around.withheld else around.newest
    return {
        "id": str(one.pk),
        "object": "scan",
        "created_at": moment(one.created_at),
        "version": around.version,
        "sandbox": one.sandbox,
        "external_id": one.external_id or None,
        "metadata": one.metadata,
        "batch": str(one.batch_id) if one.batch_id else None,
        "media": _media(one, around),
        "status": one.status,
        "purge_at": moment(one.purge_at),
        "progress": one.progress,
        "queue_position": around.position,
        "failure": {"code": one.refusal, "detail": one.failure_message} if one.status == Status.FAILED else None,
        "assessment": assessment(newest, around.heatmap) if newest else None,
        "review": _review(around),
        "effective": effective.as_json(None if around.withheld else around.settled, newest),
    }


def _media(one: Scan, around: ScanContext) -> dict[str, Any]:
    newest = around.newest
    said = newest.inspection.get("media", {}) if newest else {}
    duration = said.get("duration")
    return {
        "kind": one.kind or None,
        "sha256": one.sha256,
        "bytes": one.bytes,
        "name": one.name,
        "mime": MIME.get(one.format),
        "width": said.get("width"),
        "height": said.get("height"),
        "duration_ms": round(duration * 1000) if duration else None,
        "deduplicated_from": str(newest.same_as.scan_id) if newest and newest.same_as else None,
        "deleted_at": moment(around.deleted_at),
    }


def assessment(one: Assessment, heatmap: uuid.UUID | None = None) -> dict[str, Any]:
    said = one.inspection
    cuts = said.get("cuts")
    faces = said.get("faces", [])
    worst = next((face for face in faces if face["id"] == said.get("deciding_face")), None)
    return {
        "id": one.pk,
        "at": moment(one.at),
        "outcome": one.outcome,
        "score": one.score,
        "score_is": "calibrated_probability_of_manipulation" if one.calibrated else "uncalibrated_score",
        "band": {"low": cuts[0], "high": cuts[1]} if cuts else None,
        "reasons": [
            {
                "code": reason["code"],
                "said": words.sentence(reason),
                "detail": {key: value for key, value in reason.items() if key != "code"},
            }
            for reason in one.reasons
        ],
        "models": [
            {
                "name": finding.bundle, "version": finding.version, "weights_sha256": finding.weights,
                "status": finding.status, "score": finding.score, "score_raw": finding.score_raw,
                "policy": finding.policy, "ms": round(finding.milliseconds, 1),
            }
            for finding in one.findings.all()
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
            for part in said.get("segments", [])
        ],
        "explanations": [
            {
                "kind": "heatmap",
                "status": said.get("heatmap", {}).get("status", "not_run"),
                "said": said.get("heatmap", {}).get("said", ""),
                "artifact_id": str(heatmap) if heatmap else None,
            }
        ],
        "panel_id": one.panel.get("id"),
        "software_version": one.version,
        "disclaimer": _("An automated estimate, not proof. A person can review it, and you can appeal."),
    }  # fmt: skip


def _review(around: ScanContext) -> dict[str, Any]:
    item = around.item
    return {
        "state": _state(around),
        "reason_codes": sorted({why.reason for why in item.reasons.all()}) if item and not item.blind else [],
        "due_at": moment(item.due_at) if item else None,
    }


def _state(around: ScanContext) -> str:
    if around.appealed:
        return "appealed"
    if around.held:
        return "held"
    item = around.item
    if item is not None and not item.is_double:
        return "claimed" if item.held_until and item.held_until > timezone.now() else "pending"
    return "decided" if around.settled else "none"


def frame(one: dict[str, Any]) -> dict[str, Any]:
    return {"index": one["index"], "at_ms": round(one["time"] * 1000), "score": one["score"], "faces": one["faces"]}


def face(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "track": one["id"],
        "score": one["score"],
        "box": one["box"],
        "landmarks": one["landmarks"],
        "confidence": one["confidence"],
        "best_at_ms": round(one["best_time"] * 1000),
        "applicable": one["applicable"],
        "reasons": [{"code": reason["code"], "said": words.sentence(reason)} for reason in one["reasons"]],
        "seen": len(one["sightings"]),
    }


def artifact(one: Artifact, address: str) -> dict[str, Any]:
    return {
        "id": str(one.pk),
        "object": "artifact",
        "kind": one.kind,
        "mime": "image/png" if str(one.file.name).endswith(".png") else "image/jpeg",
        "content": one.content,
        "url": address,
    }


def batches(rows: Sequence[Batch]) -> list[dict[str, Any]]:
    counts = Batch.counts_of(rows)
    return [_batch(one, counts[one.pk]) for one in rows]


def batch(one: Batch) -> dict[str, Any]:
    return batches([one])[0]


def _batch(one: Batch, counts: dict[str, int]) -> dict[str, Any]:
    return {
        "id": str(one.pk),
        "object": "batch",
        "created_at": moment(one.created_at),
        "sandbox": one.sandbox,
        "complete": one.sealed_at is not None,
        "done": one.sealed_at is not None and not any(counts.get(status) for status in MOVING),
        "counts": counts,
        "refused": one.refused,
    }
