"""The audit chain: how an event is written down to be hashed, where the chain stands, and what was published of it.

Every sealed event carries the hash of the one before it, so whoever changes, removes or inserts a row breaks the chain
there. `verify_bundle.py` repeats these few lines: whoever changes them here breaks every bundle that is out.
"""

import hashlib
import json
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

START = "0" * 64  # what the first row carries as the hash of the one before
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), check_circular=False).encode


def canonical(value: Any) -> bytes:
    """JSON with one spelling: sorted keys, no spaces, ASCII."""
    return _encode(value).encode()


def digest(value: Any) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()


def salted(salt: str, value: Any) -> str:
    """Tells nothing of a value that could be guessed, like a person's number, to whoever lacks the salt."""
    return digest([salt, value])


def row_hash(row: dict[str, Any], seal: dict[str, Any], salt: str) -> str:
    """Of one event. Actor and content come in salted, so that a copy for others can leave either out."""
    return digest(
        {
            **seal,
            "id": row["id"],
            "scan": row["scan"],
            "kind": row["kind"],
            "at": row["at"],
            "actor": salted(salt[:32], row["actor"]),
            "content": salted(salt[32:], row["content"]),
        }
    )


class ChainHead(models.Model):
    """The one row that says how long the chain is. Whoever seals holds its lock, so there is one chain."""

    position = models.BigIntegerField(_("position in the chain"), default=0)
    hash = models.CharField(_("hash"), max_length=64, default=START)

    objects: ClassVar[models.Manager["ChainHead"]] = models.Manager()

    class Meta:
        verbose_name = _("head of the audit chain")
        verbose_name_plural = _("head of the audit chain")

    def __str__(self) -> str:
        return str(self.position)

    @classmethod
    def current(cls) -> "ChainHead":
        """To look at: it writes nothing."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)

    @classmethod
    def locked(cls) -> "ChainHead":
        """To go on with, until the end of the transaction."""
        return cls.objects.select_for_update().get(pk=cls.objects.get_or_create(pk=1)[0].pk)


class Anchor(models.Model):
    """A signed statement about the chain's head. A copy elsewhere shows that nothing before was rewritten."""

    position = models.BigIntegerField(_("position in the chain"), unique=True)
    hash = models.CharField(_("hash"), max_length=64)
    statement = models.TextField(_("statement"))  # exactly what was signed
    key = models.CharField(_("key"), max_length=16)
    signature = models.CharField(_("signature"), max_length=128)
    at = models.DateTimeField(_("when"), default=timezone.now)

    objects: ClassVar[models.Manager["Anchor"]] = models.Manager()

    class Meta:
        verbose_name = _("anchor of the audit chain")
        verbose_name_plural = _("anchors of the audit chain")
        ordering = ("-position",)

    def __str__(self) -> str:
        return f"{self.position}: {self.hash}"


class SigningKey(models.Model):
    """The public half of a key that signs, or has signed. The private half never lies in the database."""

    id = models.CharField(_("key"), max_length=16, primary_key=True)
    public = models.CharField(_("public key"), max_length=64, unique=True)
    first_used_at = models.DateTimeField(_("valid from"), default=timezone.now)
    last_used_at = models.DateTimeField(_("last used"), default=timezone.now)

    objects: ClassVar[models.Manager["SigningKey"]] = models.Manager()

    class Meta:
        verbose_name = _("signing key")
        verbose_name_plural = _("signing keys")
        ordering = ("-last_used_at", "id")

    def __str__(self) -> str:
        return self.id


class ChainCheck(models.Model):
    """What a look at the whole chain found."""

    at = models.DateTimeField(_("when"), default=timezone.now)
    rows = models.BigIntegerField(_("rows checked"))
    problem = models.CharField(_("what is wrong"), max_length=40, blank=True)
    position = models.BigIntegerField(_("position in the chain"), null=True, blank=True)
    event = models.BigIntegerField(_("event"), null=True, blank=True)
    seconds = models.FloatField(_("seconds"))

    objects: ClassVar[models.Manager["ChainCheck"]] = models.Manager()

    class Meta:
        verbose_name = _("check of the audit chain")
        verbose_name_plural = _("audit chain")
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.problem or "whole"
