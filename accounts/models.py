"""People, their API keys, and their wish to be forgotten."""

import uuid
import zoneinfo
from typing import Any, ClassVar

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


def real_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("Unknown time zone."))


class UserManager(BaseUserManager["User"]):
    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        if not email:
            raise ValueError("A person needs an email address.")
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **fields})

    def get_by_natural_key(self, email: str | None) -> "User":
        return self.get(email__iexact=email)


class User(AbstractUser):
    """A person. The email address is the login; what they may do comes from their roles (roles.py)."""

    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField(
        _("email address"),
        unique=True,
        error_messages={"unique": _("There is already an account with this email address.")},
    )
    name = models.CharField(_("name"), max_length=150, blank=True, help_text=_("Shown to other people on this site."))
    language = models.CharField(_("language"), max_length=10, blank=True, choices=settings.LANGUAGES)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[real_time_zone])

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        permissions = (
            ("view_system", _("Can see the site's health and settings")),
            ("run_system", _("Can manage the site")),
        )
        constraints = [models.UniqueConstraint(Lower("email"), name="one_person_per_address")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)

    @property
    def second_factor_missing(self) -> bool:
        """Whether this person must set up a second factor before a staff permission counts. Read once a request."""
        missing: bool | None = self.__dict__.get("_second_factor_missing")
        if missing is None:
            missing = settings.STAFF_SECOND_FACTOR and not is_mfa_enabled(self)
            self.__dict__["_second_factor_missing"] = missing
        return missing

    # Every permission of this site is a staff permission, so the second factor guards them all, wherever they are
    # used: on pages, in sessions of the API, by keys, in the background. A superuser is no exception.

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return super().has_perm(perm, obj) and not self.second_factor_missing

    def has_module_perms(self, app_label: str) -> bool:
        return super().has_module_perms(app_label) and not self.second_factor_missing

    def get_user_permissions(self, obj: Any = None) -> set[str]:
        return set() if self.second_factor_missing else super().get_user_permissions(obj)

    def get_group_permissions(self, obj: Any = None) -> set[str]:
        return set() if self.second_factor_missing else super().get_group_permissions(obj)

    def get_all_permissions(self, obj: Any = None) -> set[str]:
        return set() if self.second_factor_missing else super().get_all_permissions(obj)


RATE = RegexValidator(r"^[1-9][0-9]{0,5}/[1-9]?[0-9]{0,2}[smhd]$", _("Use a format such as 100/1m."))


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def usable(self) -> "ApiKeyQuerySet":
        """Keys that open doors now."""
        now = timezone.now()
        return self.filter(revoked_at=None, user__is_active=True).filter(
            models.Q(expires_at=None) | models.Q(expires_at__gt=now)
        )


class ApiKey(models.Model):
    """A program's way in. Only a hash of the secret is kept; the prefix tells people which key it is."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_keys", verbose_name=_("owner"))
    name = models.CharField(_("name"), max_length=60, help_text=_("For example, the program that uses it."))
    prefix = models.CharField(_("prefix"), max_length=24, unique=True, editable=False)
    secret_sha256 = models.CharField(max_length=64, editable=False)
    test = models.BooleanField(_("test key"), default=False)
    scopes = models.JSONField(_("scopes"), default=list)
    upload_limit = models.CharField(
        _("upload limit"), max_length=12, blank=True, validators=[RATE],
        help_text=_("For example 100/1m: 100 requests in a minute. Empty: the usual limit."),
    )  # fmt: skip
    read_limit = models.CharField(
        _("request limit"), max_length=12, blank=True, validators=[RATE], help_text=_("For example 6000/1m.")
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def is_usable(self) -> bool:
        return self.revoked_at is None and not self.expired


class Erasure(models.Model):
    """A person's wish to be forgotten: asked, then either taken back or done. Its id is the receipt's number."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="erasures", verbose_name=_("person")
    )
    asked_at = models.DateTimeField(_("requested"), default=timezone.now, editable=False)
    due_at = models.DateTimeField(_("due"))
    withdrawn_at = models.DateTimeField(_("cancelled"), null=True, editable=False)
    done_at = models.DateTimeField(_("done"), null=True, editable=False)
    kept = models.JSONField(_("what is kept, and why"), default=list, editable=False)

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(withdrawn_at=None, done_at=None), name="one_open_erasure_per_person"
            )
        ]

    def __str__(self) -> str:
        return str(self.id)


class Acceptance(models.Model):
    """Which version of the rules of use somebody accepted, and when. Rows are added, never changed."""

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="acceptances", verbose_name=_("person"), editable=False
    )
    version = models.CharField(_("version"), max_length=20, editable=False)
    accepted_at = models.DateTimeField(_("accepted"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("acceptance of the rules")
        verbose_name_plural = _("acceptances of the rules")
        ordering = ("-accepted_at",)
        constraints = [models.UniqueConstraint(fields=["user", "version"], name="one_acceptance_per_version")]

    def __str__(self) -> str:
        return f"{self.user} {self.version}"
