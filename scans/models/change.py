"""What programs are told, in the order in which they may rely on it."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Change(models.Model):
    """Written by one publisher at a time, so that a higher number is never there before a lower one."""

    class Kind(models.TextChoices):
        COMPLETED = "scan.completed", _("Analysed")
        FAILED = "scan.failed", _("Failed")
        CANCELLED = "scan.cancelled", _("Cancelled")
        REVIEW = "scan.review_required", _("Waiting for review")
        OUTCOME = "outcome.changed", _("The effective outcome has changed")
        DECISION = "decision.final", _("A decision was made")
        APPEALED = "appeal.opened", _("An appeal was made")
        ANSWERED = "appeal.decided", _("An appeal was answered")
        DELETED = "media.deleted", _("The file was deleted")
        BATCH = "batch.completed", _("All files of a batch have been processed")

    id = models.BigAutoField(primary_key=True)
    scan = models.ForeignKey(
        "scans.Scan", null=True, on_delete=models.CASCADE, related_name="changes", verbose_name=_("scan")
    )
    batch = models.ForeignKey(
        "scans.Batch", null=True, on_delete=models.CASCADE, related_name="changes", verbose_name=_("batch")
    )
    # Of whose scan or batch, and in which world: told here, too, so that a feed is read in one go however long it is.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("owner")
    )
    sandbox = models.BooleanField(_("sandbox"), default=False)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    version = models.PositiveIntegerField(_("version"), default=0)
    effective = models.JSONField(_("current outcome"), default=dict)
    before = models.JSONField(_("previous outcome"), null=True, blank=True)
    at = models.DateTimeField(_("when"), default=timezone.now)

    objects: ClassVar[models.Manager["Change"]] = models.Manager()

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        ordering = ("id",)
        indexes = [models.Index(fields=["owner", "id"], name="change_of_owner")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(scan=None) ^ models.Q(batch=None), name="change_of_a_scan_or_of_a_batch"
            )
        ]

    def __str__(self) -> str:
        return self.kind

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("what programs were told is not rewritten")
        super().save(*args, **kwargs)
