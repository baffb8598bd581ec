"""Text that lies in the database encrypted, by keys that do not lie there."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

LABEL = b"deepfake-moderation database "  # so that a key made of SECRET_KEY is good for nothing else
TOKEN = "gAAAA"  # noqa: S105 (how every Fernet token begins)


def _keys() -> MultiFernet:
    """The first one encrypts, all decrypt."""
    digests = (hashlib.sha256(LABEL + key.encode()).digest() for key in settings.ENCRYPTION_KEYS)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


def encrypt(text: str) -> str:
    return _keys().encrypt(text.encode()).decode()


def decrypt(stored: str) -> str:
    """What no key opens stays as it is: it is unreadable, but a key that is found again opens it."""
    try:
        return _keys().decrypt(stored.encode()).decode()
    except InvalidToken:
        return stored
