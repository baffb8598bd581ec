"""What is hidden in a table can't be worked out from the rest of it."""

import itertools
from collections import defaultdict
from typing import Any

import pytest

from scans.insight.suppression import protect


@pytest.mark.parametrize(("smallest", "cells", "most"), [(5, 2, 24), (5, 3, 15), (3, 4, 9)])
def test_whoever_knows_the_rule_can_not_tell_any_small_count(smallest: int, cells: int, most: int) -> None:
    """Every table there is, by what is published of it: each hidden cell could be any small count, or many large."""
    published: dict[Any, list[tuple[int, ...]]] = defaultdict(list)
    for counts in itertools.product(range(most + 1), repeat=cells):
        if sum(counts) <= most:
            table = protect({str(place): count for place, count in enumerate(counts)}, smallest)
            published[table.total, tuple(table.cells.values())].append(counts)
    for (total, shown), possible in published.items():
        assert not [count for count in (total, *shown) if count is not None and 0 < count < smallest]
        for place in (place for place, count in enumerate(shown) if count is None):
            assert len({counts[place] for counts in possible}) >= smallest - 1, (total, shown)
