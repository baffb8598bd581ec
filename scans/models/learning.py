"""What a site learns from its decisions: files known from before, a panel of its own, mistakes not to repeat."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from .assessment import Outcome
from .decision import Decision, Label

PERSON = settings.AUTH_USER_MODEL
SHARE = (MinValueValidator(0.0), MaxValueValidator(1.0))


class KnownFileQuerySet(models.QuerySet["KnownFile"]):
    def in_force(self) -> Self:
        now = timezone.now()
        # Not `decision__in`: SQLite would go through all decisions that stand, for each scan that is asked for.
        standing = models.Exists(Decision.objects.standing().filter(pk=models.OuterRef("decision")))
        return self.filter(models.Q(expires_at=None) | models.Q(expires_at__gt=now), standing, active=True)


class KnownFile(models.Model):
    """A decided file in the bank: what looks like it is proposed the same decision, and a person confirms it."""

    decision = models.OneToOneField(
        Decision, on_delete=models.CASCADE, related_name="known", verbose_name=_("decision")
    )
    note = models.CharField(_("note"), max_length=300, blank=True)
    expires_at = models.DateTimeField(_("until"), null=True, blank=True, help_text=_("Empty: no end date."))
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
    """What this site has otherwise than the models' folder: proposed by one person, in force when another has approved.

    `changes` is whole, not a difference from the version before: {"bundles": {label: weight}, "media": {medium:
    {"weights": {label: number}, "cuts": [low, high]}}}. The two cut-offs, where there are some, count in every medium.
    """

    little_below = models.FloatField(_("little evidence below"), null=True, blank=True, validators=SHARE)
    manipulated_above = models.FloatField(_("likely manipulated above"), null=True, blank=True, validators=SHARE)
    changes = models.JSONField(_("changes"), default=dict, blank=True)
    rehearsal = models.JSONField(_("trial"), null=True, blank=True)  # none: not tried yet
    why = models.CharField(_("why"), max_length=300)
    expected = models.JSONField(_("expected effect"), default=dict)
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
        permissions = (("install_model", _("Can add a model")),)

    def __str__(self) -> str:
        return ", ".join(self.lines) or str(_("As in the model folder"))

    @property
    def lines(self) -> list[str]:
        """What it changes, line by line."""
        lines = [f"{label}: {WEIGHTS.get(weight, weight)}" for label, weight in self.changes.get("bundles", {}).items()]
        for medium, change in self.changes.get("media", {}).items():
            name = MEDIA.get(medium, medium)
            if cuts := change.get("cuts"):
                lines.append(_("%(medium)s: cut-offs %(low)s and %(high)s") % {"medium": name, **_points(cuts)})
            weights = change.get("weights", {})
            lines += [f"{name}, {label}: {number_format(round(number, 4))}" for label, number in weights.items()]
        if self.little_below is not None and self.manipulated_above is not None:
            lines.append(_("Cut-offs %(low)s and %(high)s") % _points((self.little_below, self.manipulated_above)))
        return lines

    def sets_cuts_in(self, medium: str) -> bool:
        return self.little_below is not None or bool(self.changes.get("media", {}).get(medium, {}).get("cuts"))

    @property
    def is_current(self) -> bool:
        return self.approved_at is not None and self.ended_at is None

    @property
    def refusals(self) -> list[tuple[str, bool]]:
        """Why it can't be approved, as its trial found; and whether that is only known in English."""
        reasons = (self.rehearsal or {}).get("refusals", [])
        return [(refusal_in_words(reason), isinstance(reason, str)) for reason in reasons]

    @property
    def may_be_approved(self) -> bool:
        """Tried on stored scores when it was proposed, or on files since, without a fault."""
        return bool(self.expected) or (self.rehearsal is not None and not self.refusals)

    @classmethod
    def current(cls) -> "PanelVersion | None":
        return cls.objects.filter(approved_at__isnull=False, ended_at=None).order_by("-approved_at").first()


WEIGHTS: Final = {"ignore": _("off"), "include": _("included"), "trust": _("trusted")}
MEDIA: Final = {"photo": _("Photos"), "photo_small_faces": _("Small faces in photos"), "film": _("Videos")}


REFUSALS: Final = {
    "locked_case": _("Gets a locked case wrong again: %(case)s (decided: %(label)s; the panel: %(outcome)s)"),
    "worse": _("AUC on decided files %(then)s, below the interval of the current panel (%(now)s, %(low)s to %(high)s)"),
    "no_model": _("No model would be used."),
    "too_long": _("The trial took too long and was stopped."),
}


def refusal_in_words(refusal: dict[str, Any] | str) -> str:
    """A reason of a trial. What the detector found wrong with a model's files is text, in English."""
    if isinstance(refusal, str):
        return refusal
    words = {name: number_format(value, 3) if isinstance(value, float) else value for name, value in refusal.items()}
    if refusal["code"] == "locked_case":
        words |= {"label": Label(refusal["label"]).label, "outcome": Outcome(refusal["outcome"]).label}
    return str(REFUSALS[refusal["code"]] % words)


def _points(cuts: Sequence[float]) -> dict[str, str]:
    low, high = (number_format(f"{100 * cut:.4g}") for cut in cuts)
    return {"low": low, "high": high}


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
