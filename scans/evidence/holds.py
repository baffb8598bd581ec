"""Legal holds, placed and released: both are events of the scan."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from ..models import Event, LegalHold
from ..models.event import Kind


@transaction.atomic
def place(hold: LegalHold, person: Any) -> LegalHold:
    """Save a new hold, and note it."""
    hold.placed_by = person
    hold.save(force_insert=True)
    Event.objects.create(scan=hold.scan, kind=Kind.LEGAL_HOLD, actor=person, content={"hold": hold.pk})
    return hold


@transaction.atomic
def release(hold: LegalHold, person: Any) -> bool:
    """False if somebody has released it already."""
    active = LegalHold.objects.active().filter(pk=hold.pk)
    released = bool(active.update(released_at=timezone.now(), released_by=person))
    if released:
        content = {"hold": hold.pk}
        Event.objects.create(scan=hold.scan, kind=Kind.LEGAL_HOLD_RELEASED, actor=person, content=content)
    return released
