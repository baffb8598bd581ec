"""Several bundles and the policy by which they judge together."""

import hashlib
import json
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from statistics import fmean
from typing import Any

from . import bundle as bundles
from .bundle import Bundle, Thresholds
from .errors import BadBundle
from .finding import BundleFinding, Code, Outcome, Reason

POLICY = "panel.json"
EVALUATIONS = "evaluations"


class Weight(StrEnum):
    """How much a bundle's word counts."""

    IGNORE = "ignore"  # it runs for nobody
    INCLUDE = "include"  # it is heard: it can raise a doubt, and decides where nobody trusted does
    TRUST = "trust"  # it can decide alone


@dataclass(frozen=True, slots=True)
class Panel:
    """The bundles of one folder, those that can't be used, and the policy."""

    members: tuple[tuple[Bundle, Weight], ...] = ()
    broken: tuple[tuple[str, str], ...] = ()  # folder's name, what is wrong with it
    cuts: Thresholds | None = None  # of the panel; without them the deciding bundle's own hold
    policy: dict[str, Any] = field(default_factory=dict)

    def faults(self) -> list[str]:
        """What is wrong with its bundles, in sentences; it reads all weights. None: the panel is whole."""
        faults = [message for _, message in self.broken]
        for bundle, _ in self.active:
            try:
                bundle.verify()
            except BadBundle as error:
                faults.append(str(error))
        return faults

    @property
    def id(self) -> str:
        """The same for the same bundles under the same policy, whatever was measured or written of them since."""
        content = {
            "bundles": [[b.label, b.judging_sha256, weight] for b, weight in self.members],
            "cuts": [self.cuts.little_below, self.cuts.manipulated_above] if self.cuts else None,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def active(self) -> list[tuple[Bundle, Weight]]:
        return [(bundle, weight) for bundle, weight in self.members if weight is not Weight.IGNORE]

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "bundles": {bundle.label: weight.value for bundle, weight in self.members},
            "cuts": [self.cuts.little_below, self.cuts.manipulated_above] if self.cuts else None,
            "broken": [{"folder": folder, "said": problem} for folder, problem in self.broken],
        }

    def with_policy(self, policy: dict[str, Any]) -> "Panel":
        """The same bundles under another policy: what an operator keeps elsewhere than in the folder."""
        weights, default, cuts = _policy(policy)
        members = tuple((b, weights.get(b.label, weights.get(b.name, default))) for b, _ in self.members)
        return Panel(members, self.broken, cuts, policy)


def read_panel(root: Path | str) -> Panel:
    """All bundles of a folder. A broken one is named and left out; a broken policy is an error."""
    root = Path(root)
    members, broken = [], []
    for folder in bundles.folders(root):
        try:
            members.append((bundles.read(folder), Weight.INCLUDE))
        except BadBundle as error:
            broken.append((folder.name, str(error)))
    try:
        policy = json.loads((root / POLICY).read_text()) if (root / POLICY).is_file() else {}
    except (OSError, ValueError) as error:
        raise BadBundle(f"The panel's policy in {POLICY} can't be read.", detail=repr(error)) from error
    panel = Panel(tuple(members), tuple(broken)).with_policy(policy)
    return replace(panel, broken=(*broken, *_missing(panel)))


def _missing(panel: Panel) -> list[tuple[str, str]]:
    """Bundles that the policy names and that are not there, not even broken."""
    installed = {name for bundle, _ in panel.members for name in (bundle.name, bundle.label)}
    installed |= {folder for folder, _ in panel.broken}
    weights, _, _ = _policy(panel.policy)
    return [
        (name, f"The bundle {name}, which {POLICY} names, is not installed.")
        for name, weight in weights.items()
        if weight is not Weight.IGNORE and name not in installed
    ]


def evaluations_of(panel: Panel, root: Path | str) -> list[dict[str, Any]]:
    """What `evaluate` said of this very panel, and was kept beside the bundles; of any other it tells nothing."""
    kept = []
    for path in sorted((Path(root) / EVALUATIONS).glob("*.json")):
        try:
            evaluation = json.loads(path.read_text())
            if evaluation["panel"]["id"] == panel.id:
                kept.append(evaluation)
        except (OSError, ValueError, KeyError, TypeError):  # something else that lies there
            continue
    return kept


def write_thresholds(root: Path, cuts: Thresholds) -> None:
    """Into the folder's policy, which else stays as it is."""
    path = root / POLICY
    policy = read_panel(root).policy | {
        "cuts": {"little_below": cuts.little_below, "manipulated_above": cuts.manipulated_above}
    }
    fresh = path.with_suffix(".new")  # a worker that reads meanwhile finds the one or the other
    fresh.write_text(json.dumps(policy, indent=2) + "\n")
    fresh.replace(path)


def _policy(policy: dict[str, Any]) -> tuple[dict[str, Weight], Weight, Thresholds | None]:
    try:
        weights = {name: Weight(weight) for name, weight in policy.get("bundles", {}).items()}
        default = Weight(policy.get("default", "include"))
        cuts = bundles.read_thresholds(policy["cuts"]) if policy.get("cuts") else None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadBundle(f"The panel's policy in {POLICY} is not valid: {error}.", detail=repr(error)) from error
    return weights, default, cuts


@dataclass(frozen=True, slots=True)
class Judgement:
    outcome: Outcome
    score: float | None = None
    reasons: tuple[Reason, ...] = ()
    face: int | None = None
    bundle: str | None = None
    cuts: Thresholds | None = None


def judge(panel: Panel, findings: tuple[BundleFinding, ...], why_not: tuple[Reason, ...]) -> Judgement:
    """The worst face that could be judged decides; doubts make an outcome weaker, never stronger."""
    failed = tuple(
        Reason(Code.BUNDLE_FAILED, bundle=finding.bundle.label) for finding in findings if finding.status == "failed"
    ) + tuple(Reason(Code.BUNDLE_FAILED, bundle=folder) for folder, _ in panel.broken)
    ran = [finding for finding in findings if finding.status == "ran"]
    if not panel.active:
        return Judgement(Outcome.UNABLE_TO_EVALUATE, reasons=(Reason(Code.NO_BUNDLE), *failed))
    if not ran:
        if any(finding.status == "not_applicable" for finding in findings) and not failed:
            unfit = _unique(reason for finding in findings for reason in finding.reasons)
            return Judgement(Outcome.NOT_APPLICABLE, reasons=(*(why_not or unfit), *failed))
        return Judgement(Outcome.UNABLE_TO_EVALUATE, reasons=failed)
    verdicts = [
        _judge_face(panel, ran, face) for face in sorted({f for finding in ran for f in finding.faces}, key=str)
    ]
    worst = max(verdicts, key=lambda verdict: (verdict.score or 0.0, verdict.face is not None))
    outcome = worst.outcome
    if failed and outcome is Outcome.LITTLE_EVIDENCE:  # those that were not heard could have raised a doubt
        outcome = Outcome.INCONCLUSIVE
    return Judgement(outcome, worst.score, (*worst.reasons, *failed), worst.face, worst.bundle, worst.cuts)


def combine_scores(scores: list[tuple[str, float]]) -> float:
    """One score of several (policy, score): the highest trusted one; where nobody is trusted, the mean."""
    trusted = [score for policy, score in scores if policy == Weight.TRUST]
    return max(trusted) if trusted else fmean(score for _, score in scores)


def _judge_face(panel: Panel, ran: list[BundleFinding], face: int | None) -> Judgement:
    active = [finding for finding in ran if face in finding.faces]
    trusted = [finding for finding in active if finding.policy == Weight.TRUST]
    first = max(trusted or active, key=lambda finding: finding.faces[face])
    score = combine_scores([(finding.policy, finding.faces[face]) for finding in active])
    own = {b.label: b.cuts for b, _ in panel.members}
    cuts = panel.cuts or own[first.bundle.label]
    outcome = cuts.outcome(score)
    reasons = [Reason(_score_code(outcome), bundle=first.bundle.label, face=face)]
    outcomes = {finding.bundle.label: own[finding.bundle.label].outcome(finding.faces[face]) for finding in active}
    if Outcome.LIKELY_MANIPULATED in outcomes.values() and Outcome.LITTLE_EVIDENCE in outcomes.values():
        reasons.append(Reason(Code.BUNDLES_DISAGREE, face=face))
        if outcome is Outcome.LITTLE_EVIDENCE:
            outcome = Outcome.INCONCLUSIVE
    if not first.calibrated:
        reasons.append(Reason(Code.UNCALIBRATED, bundle=first.bundle.label))
    if face in first.unfamiliar:
        reasons.append(Reason(Code.OUT_OF_DISTRIBUTION, bundle=first.bundle.label, face=face))
        outcome = Outcome.INCONCLUSIVE
    return Judgement(outcome, score, tuple(reasons), face, first.bundle.label, cuts)


def _score_code(outcome: Outcome) -> Code:
    return {
        Outcome.LIKELY_MANIPULATED: Code.SCORE_HIGH,
        Outcome.LITTLE_EVIDENCE: Code.SCORE_LOW,
    }.get(outcome, Code.SCORE_BETWEEN)


def _unique(reasons: Any) -> tuple[Reason, ...]:
    return tuple(dict.fromkeys(reasons))
