"""What a person is told on the site: the list, its read marks, and what goes out by mail as well."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from ..models import Batch, MailPreferences, Notification, Scan, Status
from ..outcome import effective
from .access import SignedIn

A_PAGE = 30


class MailForm(forms.ModelForm):
    class Meta:
        model = MailPreferences
        fields = ("results", "decisions", "assignments")


@require_safe
@never_cache
def notifications(request: SignedIn) -> HttpResponse:
    own = Notification.objects.filter(recipient=request.user)
    only_unread = "unread" in request.GET
    rows = (own.unread() if only_unread else own).select_related("scan", "batch", "item")
    page = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    _with_verdicts(page.object_list, request)
    context = {
        "page": page,
        "only_unread": only_unread,
        "unread": own.unread().count(),
        "form": _mail_form(request),
    }
    return render(request, "scans/notifications.html", context)


def _with_verdicts(rows: Any, request: SignedIn) -> None:
    """Add the verdict to rows about the person's own files. Moderators may have to judge other files blind."""
    own = [row.scan for row in rows if row.scan and row.scan.owner_id == request.user.pk]
    verdicts = effective.verdicts(own)
    for row in rows:
        row.verdict = verdicts.get(row.scan_id)
        row.is_gone = bool(row.scan and row.scan.status == Status.DELETED)


@require_safe
@never_cache
def open_notification(request: SignedIn, pk: int) -> HttpResponse:
    """Marks it as read and leads to what it is about."""
    row = get_object_or_404(Notification.objects.filter(recipient=request.user), pk=pk)
    Notification.objects.filter(pk=row.pk).mark_read()
    return redirect(row.get_absolute_url())


@require_POST
def mark_all_read(request: SignedIn) -> HttpResponse:
    Notification.objects.filter(recipient=request.user).mark_read()
    messages.success(request, _("All notifications are marked as read."))
    return redirect("scans:notifications")


@require_POST
def mail_preferences(request: SignedIn) -> HttpResponse:
    form = _mail_form(request)
    if form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
    return redirect("scans:notifications")


def _mail_form(request: SignedIn) -> MailForm:
    row = MailPreferences.objects.filter(pk=request.user.pk).first() or MailPreferences(person=request.user)
    form = MailForm(request.POST if request.method == "POST" else None, instance=row)
    if not request.user.is_staff:
        del form.fields["assignments"]
    return form


def mark_seen(request: SignedIn, **subject: Scan | Batch) -> None:
    """Mark the notifications about this scan or batch as read."""
    Notification.objects.filter(recipient=request.user, **subject).mark_read()
