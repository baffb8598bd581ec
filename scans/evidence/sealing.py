"""Sealing: events that were written meanwhile are put at the end of the chain.

An event is written in the transaction of what it tells of, and a chain that every such transaction had to wait for
would let only one of them run at a time. So events are written unsealed, and one sealer at a time numbers and hashes
those whose transactions have ended. Until then (seconds: the timetable seals every five) the triggers guard a row, but
nothing would tell that somebody who removed them changed it. `verify_audit` says how many such rows there are.
"""

import secrets
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from ..models import ChainHead
from ..models.chain import row_hash
from . import rows

AT_ONCE = 2000


def seal() -> int:
    """Seal what is unsealed; how many events that were."""
    count = 0
    while True:
        sealed = _seal_some()
        count += sealed
        if sealed < AT_ONCE:
            return count


@transaction.atomic
def _seal_some() -> int:
    head = ChainHead.locked()  # SQLite has one writer anyway
    waiting = rows.unsealed(connection, AT_ONCE)
    if not waiting:
        return 0
    now = timezone.now()
    seals: list[tuple[Any, ...]] = []
    stored_now = connection.ops.adapt_datetimefield_value(now)
    for row in waiting:
        position, salt = head.position + 1, secrets.token_hex(32)
        seal = {"position": position, "previous": head.hash, "sealed_at": rows.time_text(now)}
        digest = row_hash(row, seal, salt)
        seals.append((position, head.hash, salt, digest, stored_now, row["id"]))
        head.position, head.hash = position, digest
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE scans_event SET position = %s, previous = %s, salt = %s, hash = %s, sealed_at = %s "
            "WHERE id = %s AND position IS NULL",
            seals,
        )
    head.save()
    return len(seals)
