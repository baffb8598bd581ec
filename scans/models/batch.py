"""Several files that came together."""

import uuid
from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .scan import MOVING, Scan


class BatchQuerySet(models.QuerySet["Batch"]):
    def visible_to(self, user: Any) -> Self:
        if not user.is_authenticated:
            return self.none()
        return self if user.has_perm("scans.view_scan") else self.filter(owner=user)

    def done(self) -> Self:
        """All files are in, and none of them is waiting or being looked at any more."""
        moving = Scan.objects.filter(batch=models.OuterRef("pk"), status__in=MOVING)
        return self.filter(sealed_at__isnull=False).exclude(models.Exists(moving))

    def untold(self) -> Self:
        return self.done().filter(told_at=None)


class Batch(models.Model):
    """Where it stands is told by its scans; what was refused on the way in is told here."""

    MOST = 100  # files

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="batches", verbose_name=_("owner")
    )
    refused = models.JSONField(_("rejected"), default=list)  # name, code, sentence
    sandbox = models.BooleanField(_("sandbox"), default=False, editable=False)
    created_at = models.DateTimeField(_("uploaded"), default=timezone.now)
    sealed_at = models.DateTimeField(_("complete"), null=True, blank=True, editable=False)
    told_at = models.DateTimeField(_("reported by webhook"), null=True, blank=True, editable=False)

    objects: ClassVar[Any] = BatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        ordering = ("-created_at",)
        indexes = [
            models.Index(
                fields=["id"], condition=models.Q(sealed_at__isnull=False, told_at=None), name="batch_not_told_yet"
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("scans:batch", args=[self.pk])

    def counts(self) -> dict[str, int]:
        """How many files there are in total, by status and by outcome."""
        return Batch.counts_of([self])[self.pk]

    @staticmethod
    def counts_of(batches: Iterable["Batch"]) -> dict[uuid.UUID, dict[str, int]]:
        counts_by_batch = {
            batch.pk: Counter({"total": len(batch.refused), "refused": len(batch.refused)}) for batch in batches
        }
        rows = Scan.objects.filter(batch__in=counts_by_batch).order_by().values_list("batch", "status", "outcome")
        for pk, status, outcome, count in rows.annotate(count=models.Count("pk")):
            counts_by_batch[pk]["total"] += count
            counts_by_batch[pk][status] += count
            if outcome:
                counts_by_batch[pk][outcome] += count
        return {pk: dict(counts) for pk, counts in counts_by_batch.items()}
