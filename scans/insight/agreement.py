"""How far people agree beyond chance: Cohen's kappa for pairs, Krippendorff's alpha (nominal) for any number."""

from collections import Counter
from collections.abc import Hashable, Sequence
from itertools import permutations
from typing import Any

import numpy as np

from detection import bootstrap

Pair = tuple[Hashable, Hashable]


def kappa(pairs: Sequence[Pair]) -> float | None:
    """None where there is nothing to compare, or all always say the same."""
    total = len(pairs)
    if not total:
        return None
    agreed = sum(one == other for one, other in pairs) / total
    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    chance = sum(first[label] * second[label] for label in first) / total**2
    return None if chance == 1 else (agreed - chance) / (1 - chance)


def alpha(units: Sequence[Sequence[Hashable]]) -> float | None:
    """Each unit is what was said of one file, by two people or more; missing answers are left out."""
    coincidences: Counter[Pair] = Counter()
    for said in units:
        if len(said) > 1:
            for pair in permutations(said, 2):
                coincidences[pair] += 1 / (len(said) - 1)  # type: ignore[assignment]
    values: Counter[Hashable] = Counter()
    for (one, _other), weight in coincidences.items():
        values[one] += weight
    total = sum(values.values())
    expected = sum(values[one] * values[other] for one, other in permutations(values, 2))
    if total <= 1 or not expected:
        return None
    observed = sum(weight for (one, other), weight in coincidences.items() if one != other)
    return 1 - (total - 1) * observed / expected


def interval(pairs: Sequence[Pair], statistic: Any = kappa) -> tuple[float, float] | None:
    """95 % by bootstrap over files; None for so few that it would say nothing."""
    if len(pairs) < 10:
        return None

    def drawn(rows: Any) -> float:
        value = statistic([pairs[row] for row in rows])
        return float("nan") if value is None else value

    low, high = bootstrap(drawn, len(pairs), rounds=400)
    return None if np.isnan(low) or np.isnan(high) else (low, high)
