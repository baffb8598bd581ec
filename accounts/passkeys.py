"""allauth's passkey forms, for browsers that answer with something that is no passkey."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# What its parser raises on an answer of the wrong shape, or on one that nobody asked for.
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError)


class _PasskeyForm(forms.AuthenticateWebAuthnForm):
    def clean_credential(self) -> Authenticator:
        try:
            return super().clean_credential()
        except UNREADABLE as error:
            raise ValidationError(_("The passkey could not be read. Try again.")) from error


class SignIn(_PasskeyForm, forms.LoginWebAuthnForm):
    pass


class SecondFactor(_PasskeyForm):
    pass


class ProveAgain(_PasskeyForm, forms.ReauthenticateWebAuthnForm):
    pass


class Add(forms.AddWebAuthnForm):
    def clean(self) -> dict[str, Any]:
        try:
            return super().clean()
        except UNREADABLE as error:
            raise ValidationError(_("The passkey could not be read. Try again.")) from error
