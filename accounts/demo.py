"""Four made-up people for a first look, with passwords that are made on the spot and shown once."""

import secrets

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction

from . import roles, rules
from .models import User

PEOPLE = (roles.UPLOADER, roles.MODERATOR, roles.LEAD, roles.ADMIN)


def make_people() -> list[tuple[str, str]]:
    """Create one person for each role and return (email, password) pairs. Marks the installation as a demo."""
    credentials = []
    with transaction.atomic():
        for role in PEOPLE:
            email, password = f"{role}@demo.example", secrets.token_urlsafe(9)
            user = User.objects.create_user(email, password, name=str(role.label))
            EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
            roles.give(user, role)
            rules.accept(user)
            credentials.append((email, password))
    (settings.VAR_DIR / "demo").touch()
    return credentials
