"""That somebody who is not its owner looked at a file, or at a picture that was drawn of it, is written down."""

import datetime as dt
from typing import Any

from django.utils import timezone

from ..models import Event, Scan

ONE_LOOK = dt.timedelta(minutes=15)  # a film comes in many pieces, and a page is opened again and again


def note(scan: Scan, person: Any, file: str) -> None:
    """Once in a quarter of an hour for each person, scan and kind of file."""
    if scan.owner_id == person.pk:
        return
    lately = timezone.now() - ONE_LOOK
    looks = scan.events.filter(kind="viewed", actor=person, at__gte=lately)
    if file not in [look.get("file", "media") for look in looks.values_list("content", flat=True)]:
        Event.objects.create(scan=scan, kind="viewed", actor=person, content={"file": file})
