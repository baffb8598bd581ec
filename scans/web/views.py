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
from ..outcome import blind, effective, reverse_search, statement
from ..outcome.result import Result
from ..uploads import intake
from . import files, forms, notification_views
from .access import SignedIn, get_owned_scan, get_visible_scan, looks, seconds_until_next_look


@require_safe
@never_cache
def scan(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    """One address for all of a scan's life: waiting, result, failure, trash, tombstone."""
    if Scan.objects.in_trash().filter(owner=request.user, pk=pk).exists():
        return redirect("scans:trash")
    found = get_visible_scan(request, pk)
    context: dict[str, Any] = {
        "scan": found,
        "poll": seconds_until_next_look(request),
        "looks": looks(request) + 1,
        "is_mine": found.owner_id == request.user.pk,
    }
    if request.htmx:
        if found.is_moving:
            return render(request, "scans/_waiting.html", context)
        return HttpResponse(headers={"HX-Refresh": "true"})
    if blind.is_withheld(found, request.user):
        item = ReviewItem.objects.open().visible_to(request.user).filter(scan=found).first()
        return render(request, "scans/withheld.html", {"scan": found, "item": item})
    if context["is_mine"] and not found.is_moving:
        notification_views.mark_seen(request, scan=found)
    assessment = found.assessments.prefetch_related("findings", "artifacts").first()
    if found.status == Status.ANALYSED and assessment:
        context |= {
            "result": Result(found, assessment),
            "lookalikes": lookalikes.similar(found, blind.tellable_to(request.user)),
            "same_as": assessment.same_as.scan if assessment.same_as else None,
            "earlier": found.assessments.count() - 1,
            "reverse_search": reverse_search.offer(found),
            "feedback_form": forms.Say(),
            "feedback": assessment.feedback.filter(person=request.user).first(),
            "share_form": forms.NewShare(),
            "shares": found.shares.all()[:10] if found.owner_id == request.user.pk else [],
        }
    context["verdict"] = effective.verdict_of(found)
    if decision := context["verdict"].decision:
        context |= {"statement": statement.build(decision), "may_appeal": statement.may_appeal(decision)}
        if context["is_mine"]:
            DecisionNotice.objects.filter(decision__scan=found, seen_at=None).update(seen_at=timezone.now())
    context["waits_for_people"] = context["is_mine"] and found.items.filter(closed_at=None).exists()
    events = found.events if request.user.has_perm("scans.view_scan") else found.events.for_uploaders()
    context["events"] = events.select_related("actor")[:50]
    return render(request, "scans/scan.html", context)


@require_safe
def media(request: SignedIn, pk: uuid.UUID) -> HttpResponseBase:
    found = get_visible_scan(request, pk)
    viewing.note(found, request.user, "media")
    answer: HttpResponseBase = files.send(
        request,
        found.media,
        kind=found.format,
        etag=found.sha256[:32],
        name=found.name,
        download="download" in request.GET,
    )
    return answer


@require_safe
def artifact_file(request: SignedIn, pk: uuid.UUID, artifact: uuid.UUID) -> HttpResponseBase:
    found = get_visible_scan(request, pk)
    one = Artifact.objects.filter(assessment__scan=found, pk=artifact).first()
    if one is None or (one.kind != Artifact.Kind.PREVIEW and blind.is_withheld(found, request.user)):
        raise Http404
    viewing.note(found, request.user, one.kind)
    kind = "png" if str(one.file.name).endswith(".png") else "jpeg"
    answer: HttpResponseBase = files.send(request, one.file, kind=kind, etag=one.pk.hex, name=f"{one.kind}.{kind}")
    return answer


# -- Changing ------------------------------------------------------------------------------------------


@require_POST
def cancel(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    found = get_owned_scan(request, pk)
    try:
        intake.cancel(found, request.user)
        messages.success(request, _("The analysis was cancelled."))
    except WrongState:
        messages.info(request, _("Too late: it was finished already."))
    return redirect(found)


@require_POST
def feedback(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    found = get_owned_scan(request, pk)
    form = forms.Say(request.POST)
    if found.assessment is None or not form.is_valid():
        messages.error(request, _("Please choose what is wrong."))
        return redirect(found)
    said = form.save(commit=False)
    said.assessment, said.person = found.assessment, request.user
    said.save()
    Event.objects.create(scan=found, kind="feedback", actor=request.user, content={"kind": said.kind})
    routing.feedback_given(found, found.assessment)
    messages.success(
        request, _("Thank you. Your feedback does not change the outcome by itself; reviewers will see it.")
    )
    return redirect(found)


@require_POST
def consent(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    """Give or take back the consent to training."""
    found = get_owned_scan(request, pk)
    given = request.POST.get("consents_to_training") == "on"
    Scan.objects.filter(pk=found.pk).update(consents_to_training=given)
    Event.objects.create(scan=found, kind="consent", actor=request.user, content={"training": given})
    messages.success(request, _("Saved."))
    return redirect(found)
