"""What happened to a scan: its history, and the outbox of what is told to others."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

# What only the desk sees: an uploader is told of decisions when they have settled, and of nothing before.
AT_THE_DESK = (
    "held", "decided", "undone", "skipped", "taken_over", "assigned", "queued_for_review", "reopened",
    "second_approve", "second_reject", "second_cancel",
)  # fmt: skip


class EventQuerySet(models.QuerySet["Event"]):
    def for_uploaders(self) -> Self:
        return self.exclude(kind__in=AT_THE_DESK)


class Event(models.Model):
    """Written in the same transaction as the change: nothing is told that did not happen."""

    scan = models.ForeignKey("scans.Scan", on_delete=models.CASCADE, related_name="events", verbose_name=_("scan"))
    kind = models.CharField(_("what happened"), max_length=30)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("by"),
    )
    at = models.DateTimeField(_("when"), default=timezone.now)
    content = models.JSONField(_("content"), default=dict, blank=True)
    published_at = models.DateTimeField(_("told to others"), null=True, blank=True, editable=False)

    objects: ClassVar[Any] = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ("id",)
        indexes = [models.Index(fields=["id"], condition=models.Q(published_at=None), name="event_outbox")]

    def __str__(self) -> str:
        return self.kind
