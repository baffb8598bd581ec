"""The trash: what is deleted on these pages can be restored for some days."""

import datetime as dt
import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ..models import Scan, Status, WrongState
from ..retention import deletion
from .access import SignedIn, get_owned_scan, get_trashed_scan

PAGE = 24


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def delete(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    """One scan: first the question, then the trash."""
    chosen = Scan.objects.filter(pk=get_owned_scan(request, pk).pk)
    return move(request, chosen) if request.method == "POST" else ask(request, chosen)


def ask(request: SignedIn, chosen: Any) -> HttpResponse:
    """Which of the chosen scans would go, which can't, and when the others would be gone for good."""
    scans = list(chosen.exclude(status=Status.DELETED).order_by("-created_at"))
    if not scans:
        messages.info(request, _("No scan was selected."))
        return redirect("scans:history")
    going = set(chosen.deletable().values_list("pk", flat=True))
    context = {
        "going": [scan for scan in scans if scan.pk in going],
        "staying": [scan for scan in scans if scan.pk not in going],
        "purge_at": timezone.now() + dt.timedelta(days=settings.TRASH_DAYS),
    }
    return render(request, "scans/delete.html", context)


def move(request: SignedIn, chosen: Any) -> HttpResponse:
    trashed_at, moved = deletion.move_to_trash(chosen, request.user)
    left = chosen.kept().exclude(status=Status.DELETED).count()
    if moved:
        sentence = ngettext("%d scan moved to the trash.", "%d scans moved to the trash.", moved) % moved
        # The form is in base.html, so that the button works wherever the message is shown.
        undo = '{} <button class="button small" form="undo" name="trashed_at" value="{}" type="submit">{}</button>'
        messages.success(request, format_html(undo, sentence, trashed_at.isoformat(), _("Undo")))
    if left:
        messages.error(request, _("Some scans were not deleted: they are being analysed, or an appeal is open."))
    return redirect("scans:history")


@require_POST
def undo(request: SignedIn) -> HttpResponse:
    """Restore what was moved to the trash in one go."""
    try:
        trashed_at = parse_datetime(request.POST.get("trashed_at", ""))
    except ValueError:
        trashed_at = None
    restored = 0
    if trashed_at and timezone.is_aware(trashed_at):
        together = Scan.objects.in_trash().filter(owner=request.user, trashed_at=trashed_at)
        restored = deletion.restore(together, request.user)
    if restored:
        messages.success(request, ngettext("%d scan restored.", "%d scans restored.", restored) % restored)
    else:
        messages.info(request, _("Nothing to restore."))
    return redirect("scans:history")


@require_safe
@never_cache
def trash(request: SignedIn) -> HttpResponse:
    scans = Scan.objects.in_trash().filter(owner=request.user).order_by("-trashed_at", "-id")
    pages = Paginator(scans, PAGE)
    context = {"pages": pages, "page": pages.get_page(request.GET.get("page")), "days": settings.TRASH_DAYS}
    return render(request, "scans/trash.html", context)


@require_POST
def restore(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    scan = get_trashed_scan(request, pk)
    deletion.restore(Scan.objects.filter(pk=scan.pk), request.user)
    messages.success(request, _("Restored."))
    return redirect(scan)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def purge(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    """Delete for good before its time in the trash is over; asks first."""
    scan = get_trashed_scan(request, pk)
    if request.method != "POST":
        return render(request, "scans/delete.html", {"going": [scan], "for_good": True})
    if deletion.is_held(scan):
        messages.error(request, _("This scan can't be deleted: an appeal is open, or it is under a legal hold."))
        return redirect("scans:trash")
    try:
        deletion.delete(scan, request.user)
        messages.success(request, _("The file, its pictures and its name were deleted permanently."))
    except WrongState:
        messages.info(request, _("This scan has already been deleted."))
    return redirect("scans:trash")
