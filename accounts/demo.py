"""Four people to try the site with, each with a password that is made here and shown once."""

import secrets

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction

from . import roles
from .models import User

PEOPLE = {
    "uploader@demo.example": (roles.UPLOADER,),
    "moderator@demo.example": (roles.MODERATOR,),
    "lead@demo.example": (roles.LEAD,),
    "admin@demo.example": (roles.ADMIN,),
}
CONSONANTS, VOWELS = "bdfghklmnprstvz", "aeiou"


def password() -> str:
    """Sixteen letters that can be read aloud and typed: about 50 bits."""
    words = ["".join(secrets.choice(CONSONANTS) + secrets.choice(VOWELS) for _ in range(2)) for _ in range(4)]
    return "-".join(words)


def make_people() -> list[tuple[str, str, tuple[roles.Role, ...]]]:
    """Make them, and leave the mark by which later starts know that this is a demo (settings.DEMO)."""
    (settings.VAR_DIR / "demo").touch()
    made = []
    with transaction.atomic():
        for email, theirs in PEOPLE.items():
            secret = password()
            user = User.objects.create_user(email, secret, name=f"Demo {theirs[0].value}")
            EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
            roles.give(user, *theirs)
            made.append((email, secret, theirs))
    return made
