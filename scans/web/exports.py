"""One's own scans as a table: streamed, and harmless in a spreadsheet."""

import csv
import json
from collections.abc import Iterator
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import StreamingHttpResponse
from django.utils import timezone

COLUMNS = (
    "id", "name", "kind", "format", "bytes", "sha256", "status", "refusal", "outcome", "score", "calibrated",
    "created_at", "finished_at", "batch_id",
)  # fmt: skip
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")


class _Echo:
    """What a csv writer writes to: hands each line straight on."""

    def write(self, line: str) -> str:
        return line


def answer(scans: Any, form: str) -> StreamingHttpResponse:
    rows = scans.values(*COLUMNS).iterator(2000)
    lines, mime = (_csv(rows), "text/csv; charset=utf-8") if form == "csv" else (_json(rows), "application/json")
    name = f"scans-{timezone.localdate():%Y-%m-%d}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return StreamingHttpResponse(lines, content_type=mime, headers=headers)


def _csv(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff" + str(writer.writerow(COLUMNS))
    for row in rows:
        yield str(writer.writerow([harmless(row[name]) for name in COLUMNS]))


def _json(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    encoder, first = DjangoJSONEncoder(ensure_ascii=False), True
    yield "["
    for row in rows:
        yield ("\n" if first else ",\n") + encoder.encode(row)
        first = False
    yield "\n]\n"


def harmless(value: Any) -> Any:
    """A spreadsheet takes some beginnings for a formula; with an apostrophe before them it shows them."""
    if isinstance(value, str) and value.lstrip().startswith(DANGEROUS):
        return "'" + value
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return json.dumps(value) if isinstance(value, bool) else value
