"""The style guide shows every element, and only while developing."""

import pytest
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, reverse

from deepfake_site import pages


def test_outside_development_it_is_not_there(client: Client, db) -> None:
    assert client.get("/styleguide/").status_code == 404
    with pytest.raises(NoReverseMatch):
        reverse("styleguide")


def test_it_shows_every_outcome_in_words(rf: RequestFactory, db) -> None:
    request = rf.get("/styleguide/")
    request.csp_nonce = "x"  # type: ignore[attr-defined]
    request.session, request._messages = {}, pages.messages.storage.default_storage(request)  # type: ignore[attr-defined]
    page = pages.styleguide(request).content.decode()
    for outcome in ("likely manipulated", "inconclusive", "little evidence", "not applicable", "unable to evaluate"):
        assert outcome in page
    assert "Enter a valid email address" in page
