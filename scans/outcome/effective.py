"""The effective verdict: what counts now of a scan, by people or by the models. Every page and program reads it here.

A decision counts once it has settled; until then, and where none stands, the newest assessment counts.
"""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, Max, OuterRef, Q, Subquery, TextChoices, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..models import Assessment, Decision, Label, Scan, SecondLook
from ..models.decision import OUTCOME_OF
from . import scores
from .statement import moment


class Source(TextChoices):
    MODELS = "model", _("Estimated by models")
    PEOPLE = "human", _("Decided by a moderator")


class State(TextChoices):
    """Where the verdict is on its way. What is held or undone is known at the desk alone."""

    UNKNOWN = "unknown", _("No result yet")
    ASSESSED = "assessed", _("Assessed")
    DECIDED = "decided", _("Decided")
    HELD = "held", _("Held for approval")
    UNDONE = "undone", _("Decision undone")
    APPEALED = "appealed", _("Appealed")
    OVERTURNED = "overturned", _("Changed after an appeal")
    UPHELD = "upheld", _("Confirmed after an appeal")


@dataclass(frozen=True, slots=True)
class Verdict:
    assessment: Assessment | None = None  # the models' newest
    decision: Decision | None = None  # people's, where one has settled
    held: Decision | None = None  # waits for a second person
    undone: bool = False  # the latest decision was taken back

    @property
    def source(self) -> Source:
        return Source.PEOPLE if self.decision else Source.MODELS

    @property
    def outcome(self) -> str:
        """The code; empty while nothing is known."""
        if self.decision:
            return OUTCOME_OF[Label(self.decision.label)].value
        return self.assessment.outcome if self.assessment else ""

    @property
    def text(self) -> str:
        """In words: people's own word where they have decided, else the models' outcome."""
        if self.decision:
            return str(self.decision.get_label_display())
        return str(self.assessment.get_outcome_display()) if self.assessment else ""

    @property
    def since(self) -> dt.datetime | None:
        if self.decision:
            second = getattr(self.decision, "second", None)
            return max(self.decision.settles_at, second.at) if second else self.decision.settles_at
        return self.assessment.at if self.assessment else None

    @property
    def public_state(self) -> State:
        """As the uploader may know it."""
        if self.decision is None:
            return State.ASSESSED if self.assessment else State.UNKNOWN
        if hasattr(self.decision, "appeal"):
            return State.APPEALED
        if answered := getattr(self.decision, "answered_appeal", None):
            return State.UPHELD if answered.decision.label == self.decision.label else State.OVERTURNED
        return State.DECIDED

    @property
    def state(self) -> State:
        """As the desk knows it."""
        if self.held:
            return State.HELD
        return State.UNDONE if self.undone and self.decision is None else self.public_state

    @property
    def models_points(self) -> int | None:
        """The models' score from 0 to 100."""
        score = self.assessment.score if self.assessment else None
        return None if score is None else scores.points(score)

    @property
    def points(self) -> int | None:
        """The verdict's own score: what people decide has none."""
        return None if self.decision else self.models_points


NOTHING = Verdict()


def verdicts(scans: Iterable[Scan]) -> dict[uuid.UUID, Verdict]:
    """Of any number of scans, in two queries."""
    ids = [scan.pk for scan in scans]
    heavy = ("inspection", "panel", "reasons")
    assessments = {row.scan_id: row for row in newest(Assessment.objects.filter(scan__in=ids)).defer(*heavy)}
    decisions: dict[uuid.UUID, list[Decision]] = {}
    for row in Decision.objects.filter(scan__in=ids).select_related(
        "undone", "second", "appeal", "answered_appeal__decision"
    ):
        decisions.setdefault(row.scan_id, []).append(row)
    return {pk: _verdict(assessments.get(pk), decisions.get(pk, [])) for pk in ids}


def _verdict(assessment: Assessment | None, decisions: Sequence[Decision]) -> Verdict:
    """`decisions`: the newest first."""
    return Verdict(
        assessment,
        next((row for row in decisions if row.is_settled), None),
        next((row for row in decisions if row.is_pending), None),
        undone=bool(decisions) and decisions[0].is_undone,
    )


def verdict_of(scan: Scan) -> Verdict:
    return verdicts([scan])[scan.pk]


def with_verdicts(scans: Iterable[Scan]) -> list[Scan]:
    """The same scans, each with its `verdict`."""
    rows = list(scans)
    by_scan = verdicts(rows)
    for row in rows:
        row.verdict = by_scan[row.pk]
    return rows


def decision_of(scan: Scan) -> Decision | None:
    """What people decided and the uploader may know."""
    row: Decision | None = (
        Decision.objects.settled().filter(scan=scan).select_related("policy", "assessment", "second").first()
    )
    return row


def newest(rows: Any) -> Any:
    """The last row of each scan."""
    return rows.filter(pk__in=rows.order_by().values("scan").annotate(last=Max("pk")).values("last"))


def counting_as(scans: Any, outcome: str) -> Any:
    """Those whose effective verdict amounts to this outcome."""
    settled = Decision.objects.settled()
    last = settled.filter(scan=OuterRef("scan")).order_by("-id").values("pk")[:1]
    labels = [label for label, amounts_to in OUTCOME_OF.items() if amounts_to == outcome]
    by_people = Decision.objects.filter(pk=Subquery(last), label__in=labels).order_by().values("scan")
    by_models = Q(outcome=outcome) & ~Exists(settled.filter(scan=OuterRef("pk")))
    return scans.filter(by_models | Q(pk__in=by_people))


def decided_by_people(owner: Any) -> Any:
    """An owner's scans whose verdict is people's, each with its `label`. They are sought from the decisions on: whoever
    owns very many scans has few decided ones, so the index of owners, which `Coalesce` keeps out of it, would be the
    long way."""
    own = Scan.objects.kept().alias(own=Coalesce("owner_id", Value(0))).filter(own=owner.pk)
    settled = own.filter(
        Q(decisions__needs_second=False) | Q(decisions__second__verdict=SecondLook.Verdict.APPROVE),
        decisions__undone=None,
        decisions__settles_at__lte=timezone.now(),
    ).annotate(label=F("decisions__label"), decision=F("decisions__pk"))
    later = Decision.objects.settled().filter(scan=OuterRef("pk"), pk__gt=OuterRef("decision"))
    return settled.filter(~Exists(later))


def counted(scans: Any, *columns: str, decided: Any = None) -> Counter[tuple[str, ...]]:
    """How many scans have which effective outcome, together with other columns, in two queries. `decided`: those of
    them that people have decided, with their labels. Without it, how many have which outcome of the models."""
    counts: Counter[tuple[str, ...]] = Counter()
    # Counting rows instead of keys reads nothing but the index.
    for *values, count in scans.order_by().values_list("outcome", *columns).annotate(count=Count("*")):
        counts[tuple(values)] += count
    if decided is None:
        return counts
    rows = decided.order_by().values_list("label", "outcome", *columns)
    for label, models_outcome, *values, count in rows.annotate(count=Count("*")):
        counts[(models_outcome, *values)] -= count
        counts[(OUTCOME_OF[Label(label)].value, *values)] += count
    return counts


# -- For programs ------------------------------------------------------------------------------------------


def for_programs(scan: Scan) -> dict[str, Any]:
    return as_json(decision_of(scan), scan.assessments.first())


def as_json(decision: Decision | None, assessment: Assessment | None) -> dict[str, Any]:
    """`effective` of the API and of webhooks."""
    verdict = Verdict(assessment, decision)
    return {
        "outcome": verdict.outcome or None,
        "source": verdict.source.value,
        "label": decision.label if decision else None,
        "action": decision.action if decision else None,
        "decision_id": decision.pk if decision else None,
        "since": moment(verdict.since),
    }
