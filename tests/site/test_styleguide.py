"""The style guide shows every element, and only while developing."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, path, reverse

from deepfake_site import pages

urlpatterns = [*get_resolver().url_patterns, path("styleguide/", pages.styleguide, name="styleguide")]


def test_outside_development_it_is_not_there(client: Client, db) -> None:
    assert client.get("/styleguide/").status_code == 404
    with pytest.raises(NoReverseMatch):
        reverse("styleguide")


def test_it_shows_every_outcome_in_words_and_a_refused_form(client: Client, db, settings) -> None:
    settings.ROOT_URLCONF = __name__
    page = client.get("/styleguide/").content.decode()
    for outcome in (
        "Likely manipulated", "Inconclusive", "Little evidence of manipulation", "Not applicable",
        "Could not be analysed",
    ):  # fmt: skip
        assert f">{outcome}</span>" in page
    assert "Enter a valid email address" in page


def test_every_icon_that_a_template_draws_is_in_the_set() -> None:
    from deepfake_site.styleguide import icons

    drawn = {
        name
        for path in (Path(settings.BASE_DIR) / "templates").rglob("*.html")
        for name in re.findall(r'{% icon "([^"]+)"', path.read_text())
    }
    assert drawn
    assert drawn <= set(icons())
