"""Rows as JSON: the names and shapes that integrators build on. What is added is added; nothing is renamed."""

import datetime as dt
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from .. import statement
from ..models import Appeal, Assessment, Change, Decision, Feedback, Item, Scan, Status
from ..models.event import Kind
from ..statement import moment

MIME = {
    "jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp", "gif": "image/gif", "bmp": "image/bmp",
    "tiff": "image/tiff", "avif": "image/avif", "heic": "image/heic", "mp4": "video/mp4", "mov": "video/quicktime",
    "webm": "video/webm", "mkv": "video/x-matroska", "avi": "video/x-msvideo",
}  # fmt: skip


def scan(one: Scan) -> dict[str, Any]:
    newest = one.assessments.prefetch_related("findings").first()
    return {
        "id": str(one.pk),
        "object": "scan",
        "created_at": moment(one.created_at),
        "version": statement.version(one),
        "external_id": one.external_id or None,
        "metadata": one.metadata,
        "batch": str(one.batch_id) if one.batch_id else None,
        "media": _media(one, newest),
        "status": one.status,
        "progress": one.progress,
        "queue_position": one.position,
        "failure": {"code": one.refusal, "detail": one.said} if one.status == Status.FAILED else None,
        "assessment": assessment(newest) if newest else None,
        "review": _review(one),
        "effective": statement.effective(one),
    }


def _media(one: Scan, newest: Assessment | None) -> dict[str, Any]:
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
        "deleted_at": moment(_deleted_at(one)),
    }


def _deleted_at(one: Scan) -> dt.datetime | None:
    if one.status != Status.DELETED:
        return None
    last = one.events.filter(kind=Kind.DELETED).last()
    return last.at if last else None


def assessment(one: Assessment) -> dict[str, Any]:
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
            {"code": reason["code"], "detail": {key: value for key, value in reason.items() if key != "code"}}
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
        "panel_id": one.panel.get("id"),
        "software_version": one.version,
        "disclaimer": _("An automated estimate, not proof. A person can review it, and you can appeal."),
    }  # fmt: skip


def _review(one: Scan) -> dict[str, Any]:
    item = Item.objects.open().filter(scan=one).first()
    return {
        "state": _state(one, item),
        "reason_codes": sorted({why.reason for why in item.reasons.all()}) if item and not item.blind else [],
        "due_at": moment(item.due_at) if item else None,
    }


def _state(one: Scan, item: Item | None) -> str:
    if Appeal.objects.filter(decision__scan=one, answered_by=None).exists():
        return "appealed"
    if Decision.objects.pending().filter(scan=one).exists():
        return "held"
    if item is not None and not item.is_double:
        return "claimed" if item.held_until and item.held_until > timezone.now() else "pending"
    return "decided" if statement.verdict(one) else "none"


def decision(one: Decision) -> dict[str, Any]:
    """Without anybody's name."""
    second = getattr(one, "second", None)
    status = "canceled" if hasattr(one, "undone") or (second and second.verdict != "approve") else "final"
    if one.needs_second and second is None and status == "final":
        status = "held"
    elif status == "final" and one.superseded_by.exists():
        status = "superseded"
    return {
        "id": one.pk,
        "object": "decision",
        "label": one.label,
        "action": one.action,
        "policy": one.policy.code if one.policy else None,
        "note_public": one.public_note,
        "decided_at": moment(one.at),
        "source": "human",
        "status": status,
        "overrides_models": one.overrides,
        "supersedes": one.supersedes_id,
    }


def appeal(one: Appeal) -> dict[str, Any]:
    answer = one.answered_by
    told = answer if answer and answer.settles_at <= timezone.now() else None
    outcome = None
    if told:
        outcome = "upheld" if told.label == one.decision.label and told.action == one.decision.action else "overturned"
    return {
        "id": str(one.pk),
        "object": "appeal",
        "decision": one.decision_id,
        "text": one.text,
        "created_at": moment(one.at),
        "status": "answered" if told else "open",
        "outcome": outcome,
        "answer": one.answer if told else None,
    }


def feedback(one: Feedback) -> dict[str, Any]:
    return {
        "id": one.pk, "object": "feedback", "label": one.kind, "comment": one.text, "created_at": moment(one.at),
    }  # fmt: skip


def change(one: Change) -> dict[str, Any]:
    return {
        "id": str(one.pk),
        "object": "change",
        "type": one.kind,
        "created_at": moment(one.at),
        "scan": str(one.scan_id),
        "external_id": one.scan.external_id or None,
        "version": one.version,
        "effective": one.effective,
        "before": one.before,
    }
