"""A panel of this site's own: one lead proposes it, another approves, and every file after that is judged by it."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from .. import tasks
from ..insight import simulator
from ..models import Event, PanelVersion
from .queue import NotYours


class Stale(Exception):
    """Somebody has answered, or ended, it already."""


class NotTried(Exception):
    """It can't be approved: it was not tried on decided files yet, or the trial found something against it."""


@transaction.atomic
def propose_changes(person: Any, changes: dict[str, Any], cuts: tuple[float, float] | None, why: str) -> PanelVersion:
    """Other models, weights or cut-offs. A worker tries it before another lead can approve it."""
    if not person.has_perm("scans.lead_review"):
        raise NotYours
    if not why.strip():
        raise ValueError("a reason")
    low, high = cuts or (None, None)
    version = PanelVersion.objects.create(
        little_below=low, manipulated_above=high, changes=changes, why=why.strip()[:300], proposed_by=person
    )
    _record_event("proposed", version, person)
    tasks.send_for_trial(version)
    return version


def try_again(version: PanelVersion, person: Any) -> None:
    if not person.has_perm("scans.lead_review"):
        raise NotYours
    if not PanelVersion.objects.filter(pk=version.pk, approved_at=None, ended_at=None).update(rehearsal=None):
        raise Stale
    tasks.send_for_trial(version)


@transaction.atomic
def propose(person: Any, low: float, high: float, why: str) -> PanelVersion:
    """With what was to be expected of it, as the decided files told on that day."""
    if not person.has_perm("scans.lead_review"):
        raise NotYours
    if not 0 <= low <= high <= 1 or not why.strip():
        raise ValueError("cuts between 0 and 1, the lower one first, and a reason")
    version = PanelVersion.objects.create(
        little_below=low, manipulated_above=high, why=why.strip()[:300], proposed_by=person,
        expected=simulator.simulate(low, high).to_dict(),
    )  # fmt: skip
    _record_event("proposed", version, person)
    return version


@transaction.atomic
def approve(version: PanelVersion, person: Any) -> None:
    """By somebody else. What was in force until now ends with it."""
    if not person.has_perm("scans.lead_review") or person.pk == version.proposed_by_id:
        raise NotYours
    if not version.may_be_approved:
        raise NotTried
    now = timezone.now()
    PanelVersion.objects.filter(approved_at__isnull=False, ended_at=None).exclude(pk=version.pk).update(
        ended_at=now, ended_by=person
    )
    waiting = PanelVersion.objects.filter(pk=version.pk, approved_at=None, ended_at=None)
    if not waiting.update(approved_by=person, approved_at=now):
        raise Stale
    _record_event("approved", version, person)


@transaction.atomic
def end(version: PanelVersion, person: Any) -> None:
    """Turned down, or no longer in force: then the bundles' own cuts hold."""
    if not person.has_perm("scans.lead_review"):
        raise NotYours
    if not PanelVersion.objects.filter(pk=version.pk, ended_at=None).update(ended_at=timezone.now(), ended_by=person):
        raise Stale
    _record_event("ended", version, person)


@transaction.atomic
def restore(version: PanelVersion, person: Any) -> None:
    """Back to a version on which two people have agreed before. What was in force until now ends with it."""
    if not person.has_perm("scans.lead_review"):
        raise NotYours
    current = PanelVersion.objects.filter(approved_at__isnull=False, ended_at=None)
    current.exclude(pk=version.pk).update(ended_at=timezone.now(), ended_by=person)
    earlier = PanelVersion.objects.filter(pk=version.pk, approved_at__isnull=False, ended_at__isnull=False)
    if not earlier.update(ended_at=None, ended_by=None):
        raise Stale
    _record_event("restored", version, person)


def _record_event(verb: str, version: PanelVersion, person: Any) -> None:
    content = {
        "object": f"scans.panelversion:{version.pk}",
        "verb": verb,
        "cut_offs": [version.little_below, version.manipulated_above],
        "changes": version.changes,
    }
    Event.objects.create(kind="setting_changed", actor=person, content=content)
