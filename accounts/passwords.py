"""Passwords that anybody would try first on this site."""

import re
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# docs/security.md lists these words.
WORDS = (
    "deepfake", "deepfakes", "moderation", "moderator", "uploader", "auditor", "integrator", "admin", "review",
    "lead", "fake", "scan", "password", "passwort",
)  # fmt: skip
LEFT = 6  # characters that are none of these words


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
