"""What people decided about one's own file, with reasons; and objecting to it."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from ..models import Decision, Scan
from ..outcome import effective
from ..outcome import statement as statements
from ..review import appeals
from .access import SignedIn, get_owned_scan, get_unblinded_scan, wants_json


@require_safe
@never_cache
def statement(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    scan = get_unblinded_scan(request, pk)
    decision = _verdict(scan)
    reasons = statements.build(decision)
    if wants_json(request) or request.GET.get("format") == "json":
        return JsonResponse(reasons.to_dict())
    context = {"scan": scan, "statement": reasons, "may_appeal": statements.may_appeal(decision)}
    return render(request, "scans/statement.html", context)


@require_POST
def appeal(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    scan = get_owned_scan(request, pk)
    try:
        appeals.make(_verdict(scan), request.user, request.POST.get("text", "")[:4000])
        messages.success(
            request, _("Your appeal was sent. A person who was not involved in the decision will answer it.")
        )
    except appeals.NoAppeal:
        messages.error(
            request,
            _("The appeal was not sent. Explain why the decision is wrong. You can appeal once, until the deadline."),
        )
    return redirect(f"{scan.get_absolute_url()}#people")


def _verdict(scan: Scan) -> Decision:
    decision = effective.decision_of(scan)
    if decision is None:
        raise Http404
    return decision
