"""What a panel is fitted to: files with known answers, of people kept for that, as every bundle judged them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from math import ceil, inf
from typing import Any

import numpy as np

from .. import metrics
from ..bundle import Thresholds
from ..fusion import Combining, Condition, Fusion, Medium
from ..panel import Panel
from . import calibration, stored_findings
from .evaluation import Row, ScoresMismatch

PENALTY = 0.1  # on the squared distance of the weights from their mean, beside the mean loss
WAYS = EQUAL, FITTED, ODDS = "equal weights", "fitted weights", "sum of odds"
GAIN = 0.005  # of AUC on kinds of fakes left out, below which weights stay equal
STEPS = 4000
LEAST = 20  # files of a kind, real or fake, below which nothing is fitted


class CannotFit(ScoresMismatch):
    """These scores don't tell enough to fit a panel to."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Files of one medium, as bundles judged them; a score that is missing is not a number."""

    labels: tuple[str, ...]
    log_odds: Any  # (files, bundles)
    fake: Any
    kinds: Any
    groups: Any

    def select(self, where: Any) -> "Judged":
        return Judged(self.labels, self.log_odds[where], self.fake[where], self.kinds[where], self.groups[where])

    def by(self, labels: Sequence[str]) -> "Judged":
        """The files that all of these bundles judged."""
        log_odds = self.log_odds[:, [self.labels.index(label) for label in labels]]
        whole = np.isfinite(log_odds).all(1)
        return Judged(tuple(labels), log_odds[whole], self.fake[whole], self.kinds[whole], self.groups[whole])


Way = Callable[[Judged], tuple[Combining, Any]]  # how to combine, and the weights


@dataclass(frozen=True, slots=True)
class Faces:
    """Which faces a rule is fitted to: those of a medium, or in photos only small or only larger ones."""

    condition: Condition
    below: float | None = None  # in pixels of their height: where small faces begin

    def covers(self, medium: Medium, height: float) -> bool:
        if medium is not self.condition.medium:
            return False
        return (
            self.below is None
            or medium is Medium.FILM
            or (height < self.below) is (self.condition is Condition.SMALL_FACES)
        )


def conditions_of(rows: Sequence[Row], below: float | None = None) -> list[Faces]:
    """What rules can be fitted to these files. `below`: with a rule of their own for smaller faces."""
    present = {stored_findings.parse(row.findings).medium for row in rows if row.findings}
    return [
        Faces(condition, below)
        for condition in Condition
        if condition.medium in present and (below is not None or condition is not Condition.SMALL_FACES)
    ]


def judged(rows: Sequence[Row], panel: Panel, which: Faces) -> Judged:
    """Of every file the face that most bundles judged, of several the largest."""
    labels = tuple(bundle.label for bundle, _ in panel.members)
    rows_and_scores = []
    for row in rows:
        if not row.findings:
            continue
        findings = stored_findings.parse(row.findings)
        if findings.medium is not which.condition.medium:
            continue
        if findings.lacking(replace(panel, fusion={})):
            raise CannotFit(f"Not every bundle has judged {row.name}: evaluate these files with --every-bundle.")
        scores = {label: dict(findings.bundles[label]["faces"]) for label in labels}
        faces = {face for of_faces in scores.values() for face in of_faces}
        if not faces:
            continue
        face = max(
            faces,
            key=lambda number: (sum(number in scores[label] for label in labels), findings.faces.get(number, (0.0, 0))),
        )
        if not which.covers(findings.medium, findings.faces.get(face, (inf, 0))[0]):
            continue
        rows_and_scores.append((row, [scores[label].get(face, np.nan) for label in labels]))
    values = np.array([scores for _, scores in rows_and_scores], float).reshape(-1, len(labels))
    return Judged(
        labels,
        calibration.log_odds(values),
        np.array([row.fake for row, _ in rows_and_scores], bool),
        np.array([row.manipulation for row, _ in rows_and_scores]),
        np.array([row.group for row, _ in rows_and_scores]),
    )


def fit_panel(
    rows: Sequence[Row],
    panel: Panel,
    which: Faces,
    *,
    false_alarms: float,
    missed: float,
    own_false_alarms: float | None = None,
    inconclusive: float = 0.2,
    holds: bool = False,
    without: Collection[str] = (),
    others: Sequence[Row] = (),
    way: str = "",
) -> Fusion:
    """Who is heard, how they are combined, the calibration of the sum, and the cuts: in this order.

    A bundle is heard whose AUC is surely above 0.5. How the heard ones are combined is chosen by kinds of fakes that
    were left out when the weights were fitted; equal weights are given up only for a clear gain. `way`: one of WAYS,
    where files from other sources show which is better. `without`: names of bundles that are known to tell nothing on
    files by others. `others`: files by others, whose real ones are held to the same rate of false alarms.
    `own_false_alarms`: the rate for own real files where there are enough by others, as own ones are degraded like
    fakes, more than most photos.
    """
    all_judged = judged(rows, panel, which)
    intervals = {label: _interval(all_judged, label) for label in all_judged.labels}
    heard = [
        label
        for label, interval in intervals.items()
        if interval and interval["auc_ci"][0] > 0.5 and label.partition("/")[0] not in without
    ]
    if not heard:
        raise CannotFit(f"No bundle surely tells fakes from real ones in these files ({which.condition}).")
    data = all_judged.by(heard)
    _enough(data, which.condition, false_alarms, missed)
    equal = np.full(len(heard), 1 / len(heard))
    ways: dict[str, Way] = {
        EQUAL: lambda files: (Combining.SUM, equal),
        FITTED: lambda files: (Combining.SUM, fit_weights(files)),
        ODDS: lambda files: (Combining.ODDS, equal),
    }
    left_out = {name: _left_out(data, way) for name, way in ways.items()}
    best = max(left_out, key=lambda name: left_out[name])
    chosen = way or (best if left_out[best] > left_out[EQUAL] + GAIN else EQUAL)
    combining, weights = ways[chosen](data)
    combined = combine(combining, weights, data.log_odds)
    fitted = calibration.fit(calibration.sigmoid(combined), data.fake, counts=_balanced(data))
    scores = fitted(calibration.sigmoid(combined))
    if combining is Combining.SUM:  # one slope fewer to read
        weights, slope = weights * fitted.a, 1.0
    else:
        slope = fitted.a
    by_label = dict.fromkeys(all_judged.labels, 0.0)
    by_label |= {label: round(float(weight), 4) for label, weight in zip(heard, weights, strict=True)}
    even = Thresholds(0.5, 0.5)
    small = which.below if which.condition is Condition.SMALL_FACES else None
    fusion = Fusion(by_label, round(fitted.b, 4), combining, round(float(slope), 4), even, holds, {}, small)
    real = _real_scores(others, panel, fusion, which)
    own = own_false_alarms if own_false_alarms is not None and len(real) >= 1 / false_alarms else false_alarms
    cuts = _cuts(scores, data.fake, real, own=own, of_others=false_alarms, missed=missed, inconclusive=inconclusive)
    measured = {
        "bundles": intervals,
        "auc_on_kinds_left_out": {name: round(value, 4) for name, value in left_out.items()},
        "chosen": chosen,
        **({"chosen_by": "files from other sources"} if way else {}),
        "n_real": int((~data.fake).sum()),
        "n_fake": int(data.fake.sum()),
        "auc": round(metrics.auc(scores, data.fake), 4),
        "ece_other_people": round(_calibration_error(data, ways[chosen]), 4),
        "above_upper_cut": [
            int((scores[~data.fake] > cuts.manipulated_above).sum()),
            int((scores[data.fake] > cuts.manipulated_above).sum()),
        ],
        "below_lower_cut": [
            int((scores[~data.fake] < cuts.little_below).sum()),
            int((scores[data.fake] < cuts.little_below).sum()),
        ],
        "real_by_others": [len(real), int((real > cuts.manipulated_above).sum())],
    }
    return replace(fusion, cuts=cuts, measured=measured)


def _real_scores(rows: Sequence[Row], panel: Panel, fusion: Fusion, which: Faces) -> Any:
    """Of each real file the score of its worst face among those that the rule is for."""
    by_file = []
    for row in rows:
        if row.fake or not row.findings:
            continue
        findings = stored_findings.parse(row.findings)
        if findings.medium is not which.condition.medium:
            continue
        if findings.lacking(replace(panel, fusion={})):
            raise CannotFit(f"Not every bundle has judged {row.name}: evaluate these files with --every-bundle.")
        scores = [
            fusion.score(of_face)
            for face, of_face in findings.scores_by_face().items()
            if which.covers(findings.medium, findings.faces.get(face, (inf, 0))[0]) and set(of_face) & set(fusion.heard)
        ]
        if scores:
            by_file.append(max(scores))
    return np.array(by_file, float)


def _cuts(
    scores: Any, fake: Any, others: Any, *, own: float, of_others: float, missed: float, inconclusive: float
) -> Thresholds:
    """Above the upper cut no more real files than asked for, of own ones and of those by others.

    Below the lower cut no more fakes than asked for. Where that leaves too many real files between the cuts, it moves
    up, but never above even odds.
    """
    low, high = calibration.cuts(scores, fake, false_alarms=own, missed=missed)
    if len(others):
        high = min(0.99, max(high, ceil(float(np.quantile(others, 1 - of_others)) * 1e4) / 1e4))
    little = float(np.quantile(scores[~fake], max(0.0, 1 - own - inconclusive)))
    return Thresholds(round(min(0.5, max(low, little)), 4), high)


def fit_weights(data: Judged) -> Any:
    """Weights of log-odds, none below 0: the least loss, and a penalty for being unlike each other.

    Accelerated projected gradient: few weights, a convex loss, and the same result every time.
    """
    design = np.column_stack([data.log_odds, np.ones(len(data.fake))])
    count, balance = data.log_odds.shape[1], _balanced(data)
    spread = 2 * PENALTY * (np.eye(count) - np.full((count, count), 1 / count))
    rate = 1 / ((design * design * balance[:, None]).sum() / 4 + 2 * PENALTY)
    weights = moved = np.append(np.full(count, 1 / count), 0.0)
    for step in range(STEPS):
        slope = design.T @ ((calibration.sigmoid(design @ moved) - data.fake) * balance)
        slope[:count] += spread @ moved[:count]
        following = moved - rate * slope
        following[:count] = following[:count].clip(0)
        moved = following + step / (step + 3) * (following - weights)
        weights = following
    return weights[:count]


def combine(combining: Combining, weights: Any, log_odds: Any) -> Any:
    if combining is Combining.SUM:
        return log_odds @ weights
    return np.log(np.exp(log_odds) @ weights)


def _interval(data: Judged, label: str) -> dict[str, Any] | None:
    files = data.by([label])
    if min(files.fake.sum(), (~files.fake).sum()) < LEAST:
        return None
    low, high = metrics.auc_interval(files.log_odds[:, 0], files.fake, files.groups)
    return {
        "auc": round(metrics.auc(files.log_odds[:, 0], files.fake), 4),
        "auc_ci": [round(low, 4), round(high, 4)],
    }


def _enough(data: Judged, condition: Condition, false_alarms: float, missed: float) -> None:
    for count, rate, name in ((~data.fake, false_alarms, "real"), (data.fake, missed, "fake")):
        if count.sum() * rate < 1:
            raise CannotFit(
                f"For a rate of {rate} it takes {ceil(1 / rate)} judged {name} files or more ({condition}); there are "
                f"{int(count.sum())}."
            )


def _left_out(data: Judged, way: Way) -> float:
    """The mean AUC of kinds of fakes, each judged by weights that were fitted without it."""
    aucs = []
    for kind in sorted(set(data.kinds[data.fake])):
        of_kind = data.fake & (data.kinds == kind)
        fitted_to = data.select(~of_kind)
        combining, weights = way(fitted_to if fitted_to.fake.any() else data)
        combined = combine(combining, weights, data.log_odds)
        compared = of_kind | ~data.fake
        aucs.append(metrics.auc(combined[compared], data.fake[compared]))
    return float(np.mean(aucs))


def _calibration_error(data: Judged, way: Way) -> float:
    """Half of the people judged by what was fitted to the other half, and the other way round."""
    names = sorted(set(data.groups))
    half = np.isin(data.groups, names[::2])
    scores = np.zeros(len(data.fake))
    for fitted_to, held_out in ((half, ~half), (~half, half)):
        files = data.select(fitted_to)
        if not files.fake.any() or files.fake.all():
            return float("nan")
        combining, weights = way(files)
        fitted = calibration.fit(
            calibration.sigmoid(combine(combining, weights, files.log_odds)), files.fake, counts=_balanced(files)
        )
        scores[held_out] = fitted(calibration.sigmoid(combine(combining, weights, data.log_odds[held_out])))
    return metrics.calibration_error(scores, data.fake)


def _balanced(data: Judged) -> Any:
    """Real and fake ones count the same, and so does every kind of fake; all together 1."""
    counts = np.zeros(len(data.fake))
    counts[~data.fake] = 0.5 / max(1, (~data.fake).sum())
    kinds = sorted(set(data.kinds[data.fake]))
    for kind in kinds:
        of_kind = data.fake & (data.kinds == kind)
        counts[of_kind] = 0.5 / len(kinds) / of_kind.sum()
    return counts
