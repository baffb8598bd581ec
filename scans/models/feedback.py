"""What the uploader thinks of an outcome. It changes no outcome by itself."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .assessment import Assessment


class Feedback(models.Model):
    class Kind(models.TextChoices):
        FALSE_ALARM = "false_alarm", _("It is not manipulated")
        MISSED = "missed", _("It is manipulated")
        WRONG_FACE = "wrong_face", _("The wrong face or area was checked")
        OTHER = "other", _("Something else")

    assessment = models.ForeignKey(
        Assessment, on_delete=models.CASCADE, related_name="feedback", verbose_name=_("assessment")
    )
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, verbose_name=_("by"))
    kind = models.CharField(_("what is wrong"), max_length=12, choices=Kind.choices)
    text = models.TextField(_("comment"), max_length=2000, blank=True)
    at = models.DateTimeField(_("when"), default=timezone.now)

    objects: ClassVar[models.Manager["Feedback"]] = models.Manager()

    class Meta:
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")
        ordering = ("-id",)

    def __str__(self) -> str:
        return str(self.get_kind_display())
