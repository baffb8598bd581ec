"""The chain, looked at row by row: where it breaks first, if it does."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ..models import Anchor, ChainCheck, ChainHead, Event
from ..models.chain import START, row_hash
from . import anchoring, guards, rows

PROBLEMS: Final[dict[str, Promise]] = {
    "missing": _("A row is missing here: it was deleted."),
    "twice": _("This position is used twice: a row was inserted or moved."),
    "changed": _("This row was changed after it was sealed."),
    "unlinked": _("This row does not follow the previous one: that row was replaced, or this one was inserted."),
    "anchor": _("A published anchor does not match this row: the rows up to here may have been rewritten."),
    "anchor_signature": _("The anchor of this row was not signed by one of this site's keys."),
    "beyond_head": _("The chain is longer than its head: a row was added that this site did not seal."),
    "head": _("The hash of the last row does not match the head of the chain."),
}


@dataclass(slots=True)
class Verification:
    rows: int = 0
    problem: str = ""
    position: int | None = None
    event: Any = None
    seconds: float = 0.0
    unsealed: int = 0
    oldest_unsealed_seconds: float = 0.0
    missing_guards: list[str] = field(default_factory=list)
    anchors: int = 0

    @property
    def whole(self) -> bool:
        return not self.problem

    @property
    def sentence(self) -> str:
        return str(PROBLEMS[self.problem]) if self.problem else ""


class _Broken(Exception):
    def __init__(self, problem: str, position: Any, event: Any = None) -> None:
        super().__init__(problem)
        self.problem, self.position, self.event = problem, position, event


def verify(published: dict[int, str] | None = None) -> Verification:
    """Check the whole chain. `published`: hashes by position, from anchors kept outside the database."""
    began = time.monotonic()
    result = Verification(missing_guards=guards.missing(connection))
    head = ChainHead.current()  # before the rows are read: what is sealed meanwhile is looked at, too
    anchors = {anchor.position: anchor for anchor in Anchor.objects.all()}
    expected_hashes = {**{position: anchor.hash for position, anchor in anchors.items()}, **(published or {})}
    result.anchors = len(expected_hashes)
    try:
        for anchor in anchors.values():
            if not anchoring.is_signed(anchor):
                raise _Broken("anchor_signature", anchor.position)
        last = START
        for row in _linked(result):
            last = row["hash"]
            if expected_hashes.get(row["position"], last) != last:
                raise _Broken("anchor", row["position"], row["id"])
            if row["position"] == head.position and head.hash != last:
                raise _Broken("head", row["position"], row["id"])
        if result.rows < max([head.position, *expected_hashes]):
            raise _Broken("missing", result.rows + 1)
        if result.rows > ChainHead.current().position:
            raise _Broken("beyond_head", head.position + 1)
    except _Broken as broken:
        result.problem, result.position, result.event = broken.problem, broken.position, broken.event
    _count_unsealed(result)
    result.seconds = time.monotonic() - began
    return result


def _linked(result: Verification) -> Iterator[dict[str, Any]]:
    """The rows, each looked at by itself and against the one before."""
    last = START
    for row in rows.sealed(connection):
        expected = result.rows + 1
        position = row["position"]
        if position != expected:
            gone = isinstance(position, int) and position > expected
            raise _Broken("missing", expected) if gone else _Broken("twice", position, row["id"])
        seal = {name: row[name] for name in ("position", "previous", "sealed_at")}
        if row_hash(row, seal, row["salt"]) != row["hash"]:
            raise _Broken("changed", position, row["id"])
        if row["previous"] != last:
            raise _Broken("unlinked", position, row["id"])
        last = row["hash"]
        result.rows += 1
        yield row


def _count_unsealed(result: Verification) -> None:
    waiting = Event.objects.filter(position=None)
    result.unsealed = waiting.count()
    if oldest := waiting.order_by("id").values_list("at", flat=True).first():
        result.oldest_unsealed_seconds = max(0.0, (timezone.now() - oldest).total_seconds())


def verify_and_note() -> Verification:
    """As the timetable does it: with the anchors' file of this machine, and written down for the auditors' page."""
    result = verify(anchoring.read_file())
    event = result.event if isinstance(result.event, int) else None
    position = result.position if isinstance(result.position, int) else None
    ChainCheck.objects.create(
        rows=result.rows, problem=result.problem, position=position, event=event, seconds=result.seconds
    )
    return result
