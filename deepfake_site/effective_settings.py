"""Every setting as it is in force, and where its value comes from. Secrets are named and never shown."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from . import env, reference

SECRET: Final = re.compile(r"SECRET|PASSWORD|TOKEN|_KEYS?$")
PASSWORD_IN_ADDRESS: Final = re.compile(r"(?<=://)[^/@]*@")
SOURCES: Final[dict[str, Promise]] = {
    env.ENVIRONMENT: _("Environment"),
    env.FILE: _("File .env"),
    env.SECRET_FILE: _("File of a secret"),
    env.DEFAULT: _("Default"),
}


@dataclass(frozen=True, slots=True)
class Setting:
    name: str
    value: str
    is_hidden: bool
    source: Promise
    is_default: bool
    description: str


def sections() -> list[tuple[str, list[Setting]]]:
    """As .env.example has them."""
    return [
        (
            gettext(title),
            [_setting(name, example, gettext(comment) if comment else "") for name, example, comment in entries],
        )
        for title, entries in reference.documented_settings()
    ]


def _setting(name: str, example: str, comment: str) -> Setting:
    default = reference.setting_readers().get(name, ("", ""))[1]
    value = getattr(settings, name, None)
    if value is None:
        value = env.text(name) or default or example
    source = env.source_of(name)
    is_hidden = bool(SECRET.search(name))
    return Setting(name, "" if is_hidden else _in_words(value), is_hidden and bool(value), SOURCES[source],
                   source == env.DEFAULT, comment)  # fmt: skip


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, (list, tuple)):
        return ", ".join(_in_words(part) for part in value)
    if isinstance(value, Path):
        return str(value)
    return PASSWORD_IN_ADDRESS.sub("•••@", str(value))
