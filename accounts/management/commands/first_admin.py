"""The first admin of a new site, named by its settings: for installations where nobody sits at a shell."""

from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from accounts import roles
from accounts.models import User


class Command(BaseCommand):
    help = "Create the admin account in ADMIN_EMAIL, unless there is an admin already. Safe to run again."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        admins = User.objects.filter(Q(is_superuser=True) | Q(groups__name=roles.Role.ADMIN), is_active=True)
        if admins.exists():
            self.stdout.write("There is already an admin.")
            return
        email = settings.ADMIN_EMAIL
        if not email:
            self.stdout.write("There is no admin yet. Set ADMIN_EMAIL, or run `manage.py createsuperuser`.")
            return
        if User.objects.filter(email__iexact=email).exists():
            raise CommandError(f"{email} has an account without the role. Run `manage.py createsuperuser`.")
        password = settings.ADMIN_PASSWORD or None
        try:
            if password:
                validate_password(password, User(email=email))
        except ValidationError as error:
            raise CommandError("ADMIN_PASSWORD: " + " ".join(error.messages)) from error
        user = User.objects.create_user(email, password)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        roles.give(user, roles.Role.ADMIN)
        self.stdout.write(f"{user.email} is now the admin of this site. The desk requires a second factor.")
        if password is None:
            days = settings.PASSWORD_RESET_TIMEOUT // (24 * 3600)
            self.stdout.write(f"Set your password within {days} days, by this link that works once: {_link(user)}")


def _link(user: User) -> str:
    """The same as in a mail for a forgotten password: no password that was made for somebody can stay."""
    key = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    return settings.SITE_URL + reverse("account_reset_password_from_key", kwargs=key)
