"""A date looks the same wherever a person reads one."""

import datetime as dt
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template
from django.utils import formats, timezone, translation

AT = dt.datetime(2026, 11, 28, 9, 5, 7, 123456, tzinfo=dt.UTC)
TEMPLATES = sorted(path for folder in ("templates",) for path in (Path(settings.BASE_DIR) / folder).rglob("*.*"))


@pytest.mark.parametrize(("language", "expected"), [("en", "28 Nov 2026, 09:05"), ("de", "28. Nov. 2026, 09:05")])
def test_the_month_is_a_word_and_nothing_is_smaller_than_a_minute(language: str, expected: str) -> None:
    with translation.override(language):
        assert formats.date_format(AT, "DATETIME_FORMAT") == expected
        assert formats.date_format(AT, "SHORT_DATETIME_FORMAT") == expected
        assert str(formats.localize(timezone.localtime(AT))) == expected, "as the lists of the desk write it"
        assert Template("{{ at|date }}").render(Context({"at": AT})) == expected.partition(",")[0]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR)))
def test_no_page_and_no_mail_has_a_format_of_its_own(path: Path) -> None:
    used = re.findall(r"""\|(?:date|time):["']([^"']+)["']""", path.read_text())
    allowed = {"DATETIME_FORMAT", "TIME_FORMAT", "T", "c"}  # "T" names the time zone, "c" is for programs
    assert set(used) <= allowed
