"""What leaves the site: links that show one result for a while, and reports that can be checked."""

import secrets
import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .assessment import Assessment
from .decision import Decision


def new_token() -> str:
    return secrets.token_urlsafe(24)


class ShareQuerySet(models.QuerySet["Share"]):
    def open(self) -> Self:
        live = self.filter(revoked_at=None, expires_at__gt=timezone.now(), scan__trashed_at=None)
        return live.exclude(scan__status="deleted")


class Link(models.Model):
    """Shows something to whoever has it, for a while."""

    maker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, verbose_name=_("by"))
    token = models.CharField(max_length=40, unique=True, default=new_token, editable=False)
    with_picture = models.BooleanField(_("with the picture"), default=False)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    expires_at = models.DateTimeField(_("ends"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    views = models.PositiveIntegerField(_("views"), default=0)

    class Meta:
        abstract = True

    @property
    def is_open(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()

    def count_view(self) -> None:
        type(self)._default_manager.filter(pk=self.pk).update(views=F("views") + 1)


class Share(Link):
    """Whoever has the link sees the result, without the name of the file or of a person."""

    scan = models.ForeignKey("scans.Scan", on_delete=models.CASCADE, related_name="shares", verbose_name=_("scan"))

    objects: ClassVar[Any] = ShareQuerySet.as_manager()

    class Meta:
        verbose_name = _("shared link")
        verbose_name_plural = _("shared links")
        ordering = ("-id",)

    def __str__(self) -> str:
        return str(self.scan_id)


class Report(models.Model):
    """A PDF that was handed out, known by its hash. A later one supersedes it; nothing overwrites it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(_("check code"), max_length=14, unique=True)
    assessment = models.ForeignKey(
        Assessment, on_delete=models.CASCADE, related_name="reports", verbose_name=_("assessment")
    )
    decision = models.ForeignKey(
        Decision, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("decision"),
        help_text=_("The decision that applied when it was issued."),
    )  # fmt: skip
    maker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, verbose_name=_("by"))
    file = models.FileField(_("file"), upload_to="reports/", max_length=200, blank=True)
    sha256 = models.CharField("SHA-256", max_length=64, unique=True)
    language = models.CharField(_("language"), max_length=10, default="", blank=True, editable=False)
    made_at = models.DateTimeField(_("made"), default=timezone.now)
    superseded_by = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)

    objects: ClassVar[models.Manager["Report"]] = models.Manager()

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        ordering = ("-made_at",)
        constraints = [models.CheckConstraint(condition=~Q(superseded_by=F("id")), name="report_not_its_own_successor")]

    def __str__(self) -> str:
        return self.code

    @property
    def standing(self) -> str:
        scan = self.assessment.scan
        if self.withdrawn_at or scan.trashed_at or scan.status == "deleted":
            return "withdrawn"
        return "superseded" if self.superseded_by_id or not self.tells_what_counts else "registered"

    @property
    def tells_what_counts(self) -> bool:
        """Whether the verdict in it is still the one that counts."""
        scan = self.assessment.scan
        decision = Decision.objects.settled().filter(scan=scan).first()
        if decision or self.decision_id:
            return decision is not None and decision.pk == self.decision_id
        newest = scan.assessment
        return newest is not None and newest.outcome == self.assessment.outcome
