"""Batches, changes and events."""

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from ...models import Batch, Change, Event
from ...models.scan import MOVING
from ...outcome import blind
from .fields import Resource, chosen, flag, kind_of, maybe, moment, one_id, text, whole
from .scans import Effective


class Refused(Resource):
    """A file of a batch that was rejected."""

    name = text("Name of the file.")
    code = text("Stable code of the reason.")
    said = text("The reason, for people.")


class BatchOf(Resource):
    """Files that were uploaded together. A rejected file does not affect the others."""

    id = one_id("ID of the batch.", source="pk")
    object = kind_of("batch")
    created_at = moment("When it was created.")
    sandbox = flag("Created with a test key.")
    complete = flag("Whether all files have been uploaded.")
    done = flag("Whether all files have been processed.")
    counts = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="Number of files: `total`, `refused`, and for each status and outcome.",
    )
    refused = Refused(many=True, help_text="Files that were rejected, and why.")

    def get_complete(self, batch: Batch) -> bool:
        return batch.sealed_at is not None

    def get_done(self, batch: Batch) -> bool:
        counts = self.get_counts(batch)
        return batch.sealed_at is not None and not any(counts.get(status) for status in MOVING)

    def get_counts(self, batch: Batch) -> dict[str, int]:
        counts: dict[str, int] = self.context["counts"][batch.pk]
        return counts


def batches(rows: Sequence[Batch]) -> list[dict[str, Any]]:
    """Any number of batches in a constant number of queries."""
    return list(BatchOf(rows, many=True, context={"counts": Batch.counts_of(rows)}).data)


class ChangeOf(Resource):
    """One change."""

    id = text("ID; later changes have higher numbers.", source="pk")
    object = kind_of("change")
    type = chosen("Type of the change.", Change.Kind.choices, source="kind")
    created_at = moment("When the change was recorded.", source="at")
    scan = one_id("ID of the scan; null for changes of a batch.", source="scan_id", allow_null=True)
    batch = one_id("ID of the batch; null for changes of a scan.", source="batch_id", allow_null=True)
    external_id = maybe("Your own ID of the scan.")
    version = whole("Version of the scan after the change.")
    effective = Effective(allow_null=True, help_text="The effective outcome after the change.")
    before = Effective(allow_null=True, help_text="The effective outcome before the change, if it was known.")

    def get_external_id(self, change: Change) -> str | None:
        return change.scan.external_id if change.scan else None

    def get_effective(self, change: Change) -> dict[str, Any] | None:
        return change.effective if change.scan_id and self._is_open(change) else None

    def get_before(self, change: Change) -> dict[str, Any] | None:
        return change.before if self._is_open(change) else None

    def _is_open(self, change: Change) -> bool:
        """Whether this person may see outcomes of the scan."""
        return change.scan_id not in self.context["withheld"]


def changes(rows: Sequence[Change], person: Any) -> list[dict[str, Any]]:
    """Any number of changes in a constant number of queries."""
    withheld = blind.withheld([change.scan_id for change in rows if change.scan_id], person)
    return list(ChangeOf(rows, many=True, context={"withheld": withheld}).data)


class ChangePage(Resource):
    """A page of changes, and the cursor for the next request."""

    results = ChangeOf(many=True, help_text="Changes, oldest first; empty if nothing is new.")
    cursor = text("Save it, and send it as `?since=` with the next request.")


class EventOf(Resource):
    """An entry in the history of a scan."""

    id = text("ID of the event.", source="pk")
    object = kind_of("event")
    scan = one_id("ID of the scan.", source="scan_id")
    kind = text("Type of the event.")
    said = text("What happened, for people.")
    by = chosen("Who did it.", ["a person", "the site"])
    at = moment("When it happened.")

    def get_said(self, event: Event) -> str:
        return str(event)

    def get_by(self, event: Event) -> str:
        """Never who it was."""
        return "a person" if event.actor_id else "the site"
