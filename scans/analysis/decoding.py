"""Where the files of strangers are decoded."""

from functools import cache

from django.conf import settings

import detection


def decoder_sandbox() -> detection.Sandbox | None:
    """The decoding processes of this worker; None where they are switched off."""
    return _processes() if settings.DECODER_SANDBOX else None


@cache
def _processes() -> detection.Sandbox:
    return detection.Sandbox()
