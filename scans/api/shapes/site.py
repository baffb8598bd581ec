"""What happened, and reports."""

from collections.abc import Sequence
from typing import Any

from ...models import Change, Event, Report
from ...outcome import blind
from ...outcome.statement import moment


def changes(rows: Sequence[Change], person: Any) -> list[dict[str, Any]]:
    kept_back = blind.withheld([change.scan_id for change in rows if change.scan_id], person)
    return [_change(change, is_open=change.scan_id not in kept_back) for change in rows]


def _change(change: Change, *, is_open: bool) -> dict[str, Any]:
    return {
        "id": str(change.pk),
        "object": "change",
        "type": change.kind,
        "created_at": moment(change.at),
        "scan": str(change.scan_id) if change.scan_id else None,
        "batch": str(change.batch_id) if change.batch_id else None,
        "external_id": (change.scan.external_id or None) if change.scan else None,
        "version": change.version,
        "effective": change.effective if change.scan_id and is_open else None,
        "before": change.before if is_open else None,
    }


def event(event: Event) -> dict[str, Any]:
    """What happened, without who did it."""
    return {
        "id": str(event.pk),
        "object": "event",
        "scan": str(event.scan_id),
        "kind": event.kind,
        "said": str(event),
        "by": "a person" if event.actor_id else "the site",
        "at": moment(event.at),
    }


def report(report: Report) -> dict[str, Any]:
    """No more than the public page says."""
    return {"object": "report", "standing": report.standing, "code": report.code, "made_at": moment(report.made_at)}
