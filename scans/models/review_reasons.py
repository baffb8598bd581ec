"""Why a scan waits for a person, and which of these reasons a rule can check."""

from collections.abc import Callable
from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _

from .assessment import Assessment


class Reason(models.TextChoices):
    OUTCOME = "outcome", _("Outcome")
    BAND = "band", _("Score within a band")
    DISAGREE = "disagree", _("The models contradict each other")
    FEEDBACK = "feedback", _("The uploader reported a mistake")
    LOOKALIKE = "lookalike", _("Looks like a file that was decided to be manipulated")
    AUDIT = "audit", _("Drawn at random")
    HAND = "hand", _("Added by hand")
    APPEAL = "appeal", _("The uploader appeals")
    SECOND = "second", _("A second person must approve")
    OPINION = "opinion", _("A second opinion was requested")
    DOUBLE = "double", _("Blind second review")
    DISPUTE = "dispute", _("Two reviewers disagree")
    KNOWN = "known", _("Looks like a file that was decided before")
    PARTIAL = "partial", _("Analysed without some of the models")

    @classmethod
    def for_another(cls) -> tuple["Reason", ...]:
        """Reasons that need a person who has not decided about the file."""
        return (cls.DOUBLE, cls.SECOND, cls.APPEAL)


class Condition(NamedTuple):
    """When a rule with this reason applies, besides its outcomes, scores and share."""

    applies: Callable[[Assessment], bool]
    fields: tuple[str, ...] = ()  # that `applies` reads: the dry run of a rule loads them


def _always(assessment: Assessment) -> bool:
    return True


def _models_disagree(assessment: Assessment) -> bool:
    return any(reason["code"] == "bundles_disagree" for reason in assessment.reasons)


CONDITIONS: dict[Reason, Condition] = {
    Reason.OUTCOME: Condition(_always),
    Reason.BAND: Condition(_always),
    Reason.DISAGREE: Condition(_models_disagree, ("reasons",)),
    Reason.AUDIT: Condition(_always),
}
# The assessment alone does not show whether these apply: scans/analysis/routing.py finds out.
BEYOND_ASSESSMENT = (Reason.FEEDBACK, Reason.LOOKALIKE)
FOR_RULES = [reason for reason in Reason if reason in CONDITIONS or reason in BEYOND_ASSESSMENT]
