"""`/me`, which tells a key what it is."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from . import keys, roles
from .models import ApiKey


class Me(APIView):
    """Who is asking, and what this key may do."""

    def get(self, request: Request) -> Response:
        key = request.auth if isinstance(request.auth, ApiKey) else None
        said: dict[str, Any] = {
            "object": "me",
            "roles": sorted(roles.roles_of(request.user)),
            "scopes": keys.effective_scopes(key) if key else roles.scopes_for(request.user),
            "key": None,
        }
        if key:
            said["key"] = {
                "prefix": key.prefix,
                "name": key.name,
                "sandbox": key.test,
                "created_at": key.created_at,
                "expires_at": key.expires_at,
            }
        return Response(said)
