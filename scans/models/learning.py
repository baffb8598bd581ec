"""What a site learns from its own decisions: files known from before, cuts of its own, and mistakes not to repeat."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .decision import Decision, Label

PERSON = settings.AUTH_USER_MODEL
SHARE = (MinValueValidator(0.0), MaxValueValidator(1.0))


class KnownFileQuerySet(models.QuerySet["KnownFile"]):
    def in_force(self) -> Self:
        now = timezone.now()
        standing = models.Q(decision__in=Decision.objects.standing())
        return self.filter(models.Q(expires_at=None) | models.Q(expires_at__gt=now), standing, active=True)


class KnownFile(models.Model):
    """A decided file in the bank: what looks like it is proposed the same decision, and a person confirms it."""

    decision = models.OneToOneField(
        Decision, on_delete=models.CASCADE, related_name="known", verbose_name=_("decision")
    )
    note = models.CharField(_("note"), max_length=300, blank=True)
    expires_at = models.DateTimeField(_("until"), null=True, blank=True, help_text=_("Empty: for good."))
    active = models.BooleanField(_("active"), default=True)
    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("when"), default=timezone.now)

    objects: ClassVar[Any] = KnownFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("known file")
        verbose_name_plural = _("known files")
        ordering = ("-id",)

    def __str__(self) -> str:
        return str(self.decision)


class PanelVersion(models.Model):
    """Cuts for this site, proposed by one person from its own decided files, in force when another has approved."""

    little_below = models.FloatField(_("little evidence below"), validators=SHARE)
    manipulated_above = models.FloatField(_("likely manipulated above"), validators=SHARE)
    why = models.CharField(_("why"), max_length=300)
    expected = models.JSONField(_("what was expected of it"), default=dict)
    proposed_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+", verbose_name=_("proposed by"))
    proposed_at = models.DateTimeField(_("proposed"), default=timezone.now)
    approved_by = models.ForeignKey(
        PERSON, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("approved by")
    )
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    ended_by = models.ForeignKey(
        PERSON, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("ended by")
    )
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects: ClassVar[models.Manager["PanelVersion"]] = models.Manager()

    class Meta:
        verbose_name = _("version of the panel")
        verbose_name_plural = _("versions of the panel")
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.little_below * 100:.4g} – {self.manipulated_above * 100:.4g}"

    @classmethod
    def current(cls) -> "PanelVersion | None":
        return cls.objects.filter(approved_at__isnull=False, ended_at=None).order_by("-approved_at").first()


class LockedCase(models.Model):
    """A file on which an appeal turned a decision over: a panel that gets it wrong again is not promoted."""

    scan = models.OneToOneField("scans.Scan", on_delete=models.CASCADE, related_name="locked_case")
    label = models.CharField(_("label"), max_length=30, choices=Label.choices)
    at = models.DateTimeField(_("when"), default=timezone.now)

    objects: ClassVar[models.Manager["LockedCase"]] = models.Manager()

    class Meta:
        verbose_name = _("locked case")
        verbose_name_plural = _("locked cases")
        ordering = ("id",)

    def __str__(self) -> str:
        return str(self.get_label_display())
