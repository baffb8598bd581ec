"""What the desk does for those who sit at it: how files are shown to them, what they need not see, and when to rest."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

PERSON = settings.AUTH_USER_MODEL


class Harm(models.TextChoices):
    """What can be hard to look at."""

    SEXUAL = "sexual", _("Sexual content")
    VIOLENCE = "violence", _("Violence")
    CHILDREN = "children", _("Children in distress")
    SELF_HARM = "self_harm", _("Self-harm")
    HATE = "hate", _("Hate")


class HarmTag(models.Model):
    """Somebody at the desk has seen that a file holds something of this kind."""

    scan = models.ForeignKey("scans.Scan", on_delete=models.CASCADE, related_name="harms", verbose_name=_("scan"))
    harm = models.CharField(_("kind"), max_length=10, choices=Harm.choices)
    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("sensitive content")
        verbose_name_plural = _("sensitive content")
        constraints = [models.UniqueConstraint(fields=["scan", "harm"], name="one_harm_tag_of_a_kind")]

    def __str__(self) -> str:
        return str(self.get_harm_display())


class DeskSettings(models.Model):
    """How one person wants the desk. What they avoid is theirs: nobody else is shown it."""

    person = models.OneToOneField(PERSON, on_delete=models.CASCADE, related_name="desk_settings")
    blur = models.BooleanField(_("Blur pictures until I reveal them"), default=True)
    grey = models.BooleanField(_("Show pictures in greyscale until I reveal them"), default=True)
    avoids = models.JSONField(_("Never assign me"), default=list, blank=True)
    rest_after = models.PositiveSmallIntegerField(
        _("Suggest a break after this many revealed pictures"), null=True, blank=True
    )
    away = models.BooleanField(_("Do not assign items to me"), default=False)

    objects: ClassVar[models.Manager["DeskSettings"]] = models.Manager()

    class Meta:
        verbose_name = _("desk settings")
        verbose_name_plural = _("desk settings")

    def __str__(self) -> str:
        return str(self.person)

    @classmethod
    def for_person(cls, person: Any) -> "DeskSettings":
        """The stored settings of this person, or the defaults."""
        return cls.objects.filter(person=person.pk).first() or cls(person_id=person.pk)


class Rest(models.Model):
    """A pause that the desk asked for."""

    person = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="rests", verbose_name=_("by"))
    at = models.DateTimeField(_("when"), default=timezone.now)
    until = models.DateTimeField(_("until"))

    class Meta:
        verbose_name = _("rest")
        verbose_name_plural = _("rests")
        ordering = ("-id",)

    def __str__(self) -> str:
        return str(self.at)


class SavedFilter(models.Model):
    """A view of the queue under a name; its address is the query."""

    person = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="saved_filters", verbose_name=_("by"))
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(_("query"), max_length=500, blank=True)
    shared = models.BooleanField(_("shared with everybody at the desk"), default=False)

    class Meta:
        verbose_name = _("saved filter")
        verbose_name_plural = _("saved filters")
        ordering = ("name", "id")
        constraints = [models.UniqueConstraint(fields=["person", "name"], name="one_filter_of_a_name_each")]

    def __str__(self) -> str:
        return self.name
