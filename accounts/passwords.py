"""Passwords that anybody would try first on this site."""

import itertools
import re
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# docs/security.md lists these words.
WORDS = (
    "deepfake", "deepfakes", "moderation", "moderator", "uploader", "auditor", "integrator", "admin", "review",
    "lead", "fake", "scan", "password", "passwort",
)  # fmt: skip
LEFT = 6  # characters that are none of these words, are added to a common password, or continue no sequence


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

    def validate(self, password: str, user: Any = None) -> None:
        whole = password.casefold().strip()
        core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", whole)
        if whole in self.passwords or (core in self.passwords and len(whole) - len(core) < LEFT):
            raise ValidationError(self.get_error_message(), code="password_too_common")


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
