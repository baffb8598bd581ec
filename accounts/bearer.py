"""API keys at the REST API's door."""

import structlog
from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from . import keys
from .models import ApiKey, User


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer dfm_live_…`"""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        scheme, _space, token = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        key = keys.verify(token.strip())
        if key is None:
            raise AuthenticationFailed(_("This API key is invalid, expired or revoked."))
        structlog.contextvars.bind_contextvars(api_key=key.prefix)
        return key.user, key

    def authenticate_header(self, request: HttpRequest) -> str:
        return "Bearer"
