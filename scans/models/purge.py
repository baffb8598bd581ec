"""What each run of the retention rules has deleted. Which files, and why, is in the events."""

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class PurgeRun(models.Model):
    at = models.DateTimeField(_("when"), default=timezone.now)
    scans = models.PositiveIntegerField(_("files deleted"))
    bytes = models.PositiveBigIntegerField(_("size in bytes"))
    by_reason = models.JSONField(_("why"), default=dict)
    seconds = models.FloatField(_("seconds"))

    objects: ClassVar[models.Manager["PurgeRun"]] = models.Manager()

    class Meta:
        verbose_name = _("run of the retention rules")
        verbose_name_plural = _("retention")
        ordering = ("-id",)

    def __str__(self) -> str:
        return str(self.at)
