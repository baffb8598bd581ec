"""Batches, changes and events."""

from rest_framework import serializers

from ...models import Change
from .fields import Shape, chosen, flag, kind_of, maybe, moment, one_id, text, whole
from .scans import Effective


class Refused(Shape):
    """A file of a batch that was rejected."""

    name = text("Name of the file.")
    code = text("Stable code of the reason.")
    said = text("The reason, for people.")


class BatchOf(Shape):
    """Files that were uploaded together. A rejected file does not affect the others."""

    id = one_id("ID of the batch.")
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


class ChangeOf(Shape):
    """One change."""

    id = text("ID; later changes have higher numbers.")
    object = kind_of("change")
    type = chosen("Type of the change.", Change.Kind.choices)
    created_at = moment("When the change was recorded.")
    scan = one_id("ID of the scan; null for changes of a batch.", allow_null=True)
    batch = one_id("ID of the batch; null for changes of a scan.", allow_null=True)
    external_id = maybe("Your own ID of the scan.")
    version = whole("Version of the scan after the change.")
    effective = Effective(allow_null=True, help_text="The effective outcome after the change.")
    before = Effective(allow_null=True, help_text="The effective outcome before the change, if it was known.")


class ChangePage(Shape):
    """A page of changes, and the cursor for the next request."""

    results = ChangeOf(many=True, help_text="Changes, oldest first; empty if nothing is new.")
    cursor = text("Save it, and send it as `?since=` with the next request.")


class EventOf(Shape):
    """An entry in the history of a scan."""

    id = text("ID of the event.")
    object = kind_of("event")
    scan = one_id("ID of the scan.")
    kind = text("Type of the event.")
    said = text("What happened, for people.")
    by = chosen("Who did it.", ["a person", "the site"])
    at = moment("When it happened.")
