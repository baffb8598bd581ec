"""Scans as a table, or in an archive with their files: streamed, and harmless in a spreadsheet."""

import csv
import json
import zipfile
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import StreamingHttpResponse
from django.utils import timezone

from ..models import Event
from ..outcome import effective
from ..storage.endings import name_by_content

PLAIN = ("id", "name", "kind", "format", "bytes", "sha256", "status", "refusal")
VERDICT = ("verdict", "outcome", "source", "label", "action", "since", "state")  # what counts now
MODELS = ("models_outcome", "models_score", "calibrated")  # the score from 0 to 100, as pages show it
TIMES = ("created_at", "finished_at", "batch_id")
COLUMNS = (*PLAIN, *VERDICT, *MODELS, *TIMES)
FORMS = ("csv", "json", "zip")
CHUNK = 1000  # rows whose verdicts are read together
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")


class _Echo:
    """What a csv writer writes to: hands each line straight on."""

    def write(self, line: str) -> str:
        return line


def export(person: Any, scans: Any, form: str, *, notes: str = "") -> StreamingHttpResponse:
    """Export scans as csv, json or zip, and record that they were exported."""
    content = {"what": "scans", "form": form, "count": scans.count()}
    Event.objects.create(kind="exported", actor=person, content=content)
    return archive(scans, "scans", notes) if form == "zip" else answer(scans, form)


def answer(scans: Any, form: str) -> StreamingHttpResponse:
    rows = _rows(scans)
    lines, mime = (_csv(rows), "text/csv; charset=utf-8") if form == "csv" else (_json(rows), "application/json")
    name = f"scans-{timezone.localdate():%Y-%m-%d}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return StreamingHttpResponse(lines, content_type=mime, headers=headers)


def _rows(scans: Any) -> Iterator[dict[str, Any]]:
    iterator = iter(scans.iterator(CHUNK))
    while chunk := list(islice(iterator, CHUNK)):
        for scan in effective.with_verdicts(chunk):
            yield {**{name: getattr(scan, name) for name in (*PLAIN, *TIMES)}, **_verdict(scan.verdict)}


def _verdict(verdict: effective.Verdict) -> dict[str, Any]:
    decision, assessment = verdict.decision, verdict.assessment
    return {
        "verdict": verdict.text,
        "outcome": verdict.outcome,
        "source": verdict.source.value if verdict.outcome else "",
        "label": decision.label if decision else "",
        "action": decision.action if decision else "",
        "since": verdict.since,
        "state": verdict.public_state.value,
        "models_outcome": assessment.outcome if assessment else "",
        "models_score": verdict.models_points,
        "calibrated": assessment.calibrated if assessment else None,
    }


def _csv(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff" + str(writer.writerow(COLUMNS))
    for row in rows:
        yield str(writer.writerow([harmless(row[name]) for name in COLUMNS]))


def _json(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    encoder, first = DjangoJSONEncoder(ensure_ascii=False), True
    yield "["
    for row in rows:
        yield ("\n" if first else ",\n") + encoder.encode({name: row[name] for name in COLUMNS})
        first = False
    yield "\n]\n"


def harmless(value: Any) -> Any:
    """A spreadsheet takes some beginnings for a formula; with an apostrophe before them it shows them."""
    if isinstance(value, str) and value.lstrip().startswith(DANGEROUS):
        return "'" + value
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return json.dumps(value) if isinstance(value, bool) else value


# -- With the files -------------------------------------------------------------------------------------


class _Pieces:
    """What a zip is written to: gives out what has come since the last time."""

    def __init__(self) -> None:
        self.kept = bytearray()

    def write(self, content: bytes) -> int:
        self.kept += content
        return len(content)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def take(self) -> bytes:
        content = bytes(self.kept)
        self.kept.clear()
        return content


def archive(scans: Any, name: str, notes: str = "") -> StreamingHttpResponse:
    """The files, and both tables of what is known of them. It is packed while it is sent."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}-{timezone.localdate():%Y-%m-%d}.zip"',
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingHttpResponse(_packed(scans, notes), content_type="application/zip", headers=headers)


def _packed(scans: Any, notes: str) -> Iterator[bytes]:
    pieces = _Pieces()
    with zipfile.ZipFile(pieces, "w", zipfile.ZIP_STORED) as packed:
        packed.writestr("scans.csv", "".join(_csv(_rows(scans))))
        packed.writestr("scans.json", "".join(_json(_rows(scans))))
        if notes:
            packed.writestr("notes.txt", notes)
        for number, scan in enumerate(scans.iterator(CHUNK), 1):
            if not scan.media:
                continue
            with (
                scan.media.open("rb") as file,
                packed.open(f"files/{number:03} {name_by_content(scan)}", "w", force_zip64=True) as member,
            ):
                for piece in file.chunks():
                    member.write(piece)
                    yield pieces.take()
    yield pieces.take()
