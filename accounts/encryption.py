"""Text that lies in the database encrypted, by keys that do not lie there."""

import base64
import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

# Labels, so that a key made of SECRET_KEY is good for nothing else.
LABEL = b"deepfake-moderation database aes-256-gcm "
FERNET_LABEL = b"deepfake-moderation database "
# How encrypted texts begin names their algorithm. New ones are AES-256-GCM; Fernet, of the first versions, is read.
AES = "aes1:"
TOKENS = (AES, "gAAAA")
NONCE = 12  # bytes


def _digests(label: bytes) -> list[bytes]:
    return [hashlib.sha256(label + key.encode()).digest() for key in settings.ENCRYPTION_KEYS]


def encrypt(text: str) -> str:
    """With the first key."""
    nonce = os.urandom(NONCE)
    sealed = AESGCM(_digests(LABEL)[0]).encrypt(nonce, text.encode(), None)
    return AES + base64.urlsafe_b64encode(nonce + sealed).decode()


def decrypt(stored: str) -> str:
    """What no key opens stays as it is: it is unreadable, but a key that is found again opens it."""
    if stored.startswith(AES):
        return _decrypt_aes(stored)
    keys = [Fernet(base64.urlsafe_b64encode(digest)) for digest in _digests(FERNET_LABEL)]
    try:
        return MultiFernet(keys).decrypt(stored.encode()).decode()
    except InvalidToken:
        return stored


def _decrypt_aes(stored: str) -> str:
    try:
        sealed = base64.urlsafe_b64decode(stored.removeprefix(AES))
    except ValueError:
        return stored
    for digest in _digests(LABEL):
        try:
            return AESGCM(digest).decrypt(sealed[:NONCE], sealed[NONCE:], None).decode()
        except (InvalidTag, ValueError):
            continue
    return stored
