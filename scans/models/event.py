"""What happened to a scan: its history, and the outbox of webhooks."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    QUEUED = "queued", _("Uploaded")
    ANALYSING = "analysing", _("Analysis started")
    ANALYSED = "analysed", _("Analysed")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
    TRASHED = "trashed", _("Moved to the trash")
    RESTORED = "restored", _("Restored from the trash")
    DELETED = "deleted", _("Deleted permanently")
    MEDIA_DELETED = "media_deleted", _("The file was deleted, the result is kept")
    REASSESSED = "reassessed", _("Analysed again")
    RESCORE_ASKED = "rescore_asked", _("A new analysis was requested")
    STABILITY_ASKED = "stability_asked", _("A second review was requested")
    FEEDBACK = "feedback", _("Feedback was sent")
    CONSENT = "consent", _("Consent to training was changed")
    REPORT = "report", _("A report was issued")
    SHARED = "shared", _("A link was created")
    SHARE_ENDED = "share_ended", _("A link was revoked")
    TOLD = "told", _("The uploader was notified of the decision")
    APPEALED = "appealed", _("The uploader appealed")
    APPEAL_ANSWERED = "appeal_answered", _("The appeal was answered")
    REVIEW_REQUIRED = "review_required", _("Added to a queue")
    QUEUED_FOR_REVIEW = "queued_for_review", _("Added to a queue by hand")
    ASSIGNED = "assigned", _("Assigned")
    SKIPPED = "skipped", _("Skipped")
    TAKEN_OVER = "taken_over", _("Taken over by a lead")
    DECIDED = "decided", _("Decided")
    HELD = "held", _("Decided, waiting for a second person")
    SECOND_APPROVE = "second_approve", _("Approved by a second person")
    SECOND_REJECT = "second_reject", _("Rejected by a second person")
    SECOND_CANCEL = "second_cancel", _("Removed from the queue by a second person")
    OPINION_ASKED = "opinion_asked", _("A second opinion was requested")
    ESCALATED = "escalated", _("Escalated to the leads")
    TAGGED = "tagged", _("Marked as sensitive content")
    AGREED = "agreed", _("A second reviewer agreed (blind review)")
    DIFFERED = "differed", _("A second reviewer disagreed (blind review)")
    REMEMBERED = "remembered", _("Added to the known files")
    BANK_CHANGED = "bank_changed", _("Its entry in the known files was changed")
    VIEWED = "viewed", _("The file was viewed at the desk")
    UNVEILED = "unveiled", _("The file was viewed unblurred")
    FIRST_ANSWER = "first_answer", _("A reviewer gave a blind assessment")
    EXPORTED = "exported", _("Exported")
    SETTING_CHANGED = "setting_changed", _("A setting was changed")
    ROLES_CHANGED = "roles_changed", _("The roles of a person were changed")
    KEY_ISSUED = "key_issued", _("An API key was issued")
    KEY_REVOKED = "key_revoked", _("An API key was revoked")
    KEY_USED = "key_used", _("An API key was used (recorded once an hour)")
    ERASURE_REQUESTED = "erasure_requested", _("Account deletion requested")
    ERASURE_WITHDRAWN = "erasure_withdrawn", _("Account deletion cancelled")
    LEGAL_HOLD = "legal_hold", _("A legal hold was placed on the file")
    LEGAL_HOLD_RELEASED = "legal_hold_released", _("The legal hold was released")
    PERSON_ERASED = "person_erased", _("An account was deleted")
    UNDONE = "undone", _("Decision undone")
    REOPENED = "reopened", _("Reopened")


# What only the desk sees: an uploader is told of decisions when they have settled, and of nothing before.
AT_THE_DESK = (
    Kind.REVIEW_REQUIRED, Kind.QUEUED_FOR_REVIEW, Kind.ASSIGNED, Kind.SKIPPED, Kind.TAKEN_OVER, Kind.DECIDED,
    Kind.HELD, Kind.SECOND_APPROVE, Kind.SECOND_REJECT, Kind.SECOND_CANCEL, Kind.UNDONE, Kind.REOPENED,
    Kind.OPINION_ASKED, Kind.ESCALATED, Kind.TAGGED, Kind.AGREED, Kind.DIFFERED, Kind.REMEMBERED, Kind.BANK_CHANGED,
    Kind.VIEWED, Kind.UNVEILED, Kind.FIRST_ANSWER, Kind.EXPORTED, Kind.LEGAL_HOLD, Kind.LEGAL_HOLD_RELEASED,
)  # fmt: skip
# That somebody looked at a scan or took a copy: nothing that happens to the scan itself.
LOOKS = (Kind.VIEWED, Kind.UNVEILED, Kind.EXPORTED)


class EventQuerySet(models.QuerySet["Event"]):
    def for_uploaders(self) -> Self:
        return self.exclude(kind__in=AT_THE_DESK)


class Event(models.Model):
    """Written in the same transaction as the change: nothing is told that did not happen.

    Rows are added and never changed; triggers in the database refuse it. The last five columns are the row's seal: it
    is written once, seconds later, by `evidence.sealing`.
    """

    scan = models.ForeignKey(
        "scans.Scan", null=True, blank=True, on_delete=models.CASCADE, related_name="events", verbose_name=_("scan"),
        help_text=_("Empty for events of the site, a key or an account."),
    )  # fmt: skip
    kind = models.CharField(_("what happened"), max_length=30, choices=Kind.choices)
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
    published_at = models.DateTimeField(_("reported"), null=True, blank=True, editable=False)
    position = models.BigIntegerField(_("position in the chain"), null=True, editable=False, unique=True)
    previous = models.CharField(_("hash of the row before"), max_length=64, blank=True, editable=False)
    salt = models.CharField(max_length=64, blank=True, editable=False)
    hash = models.CharField(_("hash"), max_length=64, blank=True, editable=False)
    sealed_at = models.DateTimeField(_("sealed"), null=True, editable=False)

    objects: ClassVar[Any] = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ("id",)
        indexes = [
            models.Index(fields=["id"], condition=models.Q(published_at=None), name="event_outbox"),
            models.Index(fields=["id"], condition=models.Q(position=None), name="event_unsealed"),
            models.Index(fields=["at"], name="event_by_time"),
        ]

    def __str__(self) -> str:
        if self.kind == Kind.QUEUED and self.content.get("attempts"):
            return str(_("Queued again because the worker stopped responding"))
        return str(self.get_kind_display())
