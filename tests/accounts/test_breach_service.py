"""People can sign up whatever becomes of the service that knows breached passwords."""

import http.client
import io
import urllib.request
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import User

from .test_signing_in import GOOD, sign_up_with


def test_people_can_sign_up_while_that_service_is_away(client: Client, db, settings, tmp_path: Path, caplog) -> None:
    settings.BREACHED_PASSWORDS = str(tmp_path / "nothing")
    sign_up_with(client, GOOD)
    assert User.objects.exists()
    assert "breached passwords can't be looked up" in caplog.text


@pytest.mark.parametrize("error", [http.client.IncompleteRead(b""), UnicodeDecodeError("utf-8", b"", 0, 1, "")])
def test_people_can_sign_up_while_that_service_answers_nonsense(
    client: Client, db, settings, monkeypatch, error: Exception
) -> None:
    def urlopen(request, timeout: float) -> io.BytesIO:
        raise error

    settings.BREACHED_PASSWORDS = "https://breaches.example.org/range"
    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    sign_up_with(client, GOOD)
    assert User.objects.exists()
