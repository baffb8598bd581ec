"""What happened, and reports."""

from collections.abc import Sequence
from typing import Any

from ...models import Change, Event, Report
from ...outcome import blind
from ...outcome.statement import moment


def changes(rows: Sequence[Change], person: Any) -> list[dict[str, Any]]:
    kept_back = blind.withheld([one.scan_id for one in rows if one.scan_id], person)
    return [_change(one, told=one.scan_id not in kept_back) for one in rows]


def _change(one: Change, *, told: bool) -> dict[str, Any]:
    return {
        "id": str(one.pk),
        "object": "change",
        "type": one.kind,
        "created_at": moment(one.at),
        "scan": str(one.scan_id) if one.scan_id else None,
        "batch": str(one.batch_id) if one.batch_id else None,
        "external_id": (one.scan.external_id or None) if one.scan else None,
        "version": one.version,
        "effective": one.effective if one.scan_id and told else None,
        "before": one.before if told else None,
    }


def event(one: Event) -> dict[str, Any]:
    """What happened, without who did it."""
    return {
        "id": str(one.pk),
        "object": "event",
        "scan": str(one.scan_id),
        "kind": one.kind,
        "said": str(one),
        "by": "a person" if one.actor_id else "the site",
        "at": moment(one.at),
    }


def report(one: Report) -> dict[str, Any]:
    """No more than the public page says."""
    return {"object": "report", "standing": one.standing, "code": one.code, "made_at": moment(one.made_at)}
