"""What a detector is worth, in numbers with their uncertainty."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def auc(scores: Any, fake: Any) -> float:
    """The chance that a fake scores higher than a real one; ties count half."""
    scores, fake = np.asarray(scores, np.float64), np.asarray(fake, bool)
    fakes, reals = int(fake.sum()), int((~fake).sum())
    if not fakes or not reals:
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[fake].sum() - fakes * (fakes + 1) / 2) / (fakes * reals))


def auc_interval(
    scores: Any, fake: Any, groups: Any = None, *, rounds: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """95 % by bootstrap over groups: pictures of one person or film are not independent."""
    scores, fake = np.asarray(scores, np.float64), np.asarray(fake, bool)
    names, of = np.unique(np.arange(len(scores)) if groups is None else np.asarray(groups), return_inverse=True)
    members = [np.flatnonzero(of == number) for number in range(len(names))]
    chance = np.random.default_rng(0)
    found = []
    for _ in range(rounds):
        where = np.concatenate([members[i] for i in chance.integers(len(members), size=len(members))])
        value = auc(scores[where], fake[where])
        if np.isfinite(value):
            found.append(value)
    low, high = np.percentile(found, [2.5, 97.5]) if found else (float("nan"),) * 2
    return float(low), float(high)
