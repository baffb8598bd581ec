"""Anchors: once a day the chain's head is signed, kept in a file and, where that is set, mailed.

Somebody who owns the database can rewrite the chain from any row on, hashes and all. They can't rewrite an anchor that
lies elsewhere. An anchor also holds the root of a Merkle tree over the rows since the anchor before, so that a few
hashes prove that one row was among them.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone

from ..models import Anchor, ChainHead, Event, SigningKey
from ..models.chain import canonical
from . import rows, sealing, signing

log = structlog.get_logger(__name__)

FILE = "audit-anchors.jsonl"


def create_anchor() -> Anchor | None:
    """Sign the current head of the chain. None if no event was sealed since the last anchor."""
    sealing.seal()
    with transaction.atomic():
        head = ChainHead.locked()
        before = Anchor.objects.first()
        first = before.position + 1 if before else 1
        if head.position < first:
            return None
        at = timezone.now()
        statement = {
            "site": settings.SITE_URL,
            "first": first,
            "position": head.position,
            "hash": head.hash,
            "root": merkle_root(_hashes(first, head.position)),
            "at": rows.time_text(at),
        }
        text = canonical(statement).decode()
        key, signature = signing.sign(text.encode())
        signed_anchor = Anchor.objects.create(
            position=head.position, hash=head.hash, statement=text, key=key.pk, signature=signature, at=at
        )
        transaction.on_commit(lambda: _append(signed_anchor))
    return signed_anchor


def publish(anchor: Anchor) -> None:
    """By mail, to whoever keeps anchors outside of this site."""
    if settings.AUDIT_ANCHOR_MAIL:
        subject = f"{settings.SITE_NAME}: anchor of the audit chain at {anchor.position}"
        send_mail(subject, json.dumps(published_form(anchor)) + "\n", None, settings.AUDIT_ANCHOR_MAIL)


def published_form(anchor: Anchor) -> dict[str, Any]:
    key = SigningKey.objects.filter(pk=anchor.key).first()
    return {
        "statement": anchor.statement,
        "key": anchor.key,
        "public": key.public if key else "",
        "signature": anchor.signature,
    }


def _append(anchor: Anchor) -> None:
    """A line of the file. It can be written again from the database, so that it fails costs no more than a warning."""
    try:
        folder = Path(settings.AUDIT_ANCHOR_DIR)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / FILE).open("a") as file:
            file.write(json.dumps(published_form(anchor)) + "\n")
    except OSError as error:
        log.error("anchor not written to its file", position=anchor.position, error=repr(error))


def read_file(path: Path | None = None) -> dict[int, str]:
    """Hashes by position, of the anchors in a file; nothing if there is none."""
    path = path or Path(settings.AUDIT_ANCHOR_DIR) / FILE
    if not path.is_file():
        return {}
    statements = [json.loads(json.loads(line)["statement"]) for line in path.read_text().splitlines() if line.strip()]
    return {int(statement["position"]): str(statement["hash"]) for statement in statements}


def is_signed(anchor: Anchor) -> bool:
    key = SigningKey.objects.filter(pk=anchor.key).first()
    if key is None or not signing.is_valid(key, anchor.statement.encode(), anchor.signature):
        return False
    statement = json.loads(anchor.statement)
    return bool(statement["position"] == anchor.position and statement["hash"] == anchor.hash)


# -- The tree --------------------------------------------------------------------------------------------


def _hashes(first: int, last: int) -> list[str]:
    return list(
        Event.objects.filter(position__gte=first, position__lte=last)
        .order_by("position")
        .values_list("hash", flat=True)
    )


def _levels(hashes: list[str]) -> list[list[bytes]]:
    """From the leaves to the root. A node without a neighbour goes up as it is."""
    levels = [[hashlib.sha256(b"\0" + bytes.fromhex(digest)).digest() for digest in hashes]]
    while len(levels[-1]) > 1:
        low = levels[-1]
        pairs = [hashlib.sha256(b"\1" + low[i] + low[i + 1]).digest() for i in range(0, len(low) - 1, 2)]
        levels.append(pairs + ([low[-1]] if len(low) % 2 else []))
    return levels


def merkle_root(hashes: list[str]) -> str:
    return _levels(hashes)[-1][0].hex()


def paths(anchor: Anchor, positions: list[int]) -> dict[int, list[list[str]]]:
    """Of each of these rows, what is to be hashed with it on its way to the root, and on which side."""
    first = int(json.loads(anchor.statement)["first"])
    levels = _levels(_hashes(first, anchor.position))
    result: dict[int, list[list[str]]] = {}
    for position in positions:
        index, path = position - first, []
        for level in levels[:-1]:
            neighbour = index ^ 1
            if neighbour < len(level):
                path.append(["left" if neighbour < index else "right", level[neighbour].hex()])
            index //= 2
        result[position] = path
    return result
