"""Where allauth asks this house: new people get a role, mail goes through the queue."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction
from django.http import HttpRequest

from . import mail, roles
from .models import User


class Adapter(DefaultAccountAdapter):
    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        with transaction.atomic():
            user = super().save_user(request, user, form, commit)
            if commit:
                roles.give(user, roles.UPLOADER)
        return user

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        message = self.render_mail(template_prefix, email, {"email": email, **context})
        mail.send(message.subject, message.body, to=message.to)

    def format_email_subject(self, subject: str) -> str:
        return subject
