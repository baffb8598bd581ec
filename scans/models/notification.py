"""What a person is told on the site: a list with read marks, and whether it goes out by mail as well."""

import datetime as dt
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

KEPT_DAYS = 90  # after it was read
MOST_COUNTED = 100  # a header shows no more than "99+"


class NotificationQuerySet(models.QuerySet["Notification"]):
    def unread(self) -> Self:
        return self.filter(read_at=None)

    def out_of_date(self) -> Self:
        return self.filter(read_at__lt=timezone.now() - dt.timedelta(days=KEPT_DAYS))

    def mark_read(self) -> int:
        return self.unread().update(read_at=timezone.now(), wants_mail=False)


class Notification(models.Model):
    class Kind(models.TextChoices):
        RESULT = "result", _("Your result is ready")
        FAILED = "failed", _("Your file could not be analysed")
        BATCH = "batch", _("Your batch is ready")
        DECIDED = "decided", _("A moderator has decided")
        APPEAL_ANSWERED = "appeal_answered", _("Your appeal was answered")
        ASSIGNED = "assigned", _("An item was assigned to you")

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="notifications",
        verbose_name=_("recipient"),
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    scan = models.ForeignKey(
        "scans.Scan", on_delete=models.CASCADE, null=True, related_name="notifications", verbose_name=_("scan")
    )
    batch = models.ForeignKey(
        "scans.Batch", on_delete=models.CASCADE, null=True, related_name="+", verbose_name=_("batch")
    )
    item = models.ForeignKey(
        "scans.ReviewItem", on_delete=models.CASCADE, null=True, related_name="+", verbose_name=_("item")
    )
    at = models.DateTimeField(_("at"), default=timezone.now)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)
    wants_mail = models.BooleanField(_("to be sent by email"), default=False)

    objects: ClassVar[Any] = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ("-id",)
        indexes = [
            models.Index(fields=["recipient", "-id"], name="notification_newest"),
            models.Index(fields=["recipient"], condition=models.Q(read_at=None), name="notification_unread"),
            models.Index(fields=["id"], condition=models.Q(wants_mail=True), name="notification_to_mail"),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())

    def get_absolute_url(self) -> str:
        """The page that it is about."""
        if self.item_id:
            return reverse("admin:scans_reviewitem_change", args=[self.item_id])
        if self.batch_id:
            return reverse("scans:batch", args=[self.batch_id])
        return reverse("scans:scan", args=[self.scan_id])


class MailPreferences(models.Model):
    """What one person wants by mail as well. Without a row, the defaults count."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="mail_preferences",
        verbose_name=_("person"),
    )
    results = models.BooleanField(
        _("Results"), default=False, help_text=_("When a file or batch was analysed or could not be analysed.")
    )
    decisions = models.BooleanField(
        _("Decisions"),
        default=True,
        help_text=_("When a moderator's decision changes something, or an appeal is answered."),
    )
    assignments = models.BooleanField(
        _("Assignments"), default=False, help_text=_("When a lead assigns an item to you. Only for moderators.")
    )

    class Meta:
        verbose_name = _("email settings")
        verbose_name_plural = _("email settings")

    def __str__(self) -> str:
        return str(self.person)


MAILED_AS = {
    Notification.Kind.RESULT: "results",
    Notification.Kind.FAILED: "results",
    Notification.Kind.BATCH: "results",
    Notification.Kind.ASSIGNED: "assignments",
}  # decisions have a mail of their own, with the reasons


def wants_mail(person: Any, what: str) -> bool:
    chosen = MailPreferences.objects.filter(pk=person).first() or MailPreferences()
    return bool(getattr(chosen, what))


def notify(recipient_id: Any, kind: Notification.Kind, **related: Any) -> Notification:
    """Create a notification. Call it in the transaction of the change, so that both are stored or neither."""
    row: Notification = Notification.objects.create(
        recipient_id=recipient_id,
        kind=kind,
        wants_mail=kind in MAILED_AS and wants_mail(recipient_id, MAILED_AS[kind]),
        **related,
    )
    return row
