"""The rules of use (templates/accounts/rules.html), and who accepted them: asked for before anything is uploaded."""

from .models import Acceptance, User

VERSION = "2026-11"  # a new one asks everybody again


def accepted(user: User) -> bool:
    return Acceptance.objects.filter(user=user, version=VERSION).exists()


def accept(user: User) -> None:
    Acceptance.objects.get_or_create(user=user, version=VERSION)
