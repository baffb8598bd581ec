"""RETENTION_DAYS: for how many days the file is kept after a result, by policy, outcome or state."""

from typing import Any, Final

from django.conf import settings
from django.core.checks import Error, register

from ..models import Label, Outcome
from ..models.decision import OUTCOME_OF

POLICY: Final = "policy:"
SANDBOX: Final = "sandbox"
ANY: Final = "any"
CLASSES: Final = frozenset({*Outcome.values, "failed", "cancelled", SANDBOX, ANY})


def days(*, status: str, outcome: str, label: str = "", policy: str = "", sandbox: bool = False) -> int | None:
    """The narrowest rule that fits: policy, sandbox, outcome or state, any. None: it is kept."""
    outcome = OUTCOME_OF[Label(label)] if label else outcome
    state = outcome if status == "analysed" else status
    for name in (policy and POLICY + policy, sandbox and SANDBOX, state, ANY):
        if name and name in settings.RETENTION_DAYS:
            return int(settings.RETENTION_DAYS[name])
    return None


def shortest() -> int | None:
    return min(settings.RETENTION_DAYS.values(), default=None)


@register
def check(**_kwargs: Any) -> list[Error]:
    unknown = [
        name
        for name in settings.RETENTION_DAYS
        if name not in CLASSES and not (name.startswith(POLICY) and len(name) > len(POLICY))
    ]
    negative = [name for name, count in settings.RETENTION_DAYS.items() if count < 0]
    known = ", ".join(sorted(CLASSES))
    return [
        Error(f"RETENTION_DAYS names {name!r}, for which there is no rule.", hint=f"Known: {known}, policy:CODE.")
        for name in unknown
    ] + [Error(f"RETENTION_DAYS keeps {name!r} for less than no days.", hint="0 is the least.") for name in negative]
