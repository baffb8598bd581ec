"""What a rule for kinds of manipulation is fitted to: fakes of both kinds, as every bundle judged them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import manipulation_kinds, metrics
from ..fusion import Medium, log_odds
from ..manipulation_kinds import KindRule
from . import stored_findings
from .evaluation import Row
from .panel_fitting import CannotFit

STEPS, RATE = 3000, 0.05
LEAST = 20  # files of a kind, below which nothing is fitted or measured


@dataclass(frozen=True, slots=True)
class Faces:
    """The largest face of each fake that all of the bundles judged."""

    log_odds: Any  # (files, bundles)
    generated: Any
    groups: list[str]


def faces_of(generated: Sequence[Row], altered: Sequence[Row], labels: Sequence[str]) -> Faces:
    values, kinds, groups = [], [], []
    for rows, is_generated in ((generated, True), (altered, False)):
        for row in rows:
            scores = _scores(row, labels) if row.fake and row.findings else None
            if scores is not None:
                values.append([log_odds(scores[label]) for label in labels])
                kinds.append(is_generated)
                groups.append(row.group)
    return Faces(np.array(values, float).reshape(-1, len(labels)), np.array(kinds, bool), groups)


def _scores(row: Row, labels: Sequence[str]) -> dict[str, float] | None:
    findings = stored_findings.parse(row.findings)
    if findings.medium is not Medium.PHOTO:
        return None
    judged = {face: scores for face, scores in findings.scores_by_face().items() if set(labels) <= scores.keys()}
    return judged[max(judged, key=lambda face: findings.faces.get(face, (0.0, 0)))] if judged else None


def fit(faces: Faces, checks: Faces, labels: Sequence[str]) -> KindRule:
    """Logistic regression in which both kinds count the same. Measured on the checks alone."""
    for name, data in (("to fit", faces), ("to check", checks)):
        if min(data.generated.sum(), (~data.generated).sum()) < LEAST:
            raise CannotFit(f"It takes {LEAST} generated and {LEAST} altered faces {name}.")
    counts = np.where(faces.generated, 0.5 / faces.generated.sum(), 0.5 / (~faces.generated).sum())
    design = np.column_stack([faces.log_odds, np.ones(len(counts))])
    weights = np.zeros(design.shape[1])
    for _ in range(STEPS):
        share = 1 / (1 + np.exp(-(design @ weights).clip(-60, 60)))
        weights -= RATE * design.T @ ((share - faces.generated) * counts)
    rounded = {label: round(float(weight), 4) for label, weight in zip(labels, weights[:-1], strict=True)}
    rule = KindRule(rounded, round(float(weights[-1]), 4), {})
    scores = checks.log_odds @ np.array(list(rounded.values())) + rule.offset
    low, high = metrics.auc_interval(scores, checks.generated, checks.groups)
    shares = 1 / (1 + np.exp(-scores.clip(-60, 60)))
    named = shares >= manipulation_kinds.SURE
    measured = {
        "n_generated": int(checks.generated.sum()),
        "n_altered": int((~checks.generated).sum()),
        "auc": round(metrics.auc(scores, checks.generated), 4),
        "auc_ci": [round(low, 4), round(high, 4)],
        "named": int(named.sum()),
        "named_right": int((named & checks.generated).sum()),
    }
    return KindRule(rule.weights, rule.offset, measured)
