"""Cuts of this site's own: one lead proposes them, another approves, and every file after that is judged by them."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from ..insight import simulator
from ..models import Event, PanelVersion
from .queue import NotYours


class Stale(Exception):
    """Somebody has answered, or ended, it already."""


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
    _note("proposed", version, person)
    return version


@transaction.atomic
def approve(version: PanelVersion, person: Any) -> None:
    """By somebody else. What was in force until now ends with it."""
    if not person.has_perm("scans.lead_review") or person.pk == version.proposed_by_id:
        raise NotYours
    now = timezone.now()
    PanelVersion.objects.filter(approved_at__isnull=False, ended_at=None).exclude(pk=version.pk).update(
        ended_at=now, ended_by=person
    )
    waiting = PanelVersion.objects.filter(pk=version.pk, approved_at=None, ended_at=None)
    if not waiting.update(approved_by=person, approved_at=now):
        raise Stale
    _note("approved", version, person)


@transaction.atomic
def end(version: PanelVersion, person: Any) -> None:
    """Turned down, or no longer in force: then the bundles' own cuts hold."""
    if not person.has_perm("scans.lead_review"):
        raise NotYours
    if not PanelVersion.objects.filter(pk=version.pk, ended_at=None).update(ended_at=timezone.now(), ended_by=person):
        raise Stale
    _note("ended", version, person)


def _note(verb: str, version: PanelVersion, person: Any) -> None:
    content = {
        "object": f"scans.panelversion:{version.pk}",
        "verb": verb,
        "cut_offs": [version.little_below, version.manipulated_above],
    }
    Event.objects.create(kind="setting_changed", actor=person, content=content)
