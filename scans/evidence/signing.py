"""Ed25519: what leaves the site is signed by a key that does not lie in the database; its public half is published."""

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.utils import timezone

from ..models import SigningKey

LABEL = b"deepfake-moderation signing "  # so that a key made of SECRET_KEY is good for nothing else


def _private_key() -> Ed25519PrivateKey:
    """The first of the site's keys signs. After a change the public half of the earlier one stays published."""
    seed = hashlib.sha256(LABEL + settings.SIGNING_KEYS[0].encode()).digest()
    return Ed25519PrivateKey.from_private_bytes(seed)


def key_in_use() -> SigningKey:
    public = _private_key().public_key().public_bytes_raw()
    return SigningKey.objects.get_or_create(id=key_id(public), defaults={"public": public.hex()})[0]


def sign(message: bytes) -> tuple[SigningKey, str]:
    """The key, and the signature in hexadecimal digits."""
    key = key_in_use()
    SigningKey.objects.filter(pk=key.pk).update(last_used_at=timezone.now())
    return key, _private_key().sign(message).hex()


def is_valid(key: SigningKey, message: bytes, signature: str) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def key_id(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:16]
