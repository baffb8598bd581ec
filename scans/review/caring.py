"""Looking at hard things costs something: it is counted for oneself, and after a while the desk asks for a pause."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ..models import DeskSettings, Event, Exposure, Harm, HarmTag, Rest, Scan

FRESH = dt.timedelta(hours=4)  # looks that long ago tire nobody any more


def reveal(scan: Scan, person: Any) -> None:
    """Somebody chose to see a file as it is."""
    with transaction.atomic():
        Exposure.objects.create(scan=scan, person=person, at=timezone.now())
        Event.objects.create(scan=scan, kind="unveiled", actor=person)


def looks_since_rest(person: Any) -> int:
    """Different files seen clearly since the last pause."""
    since = timezone.now() - FRESH
    rest = Rest.objects.filter(person=person.pk).first()
    if rest:
        since = max(since, rest.at)
    seen: int = Exposure.objects.filter(person=person.pk, at__gt=since).values("scan").distinct().count()
    return seen


def limit_of(person: Any) -> int:
    """One's own, where it is lower than the site's."""
    own = DeskSettings.for_person(person).rest_after
    site: int = settings.REST_AFTER
    return min(own, site) if own else site


def rest(person: Any) -> dt.datetime | None:
    """Until when this person has a pause; begins one when enough was seen."""
    now = timezone.now()
    running = Rest.objects.filter(person=person.pk, until__gt=now).first()
    if running:
        return running.until
    if looks_since_rest(person) < limit_of(person):
        return None
    until = now + dt.timedelta(minutes=settings.REST_MINUTES)
    return Rest.objects.create(person_id=person.pk, at=now, until=until).until


@transaction.atomic
def tag(scan: Scan, person: Any, harm: Harm) -> None:
    _tag, is_new = HarmTag.objects.get_or_create(scan=scan, harm=harm, defaults={"person": person})
    if is_new:
        Event.objects.create(scan=scan, kind="tagged", actor=person, content={"harm": harm})


@transaction.atomic
def untag(scan: Scan, person: Any, harm: Harm) -> None:
    HarmTag.objects.filter(scan=scan, harm=harm).delete()
    Event.objects.create(scan=scan, kind="tagged", actor=person, content={"harm": harm, "taken_off": True})
