"""Secrets of authenticator apps and recovery codes lie in the database encrypted."""

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator

from .encryption import TOKEN, decrypt, encrypt

SECRETS = {Authenticator.Type.TOTP: "secret", Authenticator.Type.RECOVERY_CODES: "seed"}


class Adapter(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Rows from before are read as they are."""
        return decrypt(encrypted_text) if encrypted_text.startswith(TOKEN) else encrypted_text


def encrypt_anew() -> tuple[int, int]:
    """With the first of ENCRYPTION_KEYS; how many were, and how many no key opens."""
    count = unreadable = 0
    for row in Authenticator.objects.filter(type__in=SECRETS).iterator():
        name = SECRETS[Authenticator.Type(row.type)]
        if name not in row.data:
            continue
        text = Adapter().decrypt(row.data[name])
        if text.startswith(TOKEN):
            unreadable += 1
            continue
        row.data[name] = encrypt(text)
        row.save(update_fields=["data"])
        count += 1
    return count, unreadable
