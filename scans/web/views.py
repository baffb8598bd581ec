"""The pages about scans: hand in, wait, read, keep, delete."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.middleware import HtmxDetails

from accounts.models import User

from .. import intake, lookalikes, tasks
from ..evidence import retention
from ..intake import Refused
from ..models import Artifact, Batch, Event, Scan, Status, WrongState
from ..result import Result
from . import exports, files, forms


class SignedIn(HttpRequest):
    """What a view behind the gate gets."""

    user: User
    htmx: HtmxDetails


PAGE = 24
FRAMES = range(1, 33)  # pictures of one capture
HTTP_OF = {"too_many_bytes": 413, "quota": 413, "unknown_format": 415, "no_space": 507}
POLL = (1, 1, 2, 2, 3, 3, 5)  # seconds between two looks, longer and longer


def own(request: SignedIn, pk: uuid.UUID) -> Scan:
    """Somebody else's scan is as absent as one that never was."""
    scan: Scan | None = Scan.objects.visible_to(request.user).filter(pk=pk).first()
    if scan is None:
        raise Http404
    return scan


def mine(request: SignedIn, pk: uuid.UUID) -> Scan:
    """One's own only: whoever may look at all scans may not therefore change them here."""
    scan: Scan | None = Scan.objects.filter(owner=request.user, pk=pk).first()
    if scan is None:
        raise Http404
    return scan


def wants_json(request: SignedIn) -> bool:
    return request.accepts("application/json") and not request.accepts("text/html")


# -- Handing in ----------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def new(request: SignedIn) -> HttpResponse:
    if request.method != "POST":
        return _upload_page(request, forms.Upload())
    given = request.FILES.getlist("files")
    if refusal := getattr(request, "refusal", None):
        return _refused(request, refusal[1])
    form = forms.Upload(request.POST, request.FILES)
    if not given or not form.is_valid():
        return _upload_page(request, form, status=422)
    options: dict[str, Any] = {"consents_to_training": form.cleaned_data["consents_to_training"]}
    if len(given) == 1 and not (given[0].name or "").lower().endswith(".zip"):
        try:
            scan = intake.submit(request.user, given[0], **options)
        except Refused as refused:
            return _refused(request, refused)
        return _taken(request, scan)
    made = intake.submit_all(request.user, [(file.name or "", file) for file in given[: intake.IN_A_BATCH]], **options)
    if len(given) > intake.IN_A_BATCH:
        messages.warning(request, _("Only the first %d files were taken.") % intake.IN_A_BATCH)
    return redirect("scans:batch", made.pk)


def _upload_page(request: SignedIn, form: forms.Upload, *, status: int = 200, refusal: str = "") -> HttpResponse:
    context = {
        "form": form,
        "refusal": refusal,
        "limit": settings.MAX_UPLOAD_MB,
        "limit_bytes": settings.MAX_UPLOAD_MB * 2**20,
        "in_a_batch": intake.IN_A_BATCH,
        "used": intake.used(request.user),
        "quota": settings.QUOTA_MB * 2**20,
    }
    return render(request, "scans/new.html", context, status=status)


def _refused(request: SignedIn, refusal: Refused) -> HttpResponse:
    status = HTTP_OF.get(refusal.code, 422)
    if wants_json(request):
        return JsonResponse({"code": refusal.code, "said": str(refusal)}, status=status)
    return _upload_page(request, forms.Upload(), status=status, refusal=str(refusal))


def _taken(request: SignedIn, scan: Scan) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"id": str(scan.pk), "url": scan.get_absolute_url()}, status=201)
    return redirect(scan)


@require_POST
def batches(request: SignedIn) -> HttpResponse:
    """Open a batch, for files that come one by one."""
    made = Batch.objects.create(owner=request.user)
    return JsonResponse({"id": str(made.pk), "url": made.get_absolute_url()}, status=201)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def batch(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    found: Batch | None = Batch.objects.visible_to(request.user).filter(pk=pk).first()
    if found is None:
        raise Http404
    if request.method == "POST":
        return _add(request, found)
    scans = list(Scan.objects.visible_to(request.user).filter(batch=found).listed().order_by("created_at"))
    context = {
        "batch": found,
        "scans": scans,
        "moving": sum(scan.is_moving for scan in scans),
        "done": sum(not scan.is_moving for scan in scans),
        "poll": _seconds_until_next_look(request),
        "looks": _looks(request) + 1,
    }
    return render(request, "scans/_batch.html" if request.htmx else "scans/batch.html", context)


def _add(request: SignedIn, found: Batch) -> HttpResponse:
    """One more file for a batch of one's own."""
    if found.owner_id != request.user.pk:
        raise Http404
    given = request.FILES.getlist("files")
    if refusal := getattr(request, "refusal", None):
        intake.note_refusal(found, *refusal)
        return _refused(request, refusal[1])
    if len(given) != 1:
        return JsonResponse({"code": "one_file", "said": _("Send one file at a time.")}, status=422)
    consents = request.POST.get("consents_to_training") == "on"
    taken = intake.add(found, given[0].name or "", given[0], consents_to_training=consents)
    return _refused(request, taken) if isinstance(taken, Refused) else _taken(request, taken)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def camera(request: SignedIn) -> HttpResponse:
    """Some pictures of a camera become one scan: a short film, frame by frame as they were taken."""
    if request.method != "POST":
        return render(request, "scans/camera.html", {"most": FRAMES[-1]})
    if refusal := getattr(request, "refusal", None):
        return _refused(request, refusal[1])
    frames = request.FILES.getlist("frames")
    if len(frames) not in FRAMES:
        return _refused(request, Refused("frames", _("A capture has 1 to %d pictures.") % FRAMES[-1]))
    try:
        scan = intake.submit_frames(request.user, frames)
    except Refused as refused:
        return _refused(request, refused)
    return _taken(request, scan)


# -- Waiting and reading -------------------------------------------------------------------------------


def _looks(request: SignedIn) -> int:
    said = request.GET.get("looks", "0")
    return int(said) if said.isdecimal() and len(said) < 5 else 0


def _seconds_until_next_look(request: SignedIn) -> int:
    return POLL[min(_looks(request), len(POLL) - 1)]


@require_safe
@never_cache
def scan(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    """One address for all of a scan's life: waiting, result, failure, tombstone."""
    found = own(request, pk)
    context: dict[str, Any] = {
        "scan": found,
        "poll": _seconds_until_next_look(request),
        "looks": _looks(request) + 1,
        "is_mine": found.owner_id == request.user.pk,
    }
    looks_again = _stability_runs(found)  # asked before the assessment is read: else one that just came would be missed
    if request.htmx:
        if found.is_moving or looks_again:
            return render(request, "scans/_waiting.html", context)
        return HttpResponse(headers={"HX-Refresh": "true"})
    assessment = found.assessments.prefetch_related("findings", "artifacts").first()
    if found.status == Status.ANALYSED and assessment:
        context |= {
            "result": Result(found, assessment),
            "lookalikes": lookalikes.similar(found, Scan.objects.visible_to(request.user)),
            "same_as": assessment.same_as.scan if assessment.same_as else None,
            "earlier": found.assessments.count() - 1,
            "feedback_form": forms.Say(),
            "feedback": assessment.feedback.filter(person=request.user).first(),
            "share_form": forms.NewShare(),
            "shares": found.shares.all()[:10] if found.owner_id == request.user.pk else [],
            "stability_runs": looks_again,
            "plays": found.kind == "video" and found.format in files.INLINE,
        }
    context["events"] = found.events.select_related("actor")[:50]
    return render(request, "scans/scan.html", context)


def _stability_runs(scan: Scan) -> bool:
    """Asked for, and nothing came of it yet."""
    last: Event | None = scan.events.filter(kind__in=("stability_asked", "reassessed")).last()
    return last is not None and last.kind == "stability_asked"


@require_safe
def media(request: SignedIn, pk: uuid.UUID) -> HttpResponseBase:
    found = own(request, pk)
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
def drawn(request: SignedIn, pk: uuid.UUID, artifact: uuid.UUID) -> HttpResponseBase:
    found = own(request, pk)
    one = Artifact.objects.filter(assessment__scan=found, pk=artifact).first()
    if one is None:
        raise Http404
    kind = "png" if str(one.file.name).endswith(".png") else "jpeg"
    answer: HttpResponseBase = files.send(request, one.file, kind=kind, etag=one.pk.hex, name=f"{one.kind}.{kind}")
    return answer


# -- Changing ------------------------------------------------------------------------------------------


@require_POST
def cancel(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    found = mine(request, pk)
    try:
        intake.cancel(found, request.user)
        messages.success(request, _("Taken back before it was judged."))
    except WrongState:
        messages.info(request, _("Too late: it was finished already."))
    return redirect(found)


@require_POST
def delete(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    found = mine(request, pk)
    try:
        retention.delete(found, request.user)
    except WrongState:
        messages.error(request, _("It can't be deleted while it is being analysed. Cancel it first."))
        return redirect(found)
    messages.success(request, _("Deleted: the file, its pictures and its name are gone."))
    return redirect("scans:history")


@require_POST
def selected(request: SignedIn) -> HttpResponseBase:
    """Delete or export those that were ticked."""
    wanted = [pk for said in request.POST.getlist("scan")[:200] if (pk := _uuid(said))]
    chosen = Scan.objects.filter(owner=request.user, pk__in=wanted)
    if request.POST.get("do") in ("csv", "json"):
        return exports.answer(chosen.listed(), request.POST["do"])
    gone = left = 0
    for one in chosen.exclude(status=Status.DELETED):
        try:
            retention.delete(one, request.user)
            gone += 1
        except WrongState:
            left += 1
    if gone:
        messages.success(request, ngettext("%d scan deleted.", "%d scans deleted.", gone) % gone)
    if left:
        messages.error(request, _("Some are still being analysed and were left: cancel them first."))
    if not gone and not left:
        messages.info(request, _("Nothing was ticked."))
    return redirect("scans:history")


def _uuid(said: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(said)
    except ValueError:
        return None


@require_POST
def feedback(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    found = mine(request, pk)
    form = forms.Say(request.POST)
    if found.assessment is None or not form.is_valid():
        messages.error(request, _("Say what is wrong, please."))
        return redirect(found)
    said = form.save(commit=False)
    said.assessment, said.person = found.assessment, request.user
    said.save()
    Event.objects.create(scan=found, kind="feedback", actor=request.user, content={"kind": said.kind})
    messages.success(request, _("Noted. It changes no outcome by itself; people who review will see it."))
    return redirect(found)


@require_POST
def stability(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    """Would the answer survive a re-save? Looked at by a worker, once at a time."""
    found = mine(request, pk)
    if found.status == Status.ANALYSED and not _stability_runs(found):
        Event.objects.create(scan=found, kind="stability_asked", actor=request.user)
        tasks.send_for_stability(found)
    return redirect(f"{found.get_absolute_url()}#stability")


@require_POST
def consent(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    """Give or take back the consent to training."""
    found = mine(request, pk)
    given = request.POST.get("consents_to_training") == "on"
    Scan.objects.filter(pk=found.pk).update(consents_to_training=given)
    Event.objects.create(scan=found, kind="consent", actor=request.user, content={"training": given})
    messages.success(request, _("Saved."))
    return redirect(found)


# -- Keeping -------------------------------------------------------------------------------------------


@require_safe
def history(request: SignedIn) -> HttpResponse:
    form = forms.Filter(request.GET)
    scans = _filtered(request, form)
    pages = Paginator(scans, PAGE)
    page = pages.get_page(request.GET.get("page"))
    kept = request.GET.copy()
    kept.pop("page", None)
    context = {"form": form, "page": page, "query": kept.urlencode(), "pages": pages}
    return render(request, "scans/history.html", context)


def _filtered(request: SignedIn, form: forms.Filter) -> Any:
    """One's own, whoever one is: the desk is for other people's."""
    mine_ = Scan.objects.filter(owner=request.user).exclude(status=Status.DELETED).listed()
    return form.apply(mine_).order_by("-created_at", "-id")


@require_safe
def export(request: SignedIn, form: str) -> HttpResponseBase:
    if form not in ("csv", "json"):
        raise Http404
    return exports.answer(_filtered(request, forms.Filter(request.GET)), form)
