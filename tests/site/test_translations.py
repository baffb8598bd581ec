"""No sentence stays English for somebody who reads German."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import polib
import pytest
from django.conf import settings
from django.test import Client

CATALOG = Path(settings.BASE_DIR) / "locale" / "de" / "LC_MESSAGES" / "django.po"


def test_every_entry_is_translated() -> None:
    catalog = polib.pofile(str(CATALOG))
    assert [entry.msgid for entry in catalog.untranslated_entries() + catalog.fuzzy_entries()] == []
    assert len(catalog) > 100


def test_placeholders_survive() -> None:
    def holes(text: str) -> set[str]:
        return set(re.findall(r"%\(\w+\)[sd]", text))

    for entry in polib.pofile(str(CATALOG)):
        assert not entry.msgstr or holes(entry.msgstr) == holes(entry.msgid), entry.msgid
        for number, said in entry.msgstr_plural.items():
            assert holes(said) == holes(entry.msgid_plural if number else entry.msgid), entry.msgid


def test_the_compiled_catalog_is_in_step() -> None:
    def texts(entries: Any) -> dict[tuple[str | None, str], str]:
        return {(entry.msgctxt, entry.msgid): entry.msgstr for entry in entries if not entry.obsolete}

    compiled, written = texts(polib.mofile(str(CATALOG.with_suffix(".mo")))), texts(polib.pofile(str(CATALOG)))
    assert compiled == written


def test_no_text_in_the_source_is_missing_from_the_catalog(tmp_path: Path) -> None:
    if not shutil.which("xgettext"):
        pytest.skip("needs gettext: apt install gettext")
    house = tmp_path / "house"
    kept_out = shutil.ignore_patterns(".*", "var", "tests", "ml_models", "__pycache__", "node_modules")
    shutil.copytree(settings.BASE_DIR, house, ignore=kept_out)
    subprocess.run(
        [sys.executable, "-m", "django", "makemessages", "-l", "de", "--no-obsolete"],
        cwd=house, check=True, capture_output=True,
        env={name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
    )  # fmt: skip
    found = polib.pofile(str(house / "locale" / "de" / "LC_MESSAGES" / "django.po"))
    assert [entry.msgid for entry in found.untranslated_entries() + found.fuzzy_entries()] == []


@pytest.mark.parametrize(
    "where", ["/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/nowhere/"]
)
def test_a_german_browser_gets_german_pages(client: Client, db, where: str) -> None:
    page = client.get(where, headers={"Accept-Language": "de-DE,de;q=0.9"}).content.decode()
    assert '<html lang="de"' in page
    assert "Sign in" not in page
    assert "Password" not in page


def test_people_s_own_pages_have_the_words_of_this_site(db: None, client: Client) -> None:
    page = client.get("/accounts/login/", headers={"Accept-Language": "en"}).content.decode()
    assert "Stay signed in" in page
    assert "Remember Me" not in page
