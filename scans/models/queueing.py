"""Why a scan waits for a person: rules, queues, and the items in them."""

import datetime as dt
import hashlib
import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .assessment import Assessment
from .caring import DeskSettings, HarmTag
from .decision import Decision
from .review_reasons import CONDITIONS, FOR_RULES, Reason
from .wording import in_language

PERSON = settings.AUTH_USER_MODEL


class ReviewQueue(models.Model):
    """One line at the desk. Without roles, everybody at the desk may work in it."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    name_de = models.CharField(_("name in German"), max_length=60, blank=True, default="")
    slug = models.SlugField(_("short name"), max_length=30, unique=True)
    roles = models.ManyToManyField(Group, blank=True, related_name="+", verbose_name=_("who can work in it"))
    hours = models.PositiveIntegerField(_("hours until due"), default=24)
    order = models.PositiveSmallIntegerField(_("place"), default=0)

    class Meta:
        verbose_name = _("queue")
        verbose_name_plural = _("queues")
        ordering = ("order", "id")

    def __str__(self) -> str:
        return in_language(self, "name")

    @classmethod
    def open_to(cls, person: Any) -> Any:
        """Those that this person may work in, by their groups; for subqueries."""
        return cls.objects.filter(models.Q(roles=None) | models.Q(roles__in=person.groups.all())).values("pk")


class Rule(models.Model):
    """If an assessment is like this, the scan is put into that queue."""

    name = models.CharField(_("name"), max_length=80)
    name_de = models.CharField(_("name in German"), max_length=80, blank=True, default="")
    reason = models.CharField(_("based on"), max_length=10, choices=[(r.value, r.label) for r in FOR_RULES])
    outcomes = models.JSONField(
        _("outcomes"), default=list, blank=True, help_text=_("If you choose none, the rule applies to all outcomes.")
    )
    lowest = models.FloatField(
        _("score from"), null=True, blank=True, validators=[MinValueValidator(0), MaxValueValidator(1)]
    )
    highest = models.FloatField(
        _("score to"), null=True, blank=True, validators=[MinValueValidator(0), MaxValueValidator(1)]
    )
    share = models.FloatField(
        _("share of scans"), default=1.0, validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=_("1: all matching scans. 0.02: a random 2 of 100."),
    )  # fmt: skip
    queue = models.ForeignKey(ReviewQueue, on_delete=models.PROTECT, related_name="rules", verbose_name=_("queue"))
    priority = models.PositiveSmallIntegerField(_("priority"), default=50, validators=[MaxValueValidator(100)])
    hours = models.PositiveIntegerField(
        _("hours until due"), null=True, blank=True, help_text=_("Empty: the time limit of the queue.")
    )
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("rule")
        verbose_name_plural = _("rules")
        ordering = ("-priority", "id")

    def __str__(self) -> str:
        return in_language(self, "name")

    def fits(self, assessment: Assessment) -> bool:
        """Whether the rule applies, as far as the assessment shows. Feedback and look-alikes are checked elsewhere."""
        if self.outcomes and assessment.outcome not in self.outcomes:
            return False
        score = assessment.score
        if self.lowest is not None and (score is None or score < self.lowest):
            return False
        if self.highest is not None and (score is None or score > self.highest):
            return False
        condition = CONDITIONS.get(Reason(self.reason))
        if condition and not condition.applies(assessment):
            return False
        return self.draws(assessment.scan_id)

    def draws(self, scan_id: uuid.UUID) -> bool:
        """Whether chance draws this scan for this rule. The same scan always gets the same answer."""
        if self.share >= 1:
            return True
        digest = hashlib.sha256(f"{self.pk}:{scan_id}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64 < self.share


class TrustedSource(models.Model):
    """Somebody whose uploads are less urgent. What is said of them is decided like of any other's."""

    person = models.OneToOneField(
        PERSON, on_delete=models.CASCADE, related_name="trusted_source", verbose_name=_("whose uploads")
    )
    note = models.CharField(_("why"), max_length=300)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("trusted source")
        verbose_name_plural = _("trusted sources")
        ordering = ("id",)

    def __str__(self) -> str:
        return str(self.person)


def lateness(at: dt.datetime | None = None) -> models.Case:
    """1 for what is overdue, 0 for the rest."""
    overdue = models.When(due_at__lt=at or timezone.now(), then=1)
    return models.Case(overdue, default=0, output_field=models.IntegerField())


class ReviewItemQuerySet(models.QuerySet["ReviewItem"]):
    def open(self) -> Self:
        return self.filter(closed_at=None)

    def in_order(self, at: dt.datetime | None = None) -> Self:
        """The order of work: overdue (`late`) first, then by priority, then by due date."""
        return self.annotate(late=lateness(at)).order_by("-late", "-priority", "due_at", "id")

    def workable_by(self, user: Any) -> Self:
        """In queues that this person may work in; never one's own upload, nor where somebody else is to look."""
        decided = Decision.objects.filter(scan=models.OuterRef("scan"), decider=user, undone=None)
        another = ReviewReason.objects.filter(item=models.OuterRef("pk"), reason__in=Reason.for_another())
        rows = self.filter(queue__in=ReviewQueue.open_to(user), scan__trashed_at=None).exclude(scan__owner=user)
        return rows.exclude(models.Exists(another), models.Exists(decided))

    def visible_to(self, user: Any) -> Self:
        """Not one's own upload, and of those who work at the desk only the queues that they may work in."""
        if not user.has_perm("scans.view_reviewitem"):
            return self.none()
        rows = self.filter(scan__trashed_at=None).exclude(scan__owner=user)
        if user.has_perm("scans.lead_review") or not user.has_perm("scans.review"):
            return rows
        return rows.filter(queue__in=ReviewQueue.open_to(user))

    def bearable_for(self, user: Any) -> Self:
        """Without what this person asked not to be given."""
        avoids = DeskSettings.for_person(user).avoids
        if not avoids:
            return self
        tagged = HarmTag.objects.filter(scan=models.OuterRef("scan"), harm__in=avoids)
        return self.exclude(models.Exists(tagged))

    def held(self) -> Self:
        return self.open().filter(held_until__gt=timezone.now())

    def free_for(self, user: Any) -> Self:
        """Nobody has it, or nobody any more."""
        lapsed = models.Q(holder=None) | models.Q(held_until__lte=timezone.now()) | models.Q(holder=user)
        for_me = models.Q(assigned_to=None) | models.Q(assigned_to=user)
        return self.open().filter(lapsed, for_me)


class ReviewItem(models.Model):
    """A scan in a queue. One is open for each scan at most; its reasons pile up."""

    scan = models.ForeignKey("scans.Scan", on_delete=models.CASCADE, related_name="items", verbose_name=_("scan"))
    queue = models.ForeignKey(ReviewQueue, on_delete=models.PROTECT, related_name="items", verbose_name=_("queue"))
    priority = models.PositiveSmallIntegerField(_("priority"), default=50)
    due_at = models.DateTimeField(_("due"))
    opened_at = models.DateTimeField(_("waiting since"), default=timezone.now)
    closed_at = models.DateTimeField(_("done"), null=True, blank=True)
    holder = models.ForeignKey(
        PERSON, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("claimed by")
    )
    held_until = models.DateTimeField(_("claimed until"), null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True, editable=False)
    assigned_to = models.ForeignKey(
        PERSON, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("assigned to")
    )
    first_claimed_at = models.DateTimeField(_("first claimed"), null=True, blank=True)
    last_claimed_at = models.DateTimeField(_("last claimed"), null=True, blank=True)
    active_seconds = models.FloatField(_("working time in seconds"), default=0.0)
    skips = models.PositiveSmallIntegerField(_("times skipped"), default=0)
    blind = models.BooleanField(_("blind first"), default=False)

    objects: ClassVar[Any] = ReviewItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("item for review")
        verbose_name_plural = _("items for review")
        ordering = ("due_at", "-priority", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["scan"], condition=models.Q(closed_at=None), name="one_open_item_for_each_scan"
            )
        ]
        indexes = [
            models.Index(fields=["queue", "due_at"], condition=models.Q(closed_at=None), name="item_open_by_due"),
            models.Index(fields=["opened_at"], name="item_by_opening"),
            models.Index(fields=["closed_at"], name="item_by_closing"),
        ]

    def __str__(self) -> str:
        return str(self.scan)

    @property
    def is_overdue(self) -> bool:
        return self.closed_at is None and self.due_at < timezone.now()

    @property
    def is_double(self) -> bool:
        """Whether the only reason is that a second person should judge the scan independently."""
        return {reason.reason for reason in self.reasons.all()} == {Reason.DOUBLE}


class ReviewReason(models.Model):
    """One reason for which an item is in its queue."""

    item = models.ForeignKey(ReviewItem, on_delete=models.CASCADE, related_name="reasons", verbose_name=_("item"))
    reason = models.CharField(_("reason"), max_length=10, choices=Reason.choices)
    rule = models.ForeignKey(
        Rule, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("rule")
    )
    detail = models.CharField(_("in words"), max_length=200, blank=True)
    by = models.ForeignKey(PERSON, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("reason")
        verbose_name_plural = _("reasons")
        ordering = ("id",)

    def __str__(self) -> str:
        return str(self.rule or self.detail or self.get_reason_display())


class Skip(models.Model):
    """Somebody let an item pass, and said why."""

    class Cause(models.TextChoices):
        UNSURE = "unsure", _("I can't tell")
        LANGUAGE = "language", _("I don't know the language or place")
        CONFLICT = "conflict", _("I have a conflict of interest")
        HARM = "harm", _("I don't want to see this")
        OPINION = "opinion", _("I asked for a second opinion")

    item = models.ForeignKey(ReviewItem, on_delete=models.CASCADE, related_name="passes", verbose_name=_("item"))
    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+", verbose_name=_("by"))
    cause = models.CharField(_("why"), max_length=10, choices=Cause.choices)
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("skipped item")
        verbose_name_plural = _("skipped items")
        ordering = ("-id",)

    def __str__(self) -> str:
        return str(self.get_cause_display())


class Exposure(models.Model):
    """Somebody at the desk has looked at a file unveiled."""

    scan = models.ForeignKey("scans.Scan", on_delete=models.CASCADE, related_name="+", verbose_name=_("scan"))
    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="exposures", verbose_name=_("by"))
    at = models.DateTimeField(_("when"), default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("exposure")
        verbose_name_plural = _("exposures")
        ordering = ("-id",)

    def __str__(self) -> str:
        return str(self.at)


class FirstAnswer(models.Model):
    """What somebody said before the models' score was shown to them."""

    item = models.ForeignKey(ReviewItem, on_delete=models.CASCADE, related_name="first_answers", verbose_name=_("item"))
    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+", verbose_name=_("by"))
    label = models.CharField(_("label"), max_length=30)
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("first answer")
        verbose_name_plural = _("first answers")
        constraints = [models.UniqueConstraint(fields=["item", "person"], name="one_first_answer_each")]

    def __str__(self) -> str:
        return self.label
