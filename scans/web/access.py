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
    """The scan, if this person may see it. Other people's scans are a 404, like scans that don't exist."""
    scan: Scan | None = Scan.objects.visible_to(request.user).filter(pk=pk).first()
    if scan is None:
        raise Http404
    return scan


def get_unblinded_scan(request: SignedIn, pk: uuid.UUID) -> Scan:
    """The scan, if this person may see its outcome. Refused while they must judge it blind."""
    scan = get_visible_scan(request, pk)
    if blind.is_withheld(scan, request.user):
        raise PermissionDenied(_("Give your own assessment first. The outcome is shown after it."))
    return scan


def get_owned_scan(request: SignedIn, pk: uuid.UUID) -> Scan:
    """The scan, if this person owns it. Reviewers may see other scans, but not change them here."""
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
    text = request.GET.get("looks", "0")
    return int(text) if text.isdecimal() and len(text) < 5 else 0


def seconds_until_next_look(request: SignedIn) -> int:
    return POLL[min(looks(request), len(POLL) - 1)]
