"""Webhook secrets lie in the database encrypted; keys can be changed without losing any."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import User
from scans.models import Endpoint
from scans.updates import webhooks

pytestmark = pytest.mark.django_db


def stored() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM scans_endpoint")
        return str(cursor.fetchone()[0])


@pytest.fixture
def endpoint(uploader: User) -> Endpoint:
    made: Endpoint = Endpoint.objects.create(owner=uploader, url="https://example.org/")
    return made


def test_whoever_reads_the_database_cannot_sign(endpoint: Endpoint) -> None:
    assert endpoint.secret.startswith("whsec_")
    assert endpoint.secret not in stored()
    assert Endpoint.objects.get().secret == endpoint.secret
    before = endpoint.secret
    webhooks.rotate(Endpoint.objects.get())
    again = Endpoint.objects.get()
    assert again.secrets() == [again.secret, before]


def test_keys_change_without_losing_a_secret(endpoint: Endpoint, settings: Any) -> None:
    settings.ENCRYPTION_KEYS = ["new", *settings.ENCRYPTION_KEYS]
    assert Endpoint.objects.get().secret == endpoint.secret
    call_command("reencrypt")
    settings.ENCRYPTION_KEYS = ["new"]
    assert Endpoint.objects.get().secret == endpoint.secret


def test_what_no_key_opens_signs_nothing_and_is_not_overwritten(endpoint: Endpoint, settings: Any) -> None:
    right, before = settings.ENCRYPTION_KEYS, stored()
    settings.ENCRYPTION_KEYS = ["another"]
    lost = Endpoint.objects.get()
    assert lost.secrets() == []
    lost.save()
    delivery = webhooks.ping(lost)
    webhooks.send_due()
    assert delivery.attempts.get().failure == "secret_unreadable"
    with pytest.raises(CommandError):
        call_command("reencrypt")
    assert stored() == before
    settings.ENCRYPTION_KEYS = right
    assert Endpoint.objects.get().secret == endpoint.secret


def test_a_secret_of_the_first_versions_is_read_and_encrypted_by_the_algorithm_of_now(
    endpoint: Endpoint, settings: Any
) -> None:
    """That one was encrypted by Fernet: AES-128-CBC."""
    old = (
        "gAAAAABrC4inSks0uJuSPN8BueKkgduPCVZnkO_stw2u5oScjMLLiR6UEVZo"
        "PW9nKqAwgnAcmuxxgQ561KJZ6rLYWIMuuI_QWvT4gsEh9Wy_guOFMjlTetM="
    )
    with connection.cursor() as cursor:
        cursor.execute("UPDATE scans_endpoint SET secret = %s", [old])
    settings.ENCRYPTION_KEYS = [*settings.ENCRYPTION_KEYS, "a key from before"]
    assert Endpoint.objects.get().secret == "whsec_from_before"
    call_command("reencrypt")
    assert stored().startswith("aes1:")
    assert Endpoint.objects.get().secret == "whsec_from_before"


def test_a_byte_that_was_changed_in_the_database_opens_nothing(endpoint: Endpoint) -> None:
    changed = stored()[:-6] + ("A" if stored()[-6] != "A" else "B") + stored()[-5:]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE scans_endpoint SET secret = %s", [changed])
    assert Endpoint.objects.get().secrets() == []
