"""`Idempotency-Key`: a POST that is sent again is done once, and answered again byte for byte."""

import hashlib
import json
from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request

from ..intake import Held
from ..models import Replay
from ..models.replay import ABANDONED, KEPT

HEADERS = ("Content-Type", "Location", "Retry-After")
LONGEST = 255


class Given(Exception):
    """It was answered before: this is the answer."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.response = response


class Unusable(Exception):
    """The key can't be taken now: status, code, sentence."""

    def __init__(self, status: int, code: str, said: str) -> None:
        super().__init__(said)
        self.status, self.code = status, code


def begin(request: Request, key: str) -> Replay:
    """Note that it is being done; Given if it was, Unusable if it is just being done or the key stands for another."""
    if not key.isprintable() or not 1 <= len(key) <= LONGEST:
        raise Unusable(422, "validation_error", _("An Idempotency-Key has 1 to %d printable characters.") % LONGEST)
    print_ = _fingerprint(request)
    now = timezone.now()
    Replay.objects.filter(person=request.user, key=key, begun_at__lt=now - KEPT).delete()
    try:
        with transaction.atomic():
            made: Replay = Replay.objects.create(person=request.user, key=key, fingerprint=print_)
            return made
    except IntegrityError:
        pass
    known = Replay.objects.filter(person=request.user, key=key).first()
    if known is None:  # given up in this very moment
        raise Unusable(409, "idempotency_in_progress", _("The first request with this key is not answered yet."))
    if known.fingerprint != print_:
        raise Unusable(422, "idempotency_mismatch", _("This Idempotency-Key stands for another request."))
    if known.status is not None:
        response = HttpResponse(bytes(known.body), status=known.status, headers=known.headers)
        response["Idempotency-Replayed"] = "true"
        raise Given(response)
    left = Replay.objects.filter(pk=known.pk, status=None, begun_at__lt=now - ABANDONED)
    if not left.update(begun_at=now):
        raise Unusable(409, "idempotency_in_progress", _("The first request with this key is not answered yet."))
    return known


def end(replay: Replay, response: Any) -> None:
    """Keep what was answered; what broke is not kept, so that it can be tried again."""
    if response.status_code >= 500 or response.status_code == 429:
        forget(replay)
        return
    headers = {name: response[name] for name in HEADERS if name in response}
    Replay.objects.filter(pk=replay.pk).update(status=response.status_code, headers=headers, body=response.content)


def forget(replay: Replay) -> None:
    Replay.objects.filter(pk=replay.pk).delete()


def _fingerprint(request: Request) -> str:
    """Of a file its hash, so that a large one is read once: while it came in."""
    sandbox = bool(getattr(request.auth, "test", False))  # a try is never the answer to what is meant
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()} {sandbox}\n".encode())
    fields = request.data.lists() if hasattr(request.data, "lists") else [("", request.data)]
    for name, values in sorted(fields, key=lambda field: field[0]):
        for value in values if isinstance(values, list) else [values]:
            said = value.sha256 if isinstance(value, Held) else json.dumps(value, sort_keys=True, default=str)
            digest.update(f"{name}={said}\n".encode())
    return digest.hexdigest()
