"""Texts that a site writes itself, in both of its languages."""

from typing import Any

from django.utils.translation import get_language


def in_language(row: Any, field: str, language: str | None = None) -> str:
    """The field in the reader's language; in the site's first language where there is no translation."""
    code = (language or get_language() or "").partition("-")[0]
    translated: str = getattr(row, f"{field}_{code}", "")
    return translated or str(getattr(row, field))


def scope_of(text: str) -> str:
    """What a policy covers: its first paragraph, for uploaders. The others tell reviewers how to apply it."""
    return text.replace("\r\n", "\n").strip().partition("\n\n")[0]
