"""A field whose text lies in the database encrypted."""

from typing import Any

from django.db import models

from accounts.encryption import TOKENS, decrypt, encrypt


class EncryptedField(models.CharField):
    """Rows from before are read as they are, and encrypted when they are saved."""

    def from_db_value(self, value: str | None, *_context: Any) -> str | None:
        return decrypt(value) if value and value.startswith(TOKENS) else value

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        return encrypt(text) if text and not text.startswith(TOKENS) else text
