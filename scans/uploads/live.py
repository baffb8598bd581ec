"""Watching through a camera: a picture a second, a running estimate, and at the end one scan or nothing."""

from typing import Any

from django.core.files import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import tasks
from ..analysis import capture
from ..models import Live, LivePicture, Scan
from . import intake
from .intake import Refused

MOST = 120  # pictures: two minutes


def begin(owner: Any) -> Live:
    """Start a live analysis. Each person has one at a time, so an earlier one is deleted."""
    for earlier in Live.objects.filter(owner=owner):
        earlier.forget()
    live: Live = Live.objects.create(owner=owner)
    return live


def add(live: Live, picture: File) -> int:
    """Add a picture and return how many there are. Queues an estimate unless one is running."""
    with picture:
        content = picture.read(intake.FRAME + 1)
        try:
            capture.size_of(content)
        except capture.NotAPicture as error:
            raise Refused(
                "unknown_format", _("The pictures from the camera must be JPEGs of the same size.")
            ) from error
        if len(content) > intake.FRAME:
            raise Refused("too_many_bytes", _("A picture from the camera is too large."))
        if live.pictures.count() >= MOST:
            raise Refused(
                "full", _("The limit of two minutes is reached. Keep the pictures as a scan, or discard them.")
            )
        picture.seek(0)
        with transaction.atomic():
            row = LivePicture(live=live)
            row.file.save("picture.jpg", picture, save=False)
            row.save()
            Live.objects.filter(pk=live.pk).update(heartbeat_at=timezone.now())
            if live.may_ask():
                tasks.send_for_estimate(live)
    count: int = live.pictures.count()
    return count


def keep(live: Live) -> Scan:
    """All pictures become one scan, a film of one picture a second."""
    pictures = [picture.file.open("rb") for picture in live.pictures.all()]
    if not pictures:
        raise Refused("frames", _("No picture has been taken yet."))
    scan = intake.submit_frames(live.owner, pictures, rate=1)
    live.forget()
    return scan
