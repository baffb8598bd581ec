"""`Idempotency-Key`: a POST that is sent again is done once, and answered again byte for byte."""

import contextlib
import hashlib
import json
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from ..models import Replay
from ..uploads import idempotency
from ..uploads.intake import Held
from .errors import Refusal

HEADERS = ("Content-Type", "Location", "Retry-After")
LONGEST = 255
JSON = "application/json"


class Repeated(Exception):
    """The request was answered before; `response` is that answer."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.response = response


def begin(request: Request, key: str) -> Replay:
    """Reserve the key. Raises Repeated if it was answered, Refusal if it is in progress or another request used it."""
    if not key.isprintable() or not 1 <= len(key) <= LONGEST:
        raise Refusal(
            422, "validation_error", _("An Idempotency-Key must have 1 to %d printable characters.") % LONGEST
        )
    try:
        return idempotency.begin(request.user, key, _fingerprint(request))
    except idempotency.InProgress as error:
        raise in_progress() from error
    except idempotency.Mismatch as error:
        raise Refusal(
            422, "idempotency_mismatch", _("This Idempotency-Key was used for a different request.")
        ) from error
    except idempotency.Answered as answered:
        earlier = answered.replay
        response = HttpResponse(bytes(earlier.body), status=earlier.status, headers=earlier.headers)
        response["Idempotency-Replayed"] = "true"
        raise Repeated(response) from None


def in_progress() -> Refusal:
    return Refusal(409, "idempotency_in_progress", _("The first request with this Idempotency-Key is still running."))


def keep(replay: Replay, response: Response) -> None:
    """Store the response, in the transaction of the work."""
    body = b"" if response.data is None else JSONRenderer().render(response.data)
    idempotency.keep(replay, response.status_code, {**_headers(response), "Content-Type": JSON}, body)


def end(replay: Replay, response: Any) -> None:
    """Store a refusal for repetition. After an error the key is released, unless the work was already stored."""
    if response.status_code >= 500 or response.status_code == 429:
        idempotency.forget(replay)
    elif replay.status is None:
        with contextlib.suppress(idempotency.InProgress):
            idempotency.keep(replay, response.status_code, _headers(response), response.content)
    elif bytes(replay.body) != response.content:  # the response waited for the result, which has arrived
        idempotency.amend(replay, response.status_code, _headers(response), response.content)


def _headers(response: Any) -> dict[str, str]:
    return {name: response[name] for name in HEADERS if name in response}


def _fingerprint(request: Request) -> str:
    """A hash of the request. Files count by their hash, which was computed during the upload."""
    sandbox = bool(getattr(request.auth, "test", False))  # a sandbox request never answers a live one
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()} {sandbox}\n".encode())
    fields = request.data.lists() if hasattr(request.data, "lists") else [("", request.data)]
    for name, values in sorted(fields, key=lambda field: field[0]):
        for value in values if isinstance(values, list) else [values]:
            text = value.sha256 if isinstance(value, Held) else json.dumps(value, sort_keys=True, default=str)
            digest.update(f"{name}={text}\n".encode())
    return digest.hexdigest()
