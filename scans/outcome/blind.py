"""Blind review: whether a person may see yet what models and other people say of a scan.

The one gate for all that tells it: pages, pictures that were drawn, reports, the API, lists and their filters. Until
a reviewer has said what they see themselves, an open blind item keeps the outcome from them.
"""

import uuid
from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, OuterRef

from ..models import FirstAnswer, ReviewItem, Scan


def withheld_from(person: Any) -> Any:
    """Ids of the scans whose outcome this person may not see yet. Who only looks, like an auditor, judges nothing."""
    if not person.has_perm("scans.review"):
        return ReviewItem.objects.none().values("scan")
    items = ReviewItem.objects.open().filter(blind=True).exclude(scan__owner=person)
    answered = FirstAnswer.objects.filter(item=OuterRef("pk"), person=person)
    return items.exclude(Exists(answered)).order_by().values("scan")


def tellable_to(person: Any) -> Any:
    """The scans that this person may see, with their outcomes."""
    return Scan.objects.visible_to(person).exclude(pk__in=withheld_from(person))


def withheld(scans: Iterable[uuid.UUID], person: Any) -> set[uuid.UUID]:
    return set(withheld_from(person).filter(scan__in=scans).values_list("scan", flat=True))


def is_withheld(scan: Scan, person: Any) -> bool:
    return scan.owner_id != person.pk and bool(withheld_from(person).filter(scan=scan).exists())
