"""What people decided, as a corpus that the training commands take as it is: with consent only, nothing still open."""

import csv
import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import timezone

import detection

from .. import analysis
from ..models import Appeal, Decision, Event, FirstAnswer, ReviewItem, Scan, Status
from ..models.decision import FAKE, REAL

PARTS = (("train", 80), ("validation", 90), ("test", 100))
FIELDS = ("file", "label", "manipulation", "group", "part", "sha256", "said", "people", "decided_at")


@dataclass(frozen=True, slots=True)
class Row:
    file: str
    label: str  # real or fake
    manipulation: str
    group: str
    part: str
    sha256: str
    said: str
    people: int
    decided_at: str


def part_of(group: str) -> str:
    """The part of an owner. All files of one owner are in the same part, so that none of them tests what it trained."""
    return detection.part_of(group, PARTS)


def exportable() -> Any:
    """Settled, superseded by nothing, nowhere open, and its uploader consents."""
    open_items = ReviewItem.objects.open().filter(scan=OuterRef("scan"))
    appeals = Appeal.objects.filter(decision__scan=OuterRef("scan"), answered_by=None)
    return (
        Decision.objects.settled()
        .filter(superseded_by=None, label__in=FAKE | REAL, scan__status=Status.ANALYSED)
        .filter(scan__consents_to_training=True, scan__trashed_at=None)
        .exclude(scan__media="")
        .exclude(Exists(open_items))
        .exclude(Exists(appeals))
        .select_related("scan")
        .order_by("scan__sha256", "id")
    )


def export(out: Path) -> list[Row]:
    """Files, a CSV beside them, and a manifest. What was uploaded twice is there once; contradicted, not at all."""
    rows: dict[str, Row] = {}
    contradicted: set[str] = set()
    for decision in exportable():
        scan, label = decision.scan, "fake" if decision.label in FAKE else "real"
        before = rows.get(scan.sha256)
        if before and before.label != label:
            contradicted.add(scan.sha256)
        if before:
            continue
        name = f"{label}/{scan.sha256}.{scan.format or 'bin'}"
        (out / label).mkdir(parents=True, exist_ok=True)
        with analysis.local_file(scan) as path:
            shutil.copyfile(path, out / name)
        rows[scan.sha256] = Row(
            file=name,
            label=label,
            manipulation="" if label == "real" else "decided",
            group=str(scan.owner_id),
            part=part_of(str(scan.owner_id)),
            sha256=scan.sha256,
            said=decision.label,
            people=_people(scan, decision),
            decided_at=decision.at.isoformat(),
        )
    for digest in contradicted:
        (out / rows.pop(digest).file).unlink()
    _write(out, list(rows.values()))
    Event.objects.create(kind="exported", content={"what": "labels", "count": len(rows)})
    return list(rows.values())


def _people(scan: Scan, decision: Decision) -> int:
    """How many have said something of it."""
    people = {decision.decider_id, *FirstAnswer.objects.filter(item__scan=scan).values_list("person_id", flat=True)}
    second = getattr(decision, "second", None)
    return len(people | ({second.person_id} if second else set()))


def _write(out: Path, rows: list[Row]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with (out / "labels.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    digest = hashlib.sha256((out / "labels.csv").read_bytes()).hexdigest()
    manifest = {
        "made": timezone.now().isoformat(),
        "version": settings.VERSION,
        "files": len(rows),
        "consent": "every uploader has ticked that the file may be used for training, and not taken it back",
        "parts": {part: sum(row.part == part for row in rows) for part, _ in PARTS},
        "labels.csv sha256": digest,
    }
    (out / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
