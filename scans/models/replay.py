"""An answer that was given to a program once, and is given again if it asks again with the same key."""

import datetime as dt
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

KEPT = dt.timedelta(hours=24)
ABANDONED = dt.timedelta(seconds=90)  # longer than any request takes: whoever began it is gone


class ReplayQuerySet(models.QuerySet["Replay"]):
    def old(self) -> Self:
        return self.filter(begun_at__lt=timezone.now() - KEPT)


class Replay(models.Model):
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)  # of method, path and body
    begun_at = models.DateTimeField(default=timezone.now, db_index=True)
    status = models.PositiveSmallIntegerField(null=True)  # none while the first answer is being made
    headers = models.JSONField(default=dict)
    body = models.BinaryField(default=b"")
    batch = models.ForeignKey("scans.Batch", null=True, on_delete=models.SET_NULL, related_name="+")  # begun for it

    objects: ClassVar[Any] = ReplayQuerySet.as_manager()

    class Meta:
        verbose_name = _("stored response")
        verbose_name_plural = _("stored responses")
        constraints = [models.UniqueConstraint(fields=["person", "key"], name="one_answer_for_each_key")]

    def __str__(self) -> str:
        return self.key
