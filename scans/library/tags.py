"""Which tags a scan has."""

from collections.abc import Iterable

from django.db import transaction

from ..models import Scan, Tag


@transaction.atomic
def set_tags(scan: Scan, names: Iterable[str]) -> None:
    """Exactly these. A tag that no scan has any more is deleted."""
    chosen = {Tag.named(scan.owner, name) for name in names}
    dropped = [tag for tag in Tag.objects.filter(scans=scan, owner=scan.owner) if tag not in chosen]
    scan.tags.add(*chosen)
    scan.tags.remove(*dropped)
    Tag.objects.filter(pk__in=[tag.pk for tag in dropped], scans=None).delete()
