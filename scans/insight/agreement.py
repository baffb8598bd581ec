"""How far people agree beyond chance: Cohen's kappa for pairs, Krippendorff's alpha (nominal) for any number."""

from collections import Counter
from collections.abc import Hashable, Sequence
from itertools import permutations
from typing import Any

import numpy as np

from detection import bootstrap

Pair = tuple[Hashable, Hashable]


def kappa(pairs: Sequence[Pair]) -> float | None:
    """None for no pairs, or if all labels are the same."""
    total = len(pairs)
    if not total:
        return None
    agreed = sum(label == other for label, other in pairs) / total
    first, second = Counter(label for label, _ in pairs), Counter(label for _, label in pairs)
    chance = sum(first[label] * second[label] for label in first) / total**2
    return None if chance == 1 else (agreed - chance) / (1 - chance)


def alpha(units: Sequence[Sequence[Hashable]]) -> float | None:
    """Each unit holds the labels of one file by two people or more, without missing answers."""
    coincidences: Counter[Pair] = Counter()
    for labels in units:
        if len(labels) > 1:
            for pair in permutations(labels, 2):
                coincidences[pair] += 1 / (len(labels) - 1)  # type: ignore[assignment]
    values: Counter[Hashable] = Counter()
    for (label, _other), weight in coincidences.items():
        values[label] += weight
    total = sum(values.values())
    expected = sum(values[label] * values[other] for label, other in permutations(values, 2))
    if total <= 1 or not expected:
        return None
    observed = sum(weight for (label, other), weight in coincidences.items() if label != other)
    return 1 - (total - 1) * observed / expected


def interval(pairs: Sequence[Pair], statistic: Any = kappa) -> tuple[float, float] | None:
    """95 % interval by bootstrap over files; None for fewer than ten."""
    if len(pairs) < 10:
        return None

    def drawn(rows: Any) -> float:
        value = statistic([pairs[row] for row in rows])
        return float("nan") if value is None else value

    low, high = bootstrap(drawn, len(pairs), rounds=400)
    return None if np.isnan(low) or np.isnan(high) else (low, high)
