"""Measures of a detector's quality, with intervals."""

from typing import Any

import numpy as np


def auc(scores: Any, fake: Any) -> float:
    """Area under the ROC curve. Ties count half."""
    scores, fake = np.asarray(scores, np.float64), np.asarray(fake, bool)
    fakes, reals = int(fake.sum()), int((~fake).sum())
    if not fakes or not reals:
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[fake].sum() - fakes * (fakes + 1) / 2) / (fakes * reals))


def auc_interval(scores: Any, fake: Any, groups: Any = None, *, rounds: int = 1000) -> tuple[float, float]:
    """95 % interval by bootstrap over groups, as pictures of one person or film are not independent."""
    scores, fake = np.asarray(scores, np.float64), np.asarray(fake, bool)
    return bootstrap(lambda rows: auc(scores[rows], fake[rows]), len(scores), groups, rounds=rounds)


def true_positives_at(scores: Any, fake: Any, false_alarms: float) -> float:
    """True-positive rate at the threshold that gives at most this false-alarm rate."""
    scores, fake = np.asarray(scores, np.float64), np.asarray(fake, bool)
    if not fake.any() or fake.all():
        return float("nan")
    reals = np.sort(scores[~fake])[::-1]
    allowed = int(np.floor(false_alarms * len(reals) + 1e-9))
    cut = reals[allowed] if allowed < len(reals) else -np.inf
    return float((scores[fake] > cut).mean())


def equal_error_rate(scores: Any, fake: Any) -> float:
    """The error rate at the threshold where misses and false alarms are equal."""
    scores, fake = np.asarray(scores, np.float64), np.asarray(fake, bool)
    if not fake.any() or fake.all():
        return float("nan")
    cuts = np.concatenate([[-np.inf], np.unique(scores)])
    missed = np.array([(scores[fake] <= cut).mean() for cut in cuts])
    alarms = np.array([(scores[~fake] > cut).mean() for cut in cuts])
    at = int(np.argmin(np.abs(missed - alarms)))
    return float((missed[at] + alarms[at]) / 2)


def calibration_error(scores: Any, fake: Any, bins: int = 10) -> float:
    """Expected calibration error: the mean distance between scores and the shares of fakes at those scores."""
    scores, fake = np.asarray(scores, np.float64), np.asarray(fake, np.float64)
    if not len(scores):
        return float("nan")
    bin_of = np.minimum((scores * bins).astype(int), bins - 1)
    inside = [bin_of == number for number in range(bins) if (bin_of == number).any()]
    return float(sum(abs(scores[at].mean() - fake[at].mean()) * at.sum() for at in inside) / len(scores))


def calibration_interval(scores: Any, fake: Any, groups: Any = None) -> tuple[float, float]:
    """95 % interval by bootstrap. Resampling biases this figure upwards; the bias is subtracted (Efron)."""
    scores, fake = np.asarray(scores, np.float64), np.asarray(fake, np.float64)
    low, high = bootstrap(lambda rows: calibration_error(scores[rows], fake[rows]), len(scores), groups)
    error = calibration_error(scores, fake)
    return max(0.0, 2 * error - high), max(0.0, 2 * error - low)


def share_interval(count: int, total: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share, also valid for small counts and zero."""
    if not total:
        return float("nan"), float("nan")
    z, p = 1.96, count / total
    middle = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z * np.sqrt(p * (1 - p) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))


def bootstrap(what: Any, count: int, groups: Any = None, *, rounds: int = 1000) -> tuple[float, float]:
    """95 % interval of any figure, resampled by group. `what` takes the indices of rows."""
    names, group_of = np.unique(np.arange(count) if groups is None else np.asarray(groups), return_inverse=True)
    members = [np.flatnonzero(group_of == number) for number in range(len(names))]
    chance = np.random.default_rng(0)
    values = [
        what(np.concatenate([members[i] for i in chance.integers(len(members), size=len(members))]))
        for _ in range(rounds)
    ]
    finite = [value for value in values if np.isfinite(value)]
    low, high = np.percentile(finite, [2.5, 97.5]) if finite else (float("nan"),) * 2
    return float(low), float(high)
