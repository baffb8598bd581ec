"""Lists in pages by cursor, and filters of which none is silently ignored."""

import base64
import binascii
import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

from django.db.models import Q
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from rest_framework.request import Request

from ..models import Event, Outcome, Status
from .asking import Refusal

MOST, USUAL = 100, 20
PAGING = ("limit", "cursor")


def _one_of(*allowed: str) -> Callable[[str], str]:
    def read(said: str) -> str:
        if said not in allowed:
            raise ValueError(_("One of: %(allowed)s.") % {"allowed": ", ".join(allowed)})
        return said

    return read


def _moment(said: str) -> dt.datetime:
    at = parse_datetime(said.replace(" ", "+"))  # a plus sign that nobody has escaped
    if at is None or at.tzinfo is None:
        raise ValueError(_("A time like 2026-03-01T12:00:00Z."))
    return at


def _text(said: str) -> str:
    if not said or len(said) > 120:
        raise ValueError(_("1 to 120 characters."))
    return said


def _uuid(said: str) -> uuid.UUID:
    try:
        return uuid.UUID(said)
    except ValueError as error:
        raise ValueError(_("An id.")) from error


Filter = tuple[Callable[[str], Any], Callable[[Any], Q]]
OF_SCANS: dict[str, Filter] = {
    "status": (_one_of(*Status.values), lambda value: Q(status=value)),
    "outcome": (_one_of(*Outcome.values), lambda value: Q(outcome=value)),
    "sha256": (_text, lambda value: Q(sha256=value.lower())),
    "external_id": (_text, lambda value: Q(external_id=value)),
    "batch": (_uuid, lambda value: Q(batch=value)),
    "created_after": (_moment, lambda value: Q(created_at__gte=value)),
    "created_before": (_moment, lambda value: Q(created_at__lt=value)),
    "updated_since": (_moment, lambda value: Q(pk__in=Event.objects.filter(at__gte=value).values("scan"))),
}


def filtered(request: Request, rows: Any, filters: dict[str, Filter]) -> Any:
    wrong: dict[str, str] = {}
    for name, said in request.query_params.items():
        if name in PAGING:
            continue
        if name not in filters:
            wrong[name] = _("There is no such filter.")
            continue
        read, wanted = filters[name]
        try:
            rows = rows.filter(wanted(read(said)))
        except (ValueError, OverflowError) as error:
            wrong[name] = str(error) or _("It can't be read.")
    if wrong:
        raise Refusal(422, "validation_error", _("Some filters can't be used."), wrong)
    return rows


def page(request: Request, rows: Any, shape: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """Newest first. The cursor names the last row that was given, so nothing is told twice or left out."""
    most, after = limit(request), _cursor(request)
    rows = rows.order_by("-created_at", "-pk")
    if after:
        at, pk = after
        rows = rows.filter(Q(created_at__lt=at) | Q(created_at=at, pk__lt=pk))
    found = list(rows[: most + 1])
    given = found[:most]
    return {"results": [shape(one) for one in given], "next": _next(request, given) if len(found) > most else None}


def limit(request: Request) -> int:
    said = request.query_params.get("limit", str(USUAL))
    if not said.isdecimal() or not 1 <= int(said[:6]) <= MOST:
        raise Refusal(422, "validation_error", _("Some filters can't be used."), {"limit": _("1 to %d.") % MOST})
    return int(said)


def _next(request: Request, given: list[Any]) -> str:
    last = given[-1]
    cursor = base64.urlsafe_b64encode(f"{last.created_at.isoformat()}|{last.pk}".encode()).decode()
    query = request.query_params.copy()
    query["cursor"] = cursor
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def _cursor(request: Request) -> tuple[dt.datetime, uuid.UUID] | None:
    said = request.query_params.get("cursor")
    if said is None:
        return None
    try:
        at, _bar, pk = base64.urlsafe_b64decode(said.encode()).decode().partition("|")
        return dt.datetime.fromisoformat(at), uuid.UUID(pk)
    except (ValueError, binascii.Error) as error:
        pointers = {"cursor": _("It can't be read.")}
        raise Refusal(422, "validation_error", _("Some filters can't be used."), pointers) from error
