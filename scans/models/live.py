"""A camera that is being watched: its pictures as they come, and what was last said of them."""

import datetime as dt
import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

PATIENCE = dt.timedelta(seconds=15)  # with a worker that was asked for a look
SILENCE = dt.timedelta(minutes=10)  # after which nobody watches any more


def picture_path(picture: "LivePicture", name: str) -> str:
    return f"live/{picture.live_id.hex}/{uuid.uuid4().hex}.jpg"


class LiveQuerySet(models.QuerySet["Live"]):
    def left(self) -> Self:
        """Whose page was closed without a word."""
        return self.filter(heartbeat_at__lt=timezone.now() - SILENCE)


class Live(models.Model):
    """Ends as one scan or as nothing: the rows and pictures are gone either way."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("owner")
    )
    estimate = models.JSONField(_("estimate"), default=dict)  # of the latest pictures; empty before the first look
    asked_at = models.DateTimeField(_("analysis requested"), null=True, blank=True)
    begun_at = models.DateTimeField(_("begun"), default=timezone.now)
    heartbeat_at = models.DateTimeField(_("last activity"), default=timezone.now, db_index=True)

    objects: ClassVar[Any] = LiveQuerySet.as_manager()

    class Meta:
        verbose_name = _("live camera")
        verbose_name_plural = _("live cameras")

    def __str__(self) -> str:
        return str(self.pk)

    def may_ask(self) -> bool:
        """One look at a time: true for exactly one who asks while none is under way."""
        now = timezone.now()
        free = models.Q(asked_at=None) | models.Q(asked_at__lt=now - PATIENCE)
        return bool(Live.objects.filter(free, pk=self.pk).update(asked_at=now))

    def forget(self) -> None:
        for picture in self.pictures.all():
            picture.file.delete(save=False)
        Live.objects.filter(pk=self.pk).delete()


class LivePicture(models.Model):
    live = models.ForeignKey(Live, on_delete=models.CASCADE, related_name="pictures")
    file = models.FileField(upload_to=picture_path, max_length=200)

    class Meta:
        verbose_name = _("live picture")
        verbose_name_plural = _("live pictures")
        ordering = ("id",)

    def __str__(self) -> str:
        return str(self.file.name)
