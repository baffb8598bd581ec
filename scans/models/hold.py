"""A legal hold: a file that nobody may delete until somebody releases it."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

PERSON = settings.AUTH_USER_MODEL


class LegalHoldQuerySet(models.QuerySet["LegalHold"]):
    def active(self) -> Self:
        return self.filter(released_at=None)


class LegalHold(models.Model):
    scan = models.ForeignKey("scans.Scan", on_delete=models.PROTECT, related_name="legal_holds", verbose_name=_("scan"))
    reason = models.CharField(_("reason"), max_length=300)
    placed_by = models.ForeignKey(
        PERSON, on_delete=models.PROTECT, related_name="+", verbose_name=_("placed by"), editable=False
    )
    placed_at = models.DateTimeField(_("placed"), default=timezone.now, editable=False)
    released_by = models.ForeignKey(
        PERSON, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("released by"), editable=False
    )
    released_at = models.DateTimeField(_("released"), null=True, editable=False)

    objects: ClassVar[Any] = LegalHoldQuerySet.as_manager()

    class Meta:
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(fields=["scan"], condition=models.Q(released_at=None), name="one_active_legal_hold")
        ]

    def __str__(self) -> str:
        return str(self.reason)
