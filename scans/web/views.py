"""The pages about one scan: wait, read, answer."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from ..analysis import lookalikes, routing
from ..evidence import viewing
from ..models import Artifact, DecisionNotice, Event, ReviewItem, Scan, Status, WrongState
from ..outcome import blind, effective, failures, reverse_search, statement
from ..outcome.result import Result
from ..retention import purging
from ..storage.endings import name_by_content
from ..uploads import intake
from . import files, forms, notification_views
from .access import SignedIn, get_owned_scan, get_visible_scan, looks, seconds_until_next_look


@require_safe
@never_cache
def scan(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    """One address for all of a scan's life: waiting, result, failure, trash, tombstone."""
    if Scan.objects.in_trash().filter(owner=request.user, pk=pk).exists():
        return redirect("scans:trash")
    scan = get_visible_scan(request, pk)
    context: dict[str, Any] = {
        "scan": scan,
        "poll": seconds_until_next_look(request),
        "looks": looks(request) + 1,
        "is_mine": scan.owner_id == request.user.pk,
        "failure": failures.sentence(scan),
    }
    if request.htmx:
        if scan.is_moving:
            return render(request, "scans/_waiting.html", context)
        return HttpResponse(headers={"HX-Refresh": "true"})
    if blind.is_withheld(scan, request.user):
        item = ReviewItem.objects.open().visible_to(request.user).filter(scan=scan).first()
        return render(request, "scans/withheld.html", {"scan": scan, "item": item})
    if context["is_mine"] and not scan.is_moving:
        notification_views.mark_seen(request, scan=scan)
    assessment = scan.assessments.prefetch_related("findings", "artifacts").first()
    if scan.status == Status.ANALYSED and assessment:
        context |= {
            "result": Result(scan, assessment),
            "lookalikes": lookalikes.similar(scan, blind.tellable_to(request.user)),
            "same_as": assessment.same_as.scan if assessment.same_as else None,
            "earlier": scan.assessments.count() - 1,
            "reverse_search": reverse_search.offer(scan),
            "delete_after": purging.decision_of(scan).until,
            "feedback_form": forms.Say(),
            "feedback": assessment.feedback.filter(person=request.user).first(),
            "share_form": forms.NewShare(),
            "shares": scan.shares.all()[:10] if scan.owner_id == request.user.pk else [],
        }
    context["verdict"] = effective.verdict_of(scan)
    if decision := context["verdict"].decision:
        context |= {"statement": statement.build(decision), "may_appeal": statement.may_appeal(decision)}
        if context["is_mine"]:
            DecisionNotice.objects.filter(decision__scan=scan, seen_at=None).update(seen_at=timezone.now())
    context["waits_for_people"] = context["is_mine"] and scan.items.filter(closed_at=None).exists()
    events = scan.events if request.user.has_perm("scans.view_scan") else scan.events.for_uploaders()
    context["events"] = events.select_related("actor")[:50]
    return render(request, "scans/scan.html", context)


@require_safe
def media(request: SignedIn, pk: uuid.UUID) -> HttpResponseBase:
    scan = get_visible_scan(request, pk)
    viewing.note(scan, request.user, "media")
    answer: HttpResponseBase = files.send(
        request,
        scan.media,
        kind=scan.format,
        etag=scan.sha256[:32],
        name=name_by_content(scan),
        download="download" in request.GET,
    )
    return answer


@require_safe
def artifact_file(request: SignedIn, pk: uuid.UUID, artifact: uuid.UUID) -> HttpResponseBase:
    scan = get_visible_scan(request, pk)
    row = Artifact.objects.filter(assessment__scan=scan, pk=artifact).first()
    if row is None or (row.kind != Artifact.Kind.PREVIEW and blind.is_withheld(scan, request.user)):
        raise Http404
    viewing.note(scan, request.user, row.kind)
    kind = "png" if str(row.file.name).endswith(".png") else "jpeg"
    answer: HttpResponseBase = files.send(request, row.file, kind=kind, etag=row.pk.hex, name=f"{row.kind}.{kind}")
    return answer


# -- Changing ------------------------------------------------------------------------------------------


@require_POST
def cancel(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    scan = get_owned_scan(request, pk)
    try:
        intake.cancel(scan, request.user)
        messages.success(request, _("The analysis was cancelled."))
    except WrongState:
        messages.info(request, _("The analysis has already finished."))
    return redirect(scan)


@require_POST
def feedback(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    scan = get_owned_scan(request, pk)
    form = forms.Say(request.POST)
    if scan.assessment is None or not form.is_valid():
        messages.error(request, _("Please choose what is wrong."))
        return redirect(scan)
    row = form.save(commit=False)
    row.assessment, row.person = scan.assessment, request.user
    row.save()
    Event.objects.create(scan=scan, kind="feedback", actor=request.user, content={"kind": row.kind})
    routing.feedback_given(scan, scan.assessment)
    messages.success(
        request, _("Thank you. Your feedback does not change the outcome by itself; reviewers will see it.")
    )
    return redirect(scan)


@require_POST
def consent(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    """Give or take back the consent to training."""
    scan = get_owned_scan(request, pk)
    consents = request.POST.get("consents_to_training") == "on"
    Scan.objects.filter(pk=scan.pk).update(consents_to_training=consents)
    Event.objects.create(scan=scan, kind="consent", actor=request.user, content={"training": consents})
    messages.success(request, _("Saved."))
    return redirect(scan)
