"""Batches, and what happens over time."""

from rest_framework import serializers

from ...models import Change
from .fields import Shape, chosen, flag, kind_of, maybe, moment, one_id, text, whole
from .scans import Effective


class Refused(Shape):
    """A file of a batch that was not taken."""

    name = text("Its name.")
    code = text("Why.")
    said = text("Why, for people.")


class BatchOf(Shape):
    """Files that came together. One that is refused spoils nothing."""

    id = one_id("Its id.")
    object = kind_of("batch")
    created_at = moment("When it came.")
    sandbox = flag("Sent with a test key.")
    complete = flag("Whether all files are in.")
    done = flag("Whether all of them are through.")
    counts = serializers.DictField(
        child=serializers.IntegerField(), help_text="`total`, `refused`, and how many are at each status and outcome."
    )
    refused = Refused(many=True, help_text="What was not taken, and why.")


class ChangeOf(Shape):
    """One thing that has changed."""

    id = text("Higher numbers came later.")
    object = kind_of("change")
    type = chosen("What happened.", Change.Kind.choices)
    created_at = moment("When it was told.")
    scan = one_id("The scan; null where it is about a batch.", allow_null=True)
    batch = one_id("The batch; null where it is about a scan.", allow_null=True)
    external_id = maybe("Your own id.")
    version = whole("The scan's version then.")
    effective = Effective(allow_null=True, help_text="What counted from then on.")
    before = Effective(allow_null=True, help_text="What counted before, as far as it was told.")


class ChangePage(Shape):
    """Some of what has changed, and where to go on."""

    results = ChangeOf(many=True, help_text="Oldest first; empty where nothing is new.")
    cursor = text("For `?since=` of the next request. Keep it.")


class EventOf(Shape):
    """One thing that happened to a scan."""

    id = text("Its number.")
    object = kind_of("event")
    scan = one_id("The scan.")
    kind = text("What happened.")
    said = text("For people.")
    by = chosen("Who did it.", ["a person", "the site"])
    at = moment("When.")
