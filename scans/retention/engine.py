"""One answer for every scan: does its file stay, why, and until when? Pure: facts and a time go in."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _


class Reason(models.TextChoices):
    # Why it goes, at a time.
    REQUEST = "request", _("Permanently deleted by a person")
    TRASH = "trash", _("In the trash of its owner")
    ERASURE = "erasure", _("The account of its owner will be deleted")
    ZERO_RETENTION = "zero_retention", _("Uploaded without retention: deleted after the analysis")
    RULE = "rule", _("Retention rule for its outcome or policy")
    # Why it stays.
    IN_WORK = "in_work", _("The analysis is not finished")
    LEGAL_HOLD = "legal_hold", _("Legal hold")
    APPEAL = "appeal", _("Open appeal")
    APPEAL_WINDOW = "appeal_window", _("Decision that can still be appealed")
    REVIEW = "review", _("Waiting for review")
    BANK = "bank", _("In the known files")
    LOCKED_CASE = "locked_case", _("Locked case")
    # Neither.
    NO_END = "no_end", _("No retention rule")
    DELETED = "deleted", _("Already deleted")


REQUEST, TRASH, ERASURE, ZERO_RETENTION, RULE = ENDS = (
    Reason.REQUEST, Reason.TRASH, Reason.ERASURE, Reason.ZERO_RETENTION, Reason.RULE,
)  # fmt: skip
# Why it stays → against which ends that counts. What an end beats is not asked.
BEATS: Final[dict[Reason, frozenset[Reason]]] = {
    Reason.LEGAL_HOLD: frozenset(ENDS),
    Reason.IN_WORK: frozenset({REQUEST, TRASH, ZERO_RETENTION, RULE}),  # an erasure cancels the analysis first
    Reason.APPEAL: frozenset({REQUEST, TRASH, ZERO_RETENTION, RULE}),
    Reason.APPEAL_WINDOW: frozenset({RULE}),
    Reason.REVIEW: frozenset({RULE}),
    Reason.BANK: frozenset({RULE}),
    Reason.LOCKED_CASE: frozenset({RULE}),
}
# With these the name goes too and a tombstone stays; with the others the result can still be read.
WHOLE: Final = frozenset({REQUEST, TRASH, ERASURE})


@dataclass(frozen=True, slots=True)
class Facts:
    """Of one scan: why it goes and when; why it stays and until when (None: until something happens)."""

    ends: Mapping[Reason, dt.datetime] = field(default_factory=dict)
    stays: Mapping[Reason, dt.datetime | None] = field(default_factory=dict)
    is_deleted: bool = False

    def wished(self, end: Reason, at: dt.datetime) -> "Facts":
        """The same, if this one end were what is asked for."""
        return Facts({end: at}, self.stays, self.is_deleted)


class Ground(NamedTuple):
    reason: Reason
    at: dt.datetime | None  # of an end: from when on it counts; of the others: until when


@dataclass(frozen=True, slots=True)
class Decision:
    keep: bool
    reasons: tuple[Ground, ...]  # all of them
    until: dt.datetime | None  # when it goes, as far as is known now; None: nothing known lets it go

    @property
    def codes(self) -> tuple[Reason, ...]:
        return tuple(ground.reason for ground in self.reasons)

    @property
    def is_whole(self) -> bool:
        """Its name goes too."""
        return not self.keep and bool(WHOLE.intersection(self.codes))


def decide(facts: Facts, now: dt.datetime) -> Decision:
    if facts.is_deleted:
        return Decision(False, (Ground(Reason.DELETED, None),), None)
    stays = [Ground(reason, until) for reason, until in facts.stays.items() if until is None or until > now]
    goes = {Ground(end, at): _goes_at(end, at, stays) for end, at in facts.ends.items()}
    until = min((at for at in goes.values() if at is not None), default=None)
    if until is not None and until <= now:
        due = tuple(end for end, at in goes.items() if at is not None and at <= now)
        return Decision(False, due, until)
    return Decision(True, (*stays, *goes) or (Ground(Reason.NO_END, None),), until)


def _goes_at(end: Reason, at: dt.datetime, stays: list[Ground]) -> dt.datetime | None:
    """Not before everything that counts against it has ended; None where nobody knows when that is."""
    latest = at
    for reason, until in stays:
        if end in BEATS[reason]:
            if until is None:
                return None
            latest = max(latest, until)
    return latest
