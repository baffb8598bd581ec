"""What the panel said of a scan. Neither findings nor assessments are ever edited: another one is added."""

import uuid
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .chain import digest


class Outcome(models.TextChoices):
    """The detector's words; a test holds both lists together. Their labels are the only words for an outcome."""

    LIKELY_MANIPULATED = "likely_manipulated", _("Likely manipulated")
    INCONCLUSIVE = "inconclusive", _("Inconclusive")
    LITTLE_EVIDENCE = "little_evidence", _("Little evidence of manipulation")
    NOT_APPLICABLE = "not_applicable", _("Not applicable")
    UNABLE_TO_EVALUATE = "unable_to_evaluate", _("Could not be analysed")


class Unchangeable(Exception):
    """A judgement is not edited, and not taken back by itself: it goes only with its scan."""


class Judgement(models.Model):
    """Rows that are added and never changed."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise Unchangeable
        super().save(*args, **kwargs)


class Assessment(Judgement):
    scan = models.ForeignKey("scans.Scan", on_delete=models.CASCADE, related_name="assessments", verbose_name=_("scan"))
    outcome = models.CharField(_("outcome"), max_length=20, choices=Outcome.choices, db_index=True)
    score = models.FloatField(_("score"), null=True, blank=True)
    calibrated = models.BooleanField(_("calibrated"), default=False)
    reasons = models.JSONField(_("reasons"), default=list)
    panel = models.JSONField(_("panel"), default=dict)
    inspection = models.JSONField(_("all results"), default=dict)
    version = models.CharField(_("version of this software"), max_length=40)
    partial = models.BooleanField(
        _("without some of the models"), default=False,
        help_text=_("A model was damaged or missing. The file is analysed again automatically once all models work."),
    )  # fmt: skip
    same_as = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("reused from")
    )
    at = models.DateTimeField(_("when"), default=timezone.now)

    objects: ClassVar[models.Manager["Assessment"]] = models.Manager()

    class Meta:
        verbose_name = _("assessment")
        verbose_name_plural = _("assessments")
        ordering = ("-id",)
        indexes = [models.Index(fields=["scan"], condition=models.Q(partial=True), name="assessment_partial")]

    def __str__(self) -> str:
        return str(self.get_outcome_display())

    def save(self, *args: Any, **kwargs: Any) -> None:
        """It stands from now on: the scan's row says so too."""
        super().save(*args, **kwargs)
        self.scan.outcome = self.outcome
        self.scan.rank = -1.0 if self.score is None else self.score
        self.scan.save(update_fields=["outcome", "rank"])

    def event_content(self) -> dict[str, Any]:
        """What the event of this assessment says of it: its digest, too, so that the chain covers what was found."""
        return {"assessment": self.pk, "outcome": self.outcome, "sha256": digest(self.statement())}

    @property
    def is_redacted(self) -> bool:
        return "original_sha256" in self.inspection

    def redact(self) -> None:
        """Once the file is gone: without what was copied out of it. The digest stays that of the whole inspection."""
        if self.is_redacted or not self.inspection:
            return
        origin = self.inspection.get("provenance", {})
        state = {"state": origin.get("credentials", {}).get("state", "")}
        self.inspection = {
            **self.inspection,
            "provenance": {"facts": [], "credentials": state},
            "original_sha256": digest(self.inspection),
        }
        Assessment.objects.filter(pk=self.pk).update(inspection=self.inspection)

    def statement(self) -> dict[str, Any]:
        """What the digest is made of, as it lies in the database. The inspection is named by its own digest: a copy
        for others can leave it out."""
        row = Assessment.objects.get(pk=self.pk)
        named = ("outcome", "score", "calibrated", "reasons", "panel", "version", "partial")
        return {
            **{name: getattr(row, name) for name in named},
            "inspection_sha256": row.inspection.get("original_sha256") or digest(row.inspection),
            "findings": [finding.statement() for finding in row.findings.order_by("id")],
        }


class Finding(Judgement):
    """What one bundle said."""

    assessment = models.ForeignKey(
        Assessment, on_delete=models.CASCADE, related_name="findings", verbose_name=_("assessment")
    )
    bundle = models.CharField(_("bundle"), max_length=64)
    version = models.CharField(_("version"), max_length=31)
    weights = models.CharField(_("weights' SHA-256"), max_length=64)
    preprocessing = models.PositiveSmallIntegerField(_("version of the preprocessing"))
    policy = models.CharField(_("policy"), max_length=10)
    status = models.CharField(_("status"), max_length=20)
    score = models.FloatField(_("score"), null=True, blank=True)
    score_raw = models.FloatField(_("raw score"), null=True, blank=True)
    milliseconds = models.FloatField(_("milliseconds"))

    objects: ClassVar[models.Manager["Finding"]] = models.Manager()

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        ordering = ("bundle", "version")

    def __str__(self) -> str:
        return f"{self.bundle}/{self.version}"

    def statement(self) -> dict[str, Any]:
        named = ("bundle", "version", "weights", "preprocessing", "policy", "status", "score", "score_raw")
        return {name: getattr(self, name) for name in named}


def artifact_path(artifact: "Artifact", name: str) -> str:
    return (
        f"artifacts/{artifact.assessment.scan_id.hex[:2]}/{artifact.assessment.scan_id.hex}/{uuid.uuid4().hex}-{name}"
    )


class Artifact(models.Model):
    """A picture that the inspection drew: a heat map, or a face's crop."""

    class Kind(models.TextChoices):
        PREVIEW = "preview", _("Preview")
        HEATMAP = "heatmap", _("Heat map")
        GROUND = "ground", _("Picture under the heat map")
        PORTRAIT = "portrait", _("Face")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    assessment = models.ForeignKey(
        Assessment, on_delete=models.CASCADE, related_name="artifacts", verbose_name=_("assessment")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    file = models.FileField(_("file"), upload_to=artifact_path, max_length=200)
    content = models.JSONField(_("content"), default=dict)

    class Meta:
        verbose_name = _("artifact")
        verbose_name_plural = _("artifacts")
        ordering = ("kind", "id")

    def __str__(self) -> str:
        return self.kind
