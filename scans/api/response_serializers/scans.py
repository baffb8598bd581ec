"""Scans and their results."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from ... import models as tables
from ...models import Action, Label, Outcome, Reason, Status
from ...outcome import effective, failures
from .. import prefetch
from ..listing import REVIEW_STATES
from ..prefetch import ScanContext
from .assessments import Assessment
from .fields import (
    OPEN,
    Resource,
    anything,
    chosen,
    flag,
    kind_of,
    maybe,
    moment,
    one_id,
    several,
    share,
    some_moment,
    text,
    whole,
)

MIME = {
    "jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp", "gif": "image/gif", "bmp": "image/bmp",
    "tiff": "image/tiff", "avif": "image/avif", "heic": "image/heic", "mp4": "video/mp4", "mov": "video/quicktime",
    "webm": "video/webm", "mkv": "video/x-matroska", "avi": "video/x-msvideo",
}  # fmt: skip


class Effective(Resource):
    """The current result. Most integrations need nothing else."""

    outcome = chosen("The effective outcome; null until the first result." + OPEN, Outcome.choices, allow_null=True)
    source = chosen("Whether it comes from the models or from a person.", ["model", "human"])
    label = chosen("The reviewer's verdict, if a person has decided.", Label.choices, allow_null=True)
    action = chosen("What happens to the file, if a person has decided.", Action.choices, allow_null=True)
    decision_id = whole("ID of the decision, if a person has decided.", allow_null=True)
    since = some_moment("When this result took effect.")


class Media(Resource):
    """The uploaded file."""

    kind = chosen(
        "Image or video; null before the file is analysed.", ["image", "video"], allow_null=True, source="scan.kind"
    )
    sha256 = text("SHA-256 of the file, in hexadecimal.", source="scan.sha256")
    bytes = whole("Size in bytes.", source="scan.bytes")
    name = text("File name; empty after deletion.", source="scan.name")
    mime = maybe("MIME type, detected from the content.")
    width = whole("Width in pixels.", allow_null=True)
    height = whole("Height in pixels.", allow_null=True)
    duration_ms = whole("Duration of a video in milliseconds.", allow_null=True)
    deduplicated_from = one_id("ID of an earlier scan of the same file whose assessment was reused.", allow_null=True)
    delete_after = some_moment("When the file will be deleted; null while no date is set.")
    deleted_at = some_moment("When the file was deleted.")
    zero_retention = flag("Uploaded to be deleted right after analysis.", source="scan.zero_retention")

    def get_mime(self, context: ScanContext) -> str | None:
        return MIME.get(context.scan.format)

    def get_width(self, context: ScanContext) -> int | None:
        return _probed(context, "width")

    def get_height(self, context: ScanContext) -> int | None:
        return _probed(context, "height")

    def get_duration_ms(self, context: ScanContext) -> int | None:
        duration = _probed(context, "duration")
        return round(duration * 1000) if duration else None

    def get_deduplicated_from(self, context: ScanContext) -> Any:
        newest = context.newest
        return newest.same_as.scan_id if newest and newest.same_as else None


def _probed(context: ScanContext, name: str) -> Any:
    """What the analysis read from the file; None before it."""
    return context.newest.inspection.get("media", {}).get(name) if context.newest else None


class Failure(Resource):
    """Why a file could not be analysed."""

    code = text("Stable code.", source="refusal")
    detail = text("What is wrong, in the language of the request.")

    def get_detail(self, scan: tables.Scan) -> str:
        return failures.sentence(scan)


class Review(Resource):
    """State of the review by people."""

    state = chosen("State of the review.", REVIEW_STATES)
    reason_codes = several("Why it waits for review.", serializers.ChoiceField(choices=Reason.choices))
    due_at = some_moment("When the review is due.")

    def get_state(self, context: ScanContext) -> str:
        if context.appealed:
            return "appealed"
        if context.held:
            return "held"
        item = context.item
        if item is not None and not item.is_double:
            return "claimed" if item.held_until and item.held_until > timezone.now() else "pending"
        return "decided" if context.settled else "none"

    def get_reason_codes(self, context: ScanContext) -> list[str]:
        item = context.item
        return sorted({reason.reason for reason in item.reasons.all()}) if item and not item.blind else []

    def get_due_at(self, context: ScanContext) -> dt.datetime | None:
        return context.item.due_at if context.item else None


class Scan(Resource):
    """An uploaded file and its results."""

    id = one_id("ID of the scan.", source="scan.pk")
    object = kind_of("scan")
    created_at = moment("When it was uploaded.", source="scan.created_at")
    version = whole("Increases with every change.")
    sandbox = flag("Uploaded with a test key: not analysed by the models.", source="scan.sandbox")
    external_id = maybe("Your own ID, as you sent it.", source="scan.external_id")
    metadata = anything("Your own data, as you sent it.", source="scan.metadata")
    batch = one_id("ID of its batch.", source="scan.batch_id", allow_null=True)
    tags = several("Your tags on it.", serializers.CharField())
    media = Media(source="*", help_text="The uploaded file.")
    status = chosen("Status of the analysis.", Status.choices, source="scan.status")
    purge_at = some_moment("When it will be deleted permanently, if it is in the trash.", source="scan.purge_at")
    progress = share("Progress of the analysis, 0 to 1.", source="scan.progress")
    queue_position = whole("Number of scans ahead of it while it is queued.", source="position", allow_null=True)
    failure = Failure(allow_null=True, help_text="Why the analysis failed, if it did.")
    assessment = Assessment(
        allow_null=True,
        help_text="The models' result; null before the analysis, and while you review the scan blind.",
    )
    review = Review(source="*", help_text="State of the review by people.")
    effective = Effective(help_text="The current result. Most integrations need nothing else.")

    def get_failure(self, context: ScanContext) -> tables.Scan | None:
        return context.scan if context.scan.status == Status.FAILED else None

    def get_assessment(self, context: ScanContext) -> tables.Assessment | None:
        return None if context.withheld else context.newest

    def get_effective(self, context: ScanContext) -> dict[str, Any]:
        return effective.as_json(None if context.withheld else context.settled, self.get_assessment(context))


def scans(rows: Sequence[tables.Scan], person: Any) -> list[dict[str, Any]]:
    """Any number of scans in a constant number of queries."""
    contexts = list(prefetch.load_contexts(rows, person).values())
    heatmaps = {context.newest.pk: context.heatmap for context in contexts if context.newest}
    return list(Scan(contexts, many=True, context={"heatmaps": heatmaps}).data)


def scan(row: tables.Scan, person: Any) -> dict[str, Any]:
    return scans([row], person)[0]
