"""Who asks, for which scan, in which form, and how soon again."""

import uuid

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails

from accounts.models import User

from ..models import Scan
from ..outcome import blind

POLL = (1, 1, 2, 2, 3, 3, 5)  # seconds between two looks, longer and longer


class SignedIn(HttpRequest):
    """What a view behind the gate gets."""

    user: User
    htmx: HtmxDetails


def get_visible_scan(request: SignedIn, pk: uuid.UUID) -> Scan:
    """Somebody else's scan is as absent as one that never was."""
    scan: Scan | None = Scan.objects.visible_to(request.user).filter(pk=pk).first()
    if scan is None:
        raise Http404
    return scan


def tellable(request: SignedIn, pk: uuid.UUID) -> Scan:
    """A scan whose outcome this person may see: not one that they judge blind first."""
    scan = get_visible_scan(request, pk)
    if blind.is_withheld(scan, request.user):
        raise PermissionDenied(_("Give your own assessment first. The outcome is shown after it."))
    return scan


def get_owned_scan(request: SignedIn, pk: uuid.UUID) -> Scan:
    """One's own only: whoever may look at all scans may not therefore change them here."""
    scan: Scan | None = Scan.objects.owned_by(request.user).filter(pk=pk).first()
    if scan is None:
        raise Http404
    return scan


def get_trashed_scan(request: SignedIn, pk: uuid.UUID) -> Scan:
    scan: Scan | None = Scan.objects.in_trash().filter(owner=request.user, pk=pk).first()
    if scan is None:
        raise Http404
    return scan


def wants_json(request: SignedIn) -> bool:
    return request.accepts("application/json") and not request.accepts("text/html")


def looks(request: SignedIn) -> int:
    said = request.GET.get("looks", "0")
    return int(said) if said.isdecimal() and len(said) < 5 else 0


def seconds_until_next_look(request: SignedIn) -> int:
    return POLL[min(looks(request), len(POLL) - 1)]
