"""Lists in pages by cursor, and filters. Unknown or invalid filters are refused."""

import datetime as dt
import re
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from rest_framework.request import Request

from ..models import Appeal, Decision, Delivery, Event, Outcome, Reason, ReviewReason, Status
from ..outcome import effective
from .errors import Refusal

MOST, USUAL = 100, 20
BACK = "p"  # before a cursor: the page before it
NUMBER = "^[0-9]{1,18}$"
PLACE = "^p?[0-9]{1,18}$"
QUEUE_PLACE = "^p?[0-9]{1,16}-[01]-[0-9]{1,5}-[0-9]{1,16}-[0-9]{1,18}$"  # as of when; late, priority, due, number
MOMENT = "^p?[0-9]{1,16}-[0-9a-f]{32}$"  # microseconds, and the row's id
BEGINNING, MICROSECOND = dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.timedelta(microseconds=1)


def _one_of(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(_("Must be one of: %(allowed)s.") % {"allowed": ", ".join(allowed)})
        return text

    return read


def _moment(text: str) -> dt.datetime:
    at = parse_datetime(text.replace(" ", "+"))  # a plus sign that was not escaped
    if at is None or at.tzinfo is None:
        raise ValueError(_("Use a time such as 2026-03-01T12:00:00Z."))
    return at.astimezone(dt.UTC)  # a database knows fewer offsets


def _text(text: str) -> str:
    if not text or len(text) > 120 or "\0" in text:
        raise ValueError(_("Use 1 to 120 characters."))
    return text


def _sha256(text: str) -> str:
    if not re.fullmatch("[0-9a-fA-F]{64}", text):
        raise ValueError(_("Use 64 hexadecimal digits."))
    return text.lower()


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise ValueError(_("Not a valid ID.")) from error


def _is(field: str) -> Callable[[Any, Any], Any]:
    return lambda rows, value: rows.filter(**{field: value})


def _changed_since(rows: Any, at: dt.datetime) -> Any:
    return rows.filter(pk__in=Event.objects.filter(at__gte=at).values("scan"))


def _in_review(rows: Any, state: str) -> Any:
    """Scans in this state of review. The order of the states is the one in `response_serializers`."""
    now = timezone.now()
    why = ReviewReason.objects.exclude(reason=Reason.DOUBLE).filter(item__scan=OuterRef("pk"), item__closed_at=None)
    stages = {
        "appealed": Exists(Appeal.objects.filter(decision__scan=OuterRef("pk"), answered_by=None)),
        "held": Exists(Decision.objects.pending().filter(scan=OuterRef("pk"))),
        "claimed": Exists(why.filter(item__held_until__gt=now)),
        "pending": Exists(why),
        "decided": Exists(Decision.objects.settled().filter(scan=OuterRef("pk"))),
    }
    for stage, it_is in stages.items():
        if stage == state:
            return rows.filter(it_is)
        rows = rows.exclude(it_is)
    return rows


Filter = tuple[Callable[[str], Any], Callable[[Any, Any], Any]]
REVIEW_STATES = ("none", "pending", "claimed", "held", "decided", "appealed")
OF_SCANS: dict[str, Filter] = {
    "status": (_one_of(*Status.values), _is("status")),
    "outcome": (_one_of(*Outcome.values), _is("outcome")),
    "effective": (_one_of(*Outcome.values), effective.counting_as),
    "review_state": (_one_of(*REVIEW_STATES), _in_review),
    "sha256": (_sha256, _is("sha256")),
    "external_id": (_text, _is("external_id")),
    "batch": (_uuid, _is("batch")),
    "tag": (_text, _is("tags__name__iexact")),
    "created_after": (_moment, _is("created_at__gte")),
    "created_before": (_moment, _is("created_at__lt")),
    "updated_since": (_moment, _changed_since),
}
OF_EVENTS: dict[str, Filter] = {"scan": (_uuid, _is("scan"))}
OF_ITEMS: dict[str, Filter] = {"queue": (_text, _is("queue__slug"))}
OF_DELIVERIES: dict[str, Filter] = {
    "endpoint": (_uuid, _is("endpoint")),
    "state": (_one_of(*Delivery.State.values), _is("state")),
}


def filtered(request: Request, rows: Any, filters: dict[str, Filter]) -> Any:
    wrong: dict[str, str] = {}
    for name, text in request.query_params.items():
        if name not in filters:
            continue  # of the page
        read, narrow = filters[name]
        try:
            rows = narrow(rows, read(text))
        except (ValueError, OverflowError) as error:
            wrong[name] = str(error) or _("Not a valid value.")
    if wrong:
        raise Refusal(422, "validation_error", _("Some parameters are invalid."), wrong)
    return rows


Shaped = Callable[[list[Any]], list[Any]]


def page(request: Request, rows: Any, shaped: Shaped) -> dict[str, Any]:
    """A page, newest first. The cursor names the last row, so no row is repeated or left out."""
    cursor = _cursor(request, MOMENT)
    back, after = cursor[:1] == BACK, cursor.removeprefix(BACK)
    if after:
        microseconds, _dash, pk = after.partition("-")
        at = BEGINNING + int(microseconds) * MICROSECOND
        side, beside = ("gt", "gte") if back else ("lt", "lte")
        rows = rows.filter(**{f"created_at__{beside}": at})
        rows = rows.filter(Q(**{f"created_at__{side}": at}) | Q(created_at=at, **{f"pk__{side}": uuid.UUID(pk)}))
    order = ("created_at", "pk") if back else ("-created_at", "-pk")
    return _build_page(
        request, rows.order_by(*order), shaped, back=back, first=not cursor,
        name=lambda row: f"{(row.created_at - BEGINNING) // MICROSECOND}-{row.pk.hex}",
    )  # fmt: skip


def by_number(request: Request, rows: Any, shaped: Shaped) -> dict[str, Any]:
    """A page of numbered rows, oldest first. The cursor is a number."""
    cursor = _cursor(request, PLACE)
    back, after = cursor[:1] == BACK, int(cursor.removeprefix(BACK) or 0)
    rows = rows.filter(pk__lt=after).order_by("-pk") if back else rows.filter(pk__gt=after).order_by("pk")
    return _build_page(request, rows, shaped, back=back, first=not cursor, name=lambda row: str(row.pk))


def in_queue_order(request: Request, rows: Any, shaped: Shaped) -> dict[str, Any]:
    """A page in the order of work. `late` is as of the first page, so that no item moves between pages."""
    cursor = _cursor(request, QUEUE_PLACE)
    back = cursor.startswith(BACK)
    as_of = timezone.now()
    if cursor:
        seen, late, priority, due, pk = (int(part) for part in cursor.removeprefix(BACK).split("-"))
        as_of, due_at = BEGINNING + seen * MICROSECOND, BEGINNING + due * MICROSECOND
    rows = rows.in_order(as_of)
    if cursor:
        less, more = ("gt", "lt") if back else ("lt", "gt")
        after = Q(**{f"late__{less}": late}) | Q(late=late) & (
            Q(**{f"priority__{less}": priority})
            | Q(priority=priority) & (Q(**{f"due_at__{more}": due_at}) | Q(due_at=due_at, **{f"pk__{more}": pk}))
        )
        rows = rows.filter(after)

    def place(item: Any) -> str:
        as_of_us, due_us = ((at - BEGINNING) // MICROSECOND for at in (as_of, item.due_at))
        return f"{as_of_us}-{item.late}-{item.priority}-{due_us}-{item.pk}"

    return _build_page(request, rows.reverse() if back else rows, shaped, back=back, first=not cursor, name=place)


def _build_page(
    request: Request, rows: Any, shaped: Shaped, *, back: bool, first: bool, name: Callable[[Any], str]
) -> dict[str, Any]:
    """A page with the cursors of its neighbours. `back`: the rows are in reverse order, for the previous page."""
    most = limit(request)
    fetched = list(rows[: most + 1])
    more, results = len(fetched) > most, fetched[:most][:: -1 if back else 1]
    onward = _onward(request, name(results[-1])) if results and (more or back) else None
    before = _onward(request, BACK + name(results[0])) if results and (more if back else not first) else None
    return {"results": shaped(results), "next": onward, "previous": before}


def slice_of(request: Request, rows: list[Any]) -> dict[str, Any]:
    """A page of a list that is in memory. The cursor is the number of rows before it."""
    most, after = limit(request), number(request, "cursor")
    return {
        "results": rows[after : after + most],
        "next": _onward(request, str(after + most)) if len(rows) > after + most else None,
        "previous": _onward(request, str(max(0, after - most))) if after else None,
    }


def whole(rows: list[Any]) -> dict[str, Any]:
    """A list that is short enough for one page."""
    return {"results": rows, "next": None, "previous": None}


def number(request: Request, name: str) -> int:
    text = request.query_params.get(name, "0")
    if not re.fullmatch(NUMBER, text):
        raise Refusal(422, "validation_error", _("Some parameters are invalid."), {name: _("Not a valid value.")})
    return int(text)


def choice(request: Request, name: str, allowed: Sequence[str]) -> str:
    """A parameter with a few values; the first is the default."""
    text = request.query_params.get(name, allowed[0])
    try:
        return _one_of(*allowed)(text)
    except ValueError as error:
        raise Refusal(422, "validation_error", _("Some parameters are invalid."), {name: str(error)}) from error


def limit(request: Request) -> int:
    text = request.query_params.get("limit", str(USUAL))
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text[:6]) <= MOST:
        raise Refusal(
            422,
            "validation_error",
            _("Some parameters are invalid."),
            {"limit": _("Use a number from 1 to %d.") % MOST},
        )
    return int(text)


def _onward(request: Request, cursor: str) -> str:
    query = request.query_params.copy()
    query["cursor"] = cursor
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def _cursor(request: Request, pattern: str) -> str:
    text = request.query_params.get("cursor")
    if text is not None and not re.fullmatch(pattern, text):
        pointers = {"cursor": _("Not a valid value.")}
        raise Refusal(422, "validation_error", _("Some parameters are invalid."), pointers)
    return text or ""
