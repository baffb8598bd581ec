"""Anchors of the audit chain: a chain that was written anew does not fit what was anchored before."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command

from scans import tasks
from scans.evidence import anchoring, chain
from scans.models import Anchor, ChainCheck, ChainHead, Event

Tamper = Callable[..., None]


def test_a_row_whose_hash_was_made_anew_is_found_by_the_next(happenings: list[Event], tamper: Tamper) -> None:
    victim, following = happenings[3], happenings[4]
    made = remade(victim, content={"outcome": "little_evidence"})
    tamper("UPDATE scans_event SET content = %s, hash = %s WHERE id = %s", '{"outcome": "little_evidence"}', made,
           victim.pk)  # fmt: skip
    result = chain.verify()
    assert (result.problem, result.position) == ("unlinked", following.position)


def remade(event: Event, *, content: Any, previous: str | None = None) -> str:
    from scans.evidence.rows import time_text
    from scans.models.chain import row_hash

    assert event.sealed_at
    row = {
        "id": event.pk, "scan": event.scan_id and str(event.scan_id), "kind": event.kind, "at": time_text(event.at),
        "actor": event.actor_id, "content": content,
    }  # fmt: skip
    seal = {
        "position": event.position, "previous": previous or event.previous, "sealed_at": time_text(event.sealed_at)
    }  # fmt: skip
    return row_hash(row, seal, event.salt)


def rewrite_from(victim: Event, tamper: Tamper) -> None:
    """Everything from there on is made anew, as whoever owns the database and knows the code can."""
    previous = victim.previous
    for event in Event.objects.filter(position__gte=victim.position).order_by("position"):
        content = {"forged": True} if event.pk == victim.pk else event.content
        made = remade(event, content=content, previous=previous)
        tamper(
            "UPDATE scans_event SET content = %s, previous = %s, hash = %s WHERE id = %s",
            json.dumps(content), previous, made, event.pk,
        )  # fmt: skip
        previous = made
    ChainHead.objects.update(hash=previous)


def test_a_chain_that_was_written_anew_does_not_fit_its_anchor(happenings: list[Event], tamper: Tamper) -> None:
    anchor = anchoring.create_anchor()
    assert anchor
    rewrite_from(happenings[3], tamper)
    result = chain.verify()
    assert (result.problem, result.position) == ("anchor", anchor.position)


def test_even_without_anchors_in_the_database_the_file_of_anchors_tells(
    happenings: list[Event], tamper: Tamper, own_anchors: Path, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        anchor = anchoring.create_anchor()
    assert anchor
    rewrite_from(happenings[3], tamper)
    tamper("DELETE FROM scans_anchor")
    assert chain.verify().whole  # nothing in the database tells any more
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("verify_audit", "--anchors", str(own_anchors), stdout=out)
    assert f"BROKEN at position {anchor.position}" in out.getvalue()


def test_a_forged_anchor_is_not_signed(happenings: list[Event], tamper: Tamper) -> None:
    anchor = anchoring.create_anchor()
    assert anchor
    statement = anchor.statement.replace(anchor.hash, "f" * 64)
    tamper("UPDATE scans_anchor SET statement = %s, hash = %s", statement, "f" * 64)
    assert chain.verify().problem == "anchor_signature"


def test_once_a_day_the_head_is_anchored_mailed_and_the_chain_checked(
    happenings: list[Event], settings: Any, own_anchors: Path, django_capture_on_commit_callbacks: Any
) -> None:
    settings.AUDIT_ANCHOR_MAIL = ["auditor@example.org"]
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            tasks.anchor_chain()
    assert Anchor.objects.count() == 1
    line = json.loads(own_anchors.read_text())
    assert json.loads(line["statement"])["hash"] == happenings[-1].hash
    assert happenings[-1].hash in mail.outbox[0].body
    assert mail.outbox[0].to == ["auditor@example.org"]
    check = ChainCheck.objects.get()
    assert (check.problem, check.rows) == ("", Event.objects.count())
