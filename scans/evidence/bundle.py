"""The evidence bundle: all that this site can prove of one scan, in a zip that anybody verifies offline."""

import hashlib
import json
import zipfile
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from ..models import Anchor, Assessment, Decision, Event, Report, Scan
from ..models.chain import salted
from ..models.event import Kind
from ..outcome import effective
from . import anchoring, rows, sealing, signing

VERIFIER = Path(__file__).with_name("verify_bundle.py")
OF_DECISIONS = (Kind.DECIDED, Kind.HELD)
# Events whose content names a person. It is left out where people are.
ABOUT_PEOPLE = (Kind.ASSIGNED, Kind.TAKEN_OVER)
PIECE = 1 << 20
README = """What this site recorded of one file. It does not prove that the file is real or fake.

record.json     what the models found, with their weights' SHA-256, and what people decided
audit.json      the file's events, each with its proof that it is in the audit chain up to a signed anchor
manifest.json   the SHA-256 of every file in here; signature.json is its Ed25519 signature
original.*      the file itself, where it is included; report.pdf the report that was issued of it

python3 verify_bundle.py BUNDLE.zip KEY

checks all of it offline. Take the script and the key from the site rather than from here:
{site}
"""


def write(scan: Scan, file: IO[bytes], *, staff: bool, redacted: bool, report: Report | None, keys_page: str) -> None:
    """`redacted`: without the file, its name, what it says of itself, notes, report and people.

    Who is not `staff` learns of the events and decisions that uploaders may know, and never who decided.
    """
    people = staff and not redacted
    decisions = _decisions(scan, settled_only=not staff)
    events = _events(scan, decisions, everything=staff)
    anchors = _anchors_for(events)
    record = _record(scan, decisions, redacted=redacted, people=people, report=None if redacted else report)
    audit = {
        "events": _proven(events, anchors, people=people),
        "anchors": [anchoring.published_form(anchor) for anchor in anchors],
    }
    hashes: dict[str, str] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:

        def add(name: str, content: bytes) -> None:
            hashes[name] = hashlib.sha256(content).hexdigest()
            archive.writestr(name, content)

        add("record.json", _json(record))
        add("audit.json", _json(audit))
        add("verify_bundle.py", VERIFIER.read_bytes())
        add("README.txt", README.format(site=keys_page).encode())
        if not redacted and scan.media:
            name = f"original.{scan.format or 'bin'}"
            hashes[name] = _copy(scan, archive, name)
        if not redacted and report and report.file:
            with report.file.open("rb") as pdf:
                add("report.pdf", pdf.read())
        manifest = {
            "format": 1,
            "site": settings.SITE_URL,
            "scan": str(scan.pk),
            "redacted": redacted,
            "made_at": rows.time_text(timezone.now()),
            "software": settings.VERSION,
            "files": hashes,
        }
        text = _json(manifest)
        key, signature = signing.sign(text)
        archive.writestr("manifest.json", text)
        archive.writestr("signature.json", _json({"key": key.pk, "public": key.public, "signature": signature}))


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False).encode()


def _copy(scan: Scan, archive: zipfile.ZipFile, name: str) -> str:
    sha256 = hashlib.sha256()
    entry = zipfile.ZipInfo(name, timezone.now().timetuple()[:6])  # stored: media are compressed already
    with scan.media.open("rb") as media, archive.open(entry, "w", force_zip64=True) as copy:
        for piece in media.chunks(PIECE):
            sha256.update(piece)
            copy.write(piece)
    return sha256.hexdigest()


# -- What was found and decided ----------------------------------------------------------------------------


def _decisions(scan: Scan, *, settled_only: bool) -> list[Decision]:
    all_of_it: Any = Decision.objects.settled() if settled_only else Decision.objects.all()
    return list(all_of_it.filter(scan=scan).select_related("policy", "undone", "second").order_by("id"))


def _record(
    scan: Scan, decisions: list[Decision], *, redacted: bool, people: bool, report: Report | None
) -> dict[str, Any]:
    own = {} if redacted else {"name": scan.name}
    return {
        "scan": str(scan.pk),
        "sha256": scan.sha256,
        "bytes": scan.bytes,
        "kind": scan.kind,
        "format": scan.format,
        "uploaded_at": rows.time_text(scan.created_at),
        "effective": effective.for_programs(scan),
        "report": report.code if report else None,
        "assessments": [_assessment(assessment, redacted=redacted) for assessment in scan.assessments.order_by("id")],
        "decisions": [_decision(decision, redacted=redacted, people=people) for decision in decisions],
        **own,
    }


def _assessment(assessment: Assessment, *, redacted: bool) -> dict[str, Any]:
    redacted = redacted or assessment.is_redacted
    return {
        "id": assessment.pk,
        "at": rows.time_text(assessment.at),
        "cut_offs": assessment.inspection.get("cuts"),
        "statement": assessment.statement(),
        "details": {} if redacted else {"inspection": assessment.inspection},
    }


def _decision(decision: Decision, *, redacted: bool, people: bool) -> dict[str, Any]:
    second = getattr(decision, "second", None)
    return {
        "id": decision.pk,
        "at": rows.time_text(decision.at),
        "status": decision.status,
        "second": second.verdict if second else None,
        "undone": decision.is_undone,
        "statement": decision.statement(),
        "details": {} if redacted else {"note": decision.public_note},
        **({"decider": decision.decider_id} if people else {}),
    }


# -- The segment of the chain --------------------------------------------------------------------------------


def _events(scan: Scan, decisions: list[Decision], *, everything: bool) -> list[dict[str, Any]]:
    sealing.seal()
    pk = scan.pk if connection.vendor == "postgresql" else scan.pk.hex
    events = list(rows.sealed(connection, "scan_id = %s", (pk,)))
    if everything:
        return events
    for_uploader = set(Event.objects.for_uploaders().filter(scan=scan).values_list("pk", flat=True))
    settled = {decision.pk for decision in decisions}
    return [
        event
        for event in events
        if event["id"] in for_uploader
        or (event["kind"] in OF_DECISIONS and event["content"].get("decision") in settled)
    ]


def _anchors_for(events: list[dict[str, Any]]) -> list[Anchor]:
    """Of each event the first anchor that covers it; a new one, if the last events have none yet."""
    last = events[-1]["position"]
    if not Anchor.objects.filter(position__gte=last).exists():
        anchoring.create_anchor()
    needed: dict[int, Anchor] = {}
    for event in events:
        anchor = Anchor.objects.filter(position__gte=event["position"]).order_by("position").first()
        if anchor is not None:
            needed[anchor.position] = anchor
    return [needed[position] for position in sorted(needed)]


def _proven(events: list[dict[str, Any]], anchors: list[Anchor], *, people: bool) -> list[dict[str, Any]]:
    proven = []
    for anchor in anchors:
        first = json.loads(anchor.statement)["first"]
        covered = [event for event in events if first <= event["position"] <= anchor.position]
        paths = anchoring.paths(anchor, [event["position"] for event in covered])
        for event in covered:
            kept = ("position", "previous", "sealed_at", "id", "scan", "kind", "at")
            salt = event["salt"]
            names_people = event["kind"] in ABOUT_PEOPLE
            proven.append(
                {
                    **{name: event[name] for name in kept},
                    "actor": _part(salt[:32], event["actor"], is_open=people),
                    "content": _part(salt[32:], event["content"], is_open=people or not names_people),
                    "anchor": anchor.position,
                    "path": paths[event["position"]],
                }
            )
    return proven


def _part(salt: str, value: Any, *, is_open: bool) -> dict[str, Any]:
    """The value with its salt, or only the digest. Whoever has the whole row can still prove the digest."""
    return {"salt": salt, "value": value} if is_open else {"digest": salted(salt, value)}
