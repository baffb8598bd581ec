"""Small counts are hidden in tables for everybody, and other counts with them, so that nobody can work them out."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """How a total is made up. None: hidden."""

    total: int | None
    cells: dict[str, int | None]

    @property
    def hides(self) -> bool:
        return self.total is None or None in self.cells.values()


def protect(counts: Mapping[str, int], smallest: int) -> Table:
    """Hide counts from 1 to `smallest` - 1.

    The total would tell a single hidden count, so that the first large one is hidden as well. Which one that is must
    not depend on the hidden counts, or it would give them away. Where both together are so few that they would be
    told nevertheless, the whole table is hidden, and where the total is small, that too.
    """
    total = sum(counts.values())
    small = [name for name, count in counts.items() if 0 < count < smallest]
    if not small:
        return Table(total, dict(counts))
    cover = [name for name, count in counts.items() if count >= smallest][:1]
    hidden = {*small, *cover}
    enough = (smallest - 1) * len(small) + smallest  # with less, not every small count would be possible
    if sum(counts[name] for name in hidden) < enough:
        hidden = set(counts)
    return Table(
        None if 0 < total < smallest else total,
        {name: None if name in hidden else count for name, count in counts.items()},
    )
