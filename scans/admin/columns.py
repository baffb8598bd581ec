"""What the list of items shows of each."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import F
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..models import ReviewItem, Scan
from ..models.queueing import lateness
from ..review.places import place_of


def with_thumbs(items: Iterable[ReviewItem]) -> list[ReviewItem]:
    """The same items, each with its `thumb`. Sought for these alone: sorting thousands would first seek theirs all."""
    rows = list(items)
    scans: Any = Scan.objects.filter(pk__in=[row.scan_id for row in rows]).listed()
    thumbs = dict(scans.values_list("pk", "thumb"))
    for row in rows:
        vars(row)["thumb"] = thumbs.get(row.scan_id)
    return rows


class ItemColumns:
    """Mixed into the admin of items."""

    def get_ordering(self, request: HttpRequest) -> tuple[Any, ...]:
        """As `ItemQuerySet.in_order`."""
        return (lateness().desc(), F("priority").desc(), F("due_at").asc(), "id")

    @admin.display(description=gettext_lazy("picture"))
    def picture(self, item: Any) -> str:
        if not item.thumb:
            return "–"
        where = reverse("scans:artifact", args=[item.scan_id, item.thumb])
        return format_html('<img class="veiled" loading="lazy" src="{}" width="96" height="72" alt="">', where)

    @admin.display(description=gettext_lazy("file"), ordering="scan__name")
    def name(self, item: ReviewItem) -> str:
        return item.scan.name or str(item.scan_id)

    @admin.display(description=gettext_lazy("why it is here"))
    def why(self, item: ReviewItem) -> str:
        """Not of one that is judged blind first: the reason would tell the models' answer."""
        if item.blind:
            return _("Blind first")
        return ", ".join(dict.fromkeys(str(reason) for reason in item.reasons.all()))

    @admin.display(description=gettext_lazy("place in the queue"))
    def place(self, item: ReviewItem) -> str:
        words = capfirst(place_of(item))
        return format_html('<b class="late">{}</b>', words) if item.is_overdue else words

    @admin.display(description=gettext_lazy("waiting for"), ordering="opened_at")
    def waiting(self, item: ReviewItem) -> str:
        return timesince(item.opened_at, depth=1)

    @admin.display(description=gettext_lazy("with"))
    def held_by(self, item: ReviewItem) -> str:
        held = item.holder and item.held_until and item.held_until > timezone.now()
        return str((item.holder if held else item.assigned_to) or "–")
