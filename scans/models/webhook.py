"""Addresses that are told of changes, what they were sent, and what they answered."""

import base64
import datetime as dt
import secrets
import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .encryption import EncryptedField

KEPT = dt.timedelta(days=30)
OVERLAP = dt.timedelta(hours=24)  # in which the secret before still signs
PREFIX = "whsec_"
PAUSES = [
    dt.timedelta(**pause)
    for pause in (
        {"seconds": 5}, {"minutes": 5}, {"minutes": 30}, {"hours": 2}, {"hours": 5}, {"hours": 10}, {"hours": 10},
    )
]  # fmt: skip
LEASE = dt.timedelta(seconds=30)  # while somebody is sending it; a worker that dies leaves it for this long
SKEW = dt.timedelta(minutes=1)  # by which the clocks of several machines may differ


def new_secret() -> str:
    """As the Standard Webhooks specification writes one: 24 to 64 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


class EndpointQuerySet(models.QuerySet["Endpoint"]):
    def listening(self, owner_id: int, kind: str, *, sandbox: bool) -> list["Endpoint"]:
        """The owner's active endpoints that are subscribed to this kind. An endpoint without kinds gets all."""
        active = self.filter(owner=owner_id, sandbox=sandbox, disabled_at=None, owner__is_active=True)
        return [endpoint for endpoint in active if not endpoint.kinds or kind in endpoint.kinds]


class Endpoint(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="endpoints", verbose_name=_("owner")
    )
    url = models.CharField(_("address"), max_length=500)
    description = models.CharField(_("description"), max_length=120, blank=True)
    kinds = models.JSONField(_("message types"), default=list, blank=True)  # none named: all
    sandbox = models.BooleanField(_("sandbox"), default=False)
    secret = EncryptedField(max_length=300, default=new_secret, editable=False)
    old_secret = EncryptedField(max_length=300, blank=True, editable=False)
    old_secret_until = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True, editable=False)
    disabled_at = models.DateTimeField(_("disabled"), null=True, blank=True)
    disabled_why = models.CharField(_("why"), max_length=20, blank=True, editable=False)

    objects: ClassVar[Any] = EndpointQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook address")
        verbose_name_plural = _("webhook addresses")
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.url

    def secrets(self) -> list[str]:
        """The secrets that sign now, the newest first. Empty if no key in the settings decrypts them."""
        both = bool(self.old_secret and self.old_secret_until and self.old_secret_until > timezone.now())
        candidates = [self.secret, self.old_secret] if both else [self.secret]
        return [secret for secret in candidates if secret.startswith(PREFIX)]


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self) -> Self:
        """A time further away than any pause is from before the clock was set back: such a message is due as well."""
        now = timezone.now()
        due = models.Q(next_at__lte=now) | models.Q(tries=0) | models.Q(next_at__gt=now + max(PAUSES) + SKEW)
        for tries, pause in enumerate(PAUSES, 1):
            due |= models.Q(tries=tries, next_at__gt=now + max(pause, LEASE) + SKEW)
        return self.filter(due, state=Delivery.State.PENDING, endpoint__disabled_at=None)

    def old(self) -> Self:
        return self.filter(created_at__lt=timezone.now() - KEPT)


class Delivery(models.Model):
    """One message to one address: its id and its bytes stay the same however often it is sent."""

    class State(models.TextChoices):
        PENDING = "pending", _("To be sent")
        DELIVERED = "delivered", _("Delivered")
        DEAD = "dead", _("Given up")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    endpoint = models.ForeignKey(
        Endpoint, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("webhook address")
    )
    kind = models.CharField(_("kind"), max_length=20)
    body = models.TextField(_("body"))
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.PENDING)
    tries = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_at = models.DateTimeField(_("next attempt"), default=timezone.now, null=True)
    created_at = models.DateTimeField(_("made"), default=timezone.now)

    objects: ClassVar[Any] = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        ordering = ("-created_at", "-id")
        indexes = [
            models.Index(fields=["next_at"], condition=models.Q(state="pending"), name="delivery_to_be_sent"),
            models.Index(fields=["created_at"], name="delivery_by_time"),
        ]

    def __str__(self) -> str:
        return self.message_id

    @property
    def message_id(self) -> str:
        return f"msg_{self.pk.hex}"


class Attempt(models.Model):
    """What came of sending it once. Written when it begins: one whose worker died stays interrupted."""

    UNDER_WAY: ClassVar[str] = "under_way"
    INTERRUPTED: ClassVar[str] = "interrupted"

    delivery = models.ForeignKey(
        Delivery, on_delete=models.CASCADE, related_name="attempts", verbose_name=_("webhook delivery")
    )
    at = models.DateTimeField(_("when"), default=timezone.now)
    status = models.PositiveSmallIntegerField(_("HTTP status"), null=True)
    milliseconds = models.PositiveIntegerField(_("milliseconds"), default=0)
    failure = models.CharField(_("failure"), max_length=40, blank=True)
    answer = models.CharField(_("beginning of the answer"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ("id",)

    def __str__(self) -> str:
        return str(self.status or self.failure)

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300
