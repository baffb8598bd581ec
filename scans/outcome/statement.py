"""A statement of reasons: what was decided about a file, on which facts, by which rule, and how to object."""

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from ..models import Appeal, Decision, Scan
from ..models.event import LOOKS
from ..models.wording import scope_of


@dataclass(frozen=True, slots=True)
class Statement:
    file: str
    sha256: str
    decided_at: dt.datetime
    label: str
    label_said: str
    action: str
    action_said: str
    automated_detection: bool
    automated_decision: bool
    models_said: str
    policy: str
    policy_code: str
    policy_text: str
    note: str
    appeal_until: dt.datetime
    appealed: bool
    answer: str

    def to_dict(self) -> dict[str, Any]:
        """For programs: times in UTC, to the second."""
        times = {name: moment(getattr(self, name).replace(microsecond=0)) for name in ("decided_at", "appeal_until")}
        return asdict(self) | times


def build(decision: Decision) -> Statement:
    appeal = Appeal.objects.filter(decision=decision).first()
    answered = Appeal.objects.filter(answered_by=decision).first()
    assessment = decision.assessment
    return Statement(
        file=decision.scan.name,
        sha256=decision.scan.sha256,
        decided_at=decision.at,
        label=decision.label,
        label_said=str(decision.get_label_display()),
        action=decision.action,
        action_said=str(decision.get_action_display()),
        automated_detection=assessment is not None,
        automated_decision=False,
        models_said=str(assessment.get_outcome_display()) if assessment else _("The models gave no result."),
        policy=str(decision.policy) if decision.policy else "",
        policy_code=decision.policy.code if decision.policy else "",
        policy_text=scope_of(decision.policy.local_text) if decision.policy else "",
        note=decision.public_note,
        appeal_until=appeal_until(decision),
        appealed=appeal is not None,
        answer=answered.answer if answered else "",
    )


def appeal_until(decision: Decision) -> dt.datetime:
    return decision.settles_at + dt.timedelta(days=settings.APPEAL_DAYS)


def may_appeal(decision: Decision) -> bool:
    """Once for each decision, within the window; an answer to an appeal is the end of it."""
    return (
        timezone.now() <= appeal_until(decision)
        and not Appeal.objects.filter(decision=decision).exists()
        and not Appeal.objects.filter(answered_by=decision).exists()
    )


def version(scan: Scan) -> int:
    """One more with everything that happens to it; that somebody looked is nothing that happens to it."""
    count: int = scan.events.exclude(kind__in=LOOKS).count()
    return count


def moment(at: dt.datetime | None) -> str | None:
    """RFC 3339, in UTC."""
    return at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z") if at else None
