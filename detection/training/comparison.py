"""Two evaluations of the same files: is the second better by more than chance?"""

from typing import Any

import numpy as np

from .. import metrics
from .evaluation import Row, ScoresMismatch, both_rounded, rounded


def compare(first_rows: list[Row], second_rows: list[Row]) -> dict[str, Any]:
    """Compare two runs on the same files by a paired bootstrap of the difference in AUC."""
    first = {row.name: row for row in first_rows if row.judged}
    second = {row.name: row for row in second_rows if row.judged}
    both = [(first[name], row) for name, row in second.items() if name in first]
    if apart := [before.name for before, row in both if before.fake != row.fake]:
        raise ScoresMismatch(f"{apart[0]} is real in one and fake in the other. One of them has wrong labels.")
    if not both:
        raise ScoresMismatch("No file has a score in both: are these evaluations of the same files?")
    a, b = (np.array([pair[side].score for pair in both], float) for side in (0, 1))
    fake = np.array([pair[0].fake for pair in both], bool)

    def difference(at: Any) -> float:
        return metrics.auc(b[at], fake[at]) - metrics.auc(a[at], fake[at])

    low, high = metrics.bootstrap(difference, len(both), [pair[0].group for pair in both])
    return {
        "n": len(both),
        "only_in_one": len(first) + len(second) - 2 * len(both),
        "auc_first": rounded(metrics.auc(a, fake)),
        "auc_second": rounded(metrics.auc(b, fake)),
        "difference": rounded(metrics.auc(b, fake) - metrics.auc(a, fake)),
        "difference_ci": both_rounded((low, high)),
        "surely_different": bool(low > 0 or high < 0),
    }
