"""Secrets of authenticator apps and recovery codes lie in the database encrypted."""

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_removed
from django.db import transaction
from django.http import HttpRequest

from . import mail
from .encryption import TOKENS, decrypt, encrypt
from .models import User

SECRETS = {Authenticator.Type.TOTP: "secret", Authenticator.Type.RECOVERY_CODES: "seed"}


class Adapter(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Rows from before are read as they are."""
        return decrypt(encrypted_text) if encrypted_text.startswith(TOKENS) else encrypted_text


def encrypt_anew() -> tuple[int, int]:
    """With the first of ENCRYPTION_KEYS; how many were, and how many no key opens."""
    count = unreadable = 0
    for row in Authenticator.objects.filter(type__in=SECRETS).iterator():
        name = SECRETS[Authenticator.Type(row.type)]
        if name not in row.data:
            continue
        text = Adapter().decrypt(row.data[name])
        if text.startswith(TOKENS):
            unreadable += 1
            continue
        row.data[name] = encrypt(text)
        row.save(update_fields=["data"])
        count += 1
    return count, unreadable


@transaction.atomic
def remove_all(request: HttpRequest, person: User) -> bool:
    """Remove a person's second factors and notify them by mail. False if there were none."""
    removed = list(Authenticator.objects.filter(user=person))
    for authenticator in removed:
        authenticator.delete()
        authenticator_removed.send(Authenticator, request=request, user=person, authenticator=authenticator)
    if removed:
        mail.send_template(person, "second_factors_removed")
    return bool(removed)
