"""Several bundles and the policy by which they judge together."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from statistics import fmean
from typing import Any

from . import bundle as bundles
from . import fusion as fusions
from . import manipulation_kinds
from .bundle import Bundle, Thresholds
from .errors import BadBundle
from .finding import BundleFinding, Code, Outcome, Reason
from .fusion import Condition, Fusion, Medium, rule_for, rules_in
from .manipulation_kinds import KindRule

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
    cuts: Thresholds | None = None  # for every medium; `decide_cuts` says when they count
    policy: dict[str, Any] = field(default_factory=dict)
    fusion: Mapping[Condition, Fusion] = field(default_factory=dict)
    kinds: Mapping[Medium, KindRule] = field(default_factory=dict)  # what tells kinds of manipulation apart

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
        judging: dict[str, Any] = {
            "bundles": [[b.label, b.judging_sha256, weight] for b, weight in self.members],
            "cuts": [self.cuts.little_below, self.cuts.manipulated_above] if self.cuts else None,
        }
        if self.fusion:
            judging["fusion"] = self._fusion()
        return hashlib.sha256(json.dumps(judging, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def active(self) -> list[tuple[Bundle, Weight]]:
        """Those that are heard in some medium."""
        return [(b, weight) for b, weight in self.members if any(self.is_heard(b, weight, medium) for medium in Medium)]

    def heard_in(self, medium: Medium) -> list[tuple[Bundle, Weight]]:
        return [(b, weight) for b, weight in self.members if self.is_heard(b, weight, medium)]

    def is_heard(self, bundle: Bundle, weight: Weight, medium: Medium) -> bool:
        """A bundle that the fusion does not know is heard by the word that it has in the policy."""
        rules = rules_in(self.fusion, medium)
        return weight is not Weight.IGNORE and (not rules or any(rule.counts(bundle.label) for rule in rules))

    def counts_for(self, bundle: Bundle, medium: Medium, height: float) -> bool:
        """Whether a bundle that is heard in a medium is heard of a face of this height, in pixels."""
        rule = rule_for(self.fusion, medium, height)
        return rule is None or rule.counts(bundle.label)

    def cuts_in(self, medium: Medium, deciding: str = "", height: float | None = None) -> Thresholds:
        return self.decide_cuts(medium, deciding, height)[0]

    def decide_cuts(self, medium: Medium, deciding: str = "", height: float | None = None) -> tuple[Thresholds, str]:
        """The cut-offs that count, and the file that they were written in. Nothing else chooses between them.

        Those of the policy for every medium come first, then those of the fusion, then those of the bundle that
        decides. `deciding`: its label; without one, the fused bundles or the first that can decide. `height`: of the
        face, as the fusion may have cut-offs of their own for small ones.
        """
        if self.cuts:
            return self.cuts, POLICY
        rule = rule_for(self.fusion, medium, height)
        if rule and (not deciding or deciding in rule.heard):
            return rule.cuts, POLICY
        heard = sorted(self.heard_in(medium), key=lambda member: member[1] is not Weight.TRUST)
        bundle = next((b for b, _ in heard if deciding in ("", b.label)), None)
        return (bundle.cuts, f"{bundle.folder.name}/{bundles.CARD}") if bundle else (Thresholds(), "")

    def score(self, medium: Medium, scores: Mapping[str, float], height: float | None = None) -> float:
        """One score of a face, a frame or a variant, from those of the bundles that judged it, by label.

        What is fused counts as one trusted bundle. Of several trusted ones the highest score counts; where nobody is
        trusted, the mean.
        """
        rule = rule_for(self.fusion, medium, height)
        if rule:
            scores = {label: scores[label] for label in scores if rule.counts(label)} or scores
        fused = [label for label in scores if rule and label in rule.heard]
        words = {b.label: weight for b, weight in self.members}
        trusted = [scores[label] for label in scores if label not in fused and words.get(label) is Weight.TRUST]
        if rule and fused:
            trusted.append(rule.score({label: scores[label] for label in fused}))
        return max(trusted) if trusted else fmean(scores.values())

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "bundles": {bundle.label: weight.value for bundle, weight in self.members},
            "cuts": [self.cuts.little_below, self.cuts.manipulated_above] if self.cuts else None,
            "fusion": self._fusion(),
            "broken": [{"folder": folder, "said": problem} for folder, problem in self.broken],
        }

    def _fusion(self) -> dict[str, Any]:
        return {condition.value: rule.to_dict() for condition, rule in self.fusion.items()}

    def with_policy(self, policy: dict[str, Any]) -> "Panel":
        """The same bundles under another policy: what an operator keeps elsewhere than in the folder."""
        weights, default, cuts, fusion, kinds = _policy(policy)
        members = tuple((b, weights.get(b.label, weights.get(b.name, default))) for b, _ in self.members)
        return Panel(members, self.broken, cuts, policy, fusion, kinds)


def read_panel(root: Path | str) -> Panel:
    """All bundles of a folder. A broken one is named and left out; a broken policy is an error."""
    root = Path(root)
    members, broken = [], []
    for folder in bundles.folders(root):
        try:
            members.append((bundles.read_bundle(folder), Weight.INCLUDE))
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
    weights, *_ = _policy(panel.policy)
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


def write_policy(root: Path, **changes: Any) -> None:
    """Into the folder's policy, which else stays as it is."""
    path = root / POLICY
    policy = read_panel(root).policy | changes
    fresh = path.with_suffix(".new")  # a worker that reads meanwhile finds the one or the other
    fresh.write_text(json.dumps(policy, indent=2) + "\n")
    fresh.replace(path)


def _policy(
    policy: dict[str, Any],
) -> tuple[dict[str, Weight], Weight, Thresholds | None, dict[Condition, Fusion], dict[Medium, KindRule]]:
    try:
        weights = {name: Weight(weight) for name, weight in policy.get("bundles", {}).items()}
        default = Weight(policy.get("default", "include"))
        cuts = bundles.read_thresholds(policy["cuts"]) if policy.get("cuts") else None
        fusion = fusions.read(policy.get("fusion") or {})
        kinds = manipulation_kinds.read(policy.get("kinds") or {})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadBundle(f"The panel's policy in {POLICY} is not valid: {error}.", detail=repr(error)) from error
    return weights, default, cuts, fusion, kinds


@dataclass(frozen=True, slots=True)
class Judgement:
    outcome: Outcome
    score: float | None = None
    reasons: tuple[Reason, ...] = ()
    face: int | None = None
    bundle: str | None = None
    cuts: Thresholds | None = None
    calibrated: bool = False


def judge(
    panel: Panel,
    medium: Medium,
    findings: tuple[BundleFinding, ...],
    why_not: tuple[Reason, ...],
    heights: Mapping[int, float] | None = None,
) -> Judgement:
    """The worst face that could be judged decides; doubts make an outcome weaker, never stronger.

    `heights`: of the faces, in pixels.
    """
    failed = tuple(
        Reason(Code.BUNDLE_FAILED, bundle=finding.bundle.label) for finding in findings if finding.status == "failed"
    ) + tuple(Reason(Code.BUNDLE_FAILED, bundle=folder) for folder, _ in panel.broken)
    ran = [finding for finding in findings if finding.status == "ran"]
    if not panel.heard_in(medium):
        return Judgement(Outcome.UNABLE_TO_EVALUATE, reasons=(Reason(Code.NO_BUNDLE), *failed))
    if not ran:
        if any(finding.status == "not_applicable" for finding in findings) and not failed:
            unfit = _unique(reason for finding in findings for reason in finding.reasons)
            return Judgement(Outcome.NOT_APPLICABLE, reasons=(*(why_not or unfit), *failed))
        return Judgement(Outcome.UNABLE_TO_EVALUATE, reasons=failed)
    faces = sorted({face for finding in ran for face in finding.faces}, key=str)
    heights = heights or {}
    judgements = [_judge_face(panel, medium, ran, face, None if face is None else heights.get(face)) for face in faces]
    worst = max(judgements, key=_severity)
    outcome = worst.outcome
    if failed and outcome is Outcome.LITTLE_EVIDENCE:  # those that were not heard could have raised a doubt
        outcome = Outcome.INCONCLUSIVE
    return replace(worst, outcome=outcome, reasons=(*worst.reasons, *failed))


def _severity(judgement: Judgement) -> tuple[int, float, bool]:
    """Small faces may have other cuts than large ones, so the outcome by its own cuts comes before the score."""
    assert judgement.score is not None
    assert judgement.cuts is not None
    order = (Outcome.LITTLE_EVIDENCE, Outcome.INCONCLUSIVE, Outcome.LIKELY_MANIPULATED)
    return order.index(judgement.cuts.outcome(judgement.score)), judgement.score, judgement.face is not None


def _judge_face(
    panel: Panel, medium: Medium, ran: list[BundleFinding], face: int | None, height: float | None
) -> Judgement:
    by_size = rule_for(panel.fusion, medium, height)
    heard = [finding for finding in ran if face in finding.faces]
    if by_size:
        heard = [finding for finding in heard if by_size.counts(finding.bundle.label)] or heard
    score = panel.score(medium, {finding.bundle.label: finding.faces[face] for finding in heard}, height)
    first, rule = _deciding(by_size, heard, face)
    label = first.bundle.label
    own = {b.label: b.cuts for b, _ in panel.members}
    cuts = panel.cuts_in(medium, label, height)
    outcome = cuts.outcome(score)
    reasons = [Reason(_score_code(outcome), bundle=label, face=face)]
    outcomes = {finding.bundle.label: own[finding.bundle.label].outcome(finding.faces[face]) for finding in heard}
    if Outcome.LIKELY_MANIPULATED in outcomes.values() and Outcome.LITTLE_EVIDENCE in outcomes.values():
        reasons.append(Reason(Code.BUNDLES_DISAGREE, face=face))
        # Bundles that are fused were fitted together: how often they contradict each other is in their weights.
        doubting = any(not rule or name not in rule.heard for name in outcomes)
        if outcome is Outcome.LITTLE_EVIDENCE and doubting:
            outcome = Outcome.INCONCLUSIVE
    calibrated = rule.holds if rule else first.calibrated
    if not calibrated:
        reasons.append(Reason(Code.UNCALIBRATED, bundle=label))
    if face in first.unfamiliar:
        reasons.append(Reason(Code.OUT_OF_DISTRIBUTION, bundle=label, face=face))
        outcome = Outcome.INCONCLUSIVE
    return Judgement(outcome, score, tuple(reasons), face, label, cuts, calibrated)


def _deciding(rule: Fusion | None, heard: list[BundleFinding], face: int | None) -> tuple[BundleFinding, Fusion | None]:
    """The bundle that says most of a face; and the fusion, if it is fused."""
    fused = [finding for finding in heard if rule and finding.bundle.label in rule.heard]
    others = [finding for finding in heard if finding not in fused]
    trusted = [finding for finding in others if finding.policy == Weight.TRUST]
    first = max(trusted or others, key=lambda finding: finding.faces[face], default=None)
    if rule and fused:
        score = rule.score({finding.bundle.label: finding.faces[face] for finding in fused})
        if first is None or not trusted or score >= first.faces[face]:
            return max(fused, key=lambda finding: rule.share(finding.bundle.label, finding.faces[face])), rule
    assert first is not None  # a face is only here because somebody judged it
    return first, None


def _score_code(outcome: Outcome) -> Code:
    return {
        Outcome.LIKELY_MANIPULATED: Code.SCORE_HIGH,
        Outcome.LITTLE_EVIDENCE: Code.SCORE_LOW,
    }.get(outcome, Code.SCORE_BETWEEN)


def _unique(reasons: Any) -> tuple[Reason, ...]:
    return tuple(dict.fromkeys(reasons))
