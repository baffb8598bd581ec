"""The pages by which files come in: one, several, an archive, or a camera's pictures."""

import hashlib
import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from .. import network
from ..models import Batch, Live, Scan
from ..outcome import blind, effective, words
from ..outcome.result import Glimpse
from ..uploads import fetching, idempotency, intake, live
from ..uploads.http_status import http_status
from ..uploads.intake import Refused
from . import forms, limits, notification_views
from .access import SignedIn, looks, seconds_until_next_look, wants_json

FRAMES = range(1, 33)  # pictures of one capture
LONGEST_KEY = 100


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def new(request: SignedIn) -> HttpResponse:
    if request.method != "POST":
        return _upload_page(request, forms.Upload())
    uploads = request.FILES.getlist("files")
    if refusal := getattr(request, "refusal", None):
        return _refused(request, refusal[1])
    form = forms.Upload(request.POST, request.FILES)
    if not form.is_valid():
        return _upload_page(request, form, status=422)
    options: dict[str, Any] = {name: form.cleaned_data[name] for name in ("consents_to_training", "zero_retention")}
    try:
        if address := form.cleaned_data["address"]:
            uploads.append(_fetched(request, address))
        if not uploads:
            return _upload_page(request, form, status=422, refusal=_("Choose a file first."))
        if len(uploads) == 1 and not (uploads[0].name or "").lower().endswith(".zip"):
            return _accepted(
                request, _once(request, uploads[0], lambda: intake.submit(request.user, uploads[0], **options))
            )
        created = _all_once(request, uploads[: intake.IN_A_BATCH], options)
    except Refused as refused:
        return _refused(request, refused)
    if len(uploads) > intake.IN_A_BATCH:
        messages.warning(request, _("Only the first %d files were uploaded.") % intake.IN_A_BATCH)
    if wants_json(request):
        return _opened(created)
    return redirect("scans:batch", created.pk)


def _fetched(request: SignedIn, address: str) -> Any:
    """Fetch the file at this address, if the operator allows it."""
    try:
        return fetching.fetch(address, request.user.pk)
    except network.Blocked as error:
        raise Refused("url_refused", _("Files cannot be fetched from this URL.")) from error
    except network.Unreachable as error:
        raise Refused("url_failed", _("The URL returned no file.")) from error


def _all_once(request: SignedIn, uploads: list[Any], options: dict[str, Any]) -> Batch:
    """Create the batch once. A form that is sent again continues the batch that it has begun."""
    files = [(file.name or "", file) for file in uploads]
    key = request.POST.get("key", "")
    if not key or len(key) > LONGEST_KEY:
        return intake.submit_all(request.user, files, **options)
    digest = hashlib.sha256("".join(file.sha256 for file in uploads).encode()).hexdigest()
    try:
        replay = idempotency.begin(request.user, f"page {key}", digest)
        batch: Batch | None = replay.batch
        if batch is None:
            with transaction.atomic():
                batch = Batch.objects.create(owner=request.user)
                idempotency.keep_batch(replay, batch)
        for _done in intake.submit_each(batch, files, **options):
            idempotency.renew(replay)
        with transaction.atomic():
            intake.seal(batch)
            idempotency.keep(replay, 201, {"batch": str(batch.pk)})
    except idempotency.Answered as answered:
        batch = Batch.objects.get(pk=answered.replay.headers["batch"])
    except idempotency.Mismatch:  # on the same page, other files were chosen
        return intake.submit_all(request.user, files, **options)
    except idempotency.InProgress as error:
        raise Refused("in_progress", _("These files are already being uploaded. Try again in two minutes.")) from error
    return batch


def _once(request: SignedIn, file: Any, take: Callable[[], Scan | Refused]) -> Any:
    """Take the file once. A form that is sent again, with the same key, returns the same scan."""
    key = request.POST.get("key", "")
    if not key or len(key) > LONGEST_KEY:
        return take()
    try:
        replay = idempotency.begin(request.user, f"page {key}", file.sha256)
    except idempotency.Answered as answered:
        return Scan.objects.get(pk=answered.replay.headers["scan"])
    except idempotency.Mismatch:  # on the same page, another file was chosen
        return take()
    except idempotency.InProgress as error:
        raise Refused("in_progress", _("This file is already being uploaded. Try again in two minutes.")) from error
    try:
        with transaction.atomic():
            taken = take()
            if isinstance(taken, Scan):
                idempotency.keep(replay, 201, {"scan": str(taken.pk)})
    except idempotency.InProgress as error:
        raise Refused("in_progress", _("This file is already being uploaded. Try again in two minutes.")) from error
    finally:
        idempotency.forget(replay)  # unless it was kept
    return taken


def _upload_page(request: SignedIn, form: forms.Upload, *, status: int = 200, refusal: str = "") -> HttpResponse:
    context = {"form": form, "refusal": refusal, **limits.upload_limits(request.user)}
    return render(request, "scans/new.html", context, status=status)


def _refused(request: SignedIn, refusal: Refused) -> HttpResponse:
    status = http_status(refusal)
    if wants_json(request):
        answer = {"code": refusal.code, "said": str(refusal), "advice": words.advice(refusal.code)}
        return JsonResponse(answer, status=status)
    return _upload_page(request, forms.Upload(), status=status, refusal=f"{refusal} {words.advice(refusal.code)}")


def _accepted(request: SignedIn, scan: Scan) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"id": str(scan.pk), "url": scan.get_absolute_url()}, status=201)
    return redirect(scan)


@require_POST
def batches(request: SignedIn) -> HttpResponse:
    """Open a batch, for files that come one by one."""
    return _opened(Batch.objects.create(owner=request.user))


def _opened(batch: Batch) -> HttpResponse:
    return JsonResponse({"id": str(batch.pk), "url": batch.get_absolute_url()}, status=201)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def batch(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    batch: Batch | None = Batch.objects.visible_to(request.user).filter(pk=pk).first()
    if batch is None:
        raise Http404
    if request.method == "POST":
        return _add(request, batch)
    rows = Scan.objects.visible_to(request.user).filter(batch=batch).listed().order_by("created_at")
    scans = effective.with_verdicts(rows)
    if batch.owner_id == request.user.pk and not any(scan.is_moving for scan in scans):
        notification_views.mark_seen(request, batch=batch)
    context = {
        "batch": batch,
        "scans": scans,
        "withheld": blind.withheld([scan.pk for scan in scans], request.user),
        "moving": sum(scan.is_moving for scan in scans),
        "done": sum(not scan.is_moving for scan in scans),
        "poll": seconds_until_next_look(request),
        "looks": looks(request) + 1,
    }
    return render(request, "scans/_batch.html" if request.htmx else "scans/batch.html", context)


def _add(request: SignedIn, batch: Batch) -> HttpResponse:
    """Add one file to the person's own batch."""
    if batch.owner_id != request.user.pk:
        raise Http404
    uploads = request.FILES.getlist("files")
    if refusal := getattr(request, "refusal", None):
        intake.note_refusal(batch, *refusal)
        return _refused(request, refusal[1])
    if address := request.POST.get("address", ""):
        try:
            uploads.append(_fetched(request, address))
        except Refused as refusal:
            intake.note_refusal(batch, address, refusal)
            return _refused(request, refusal)
    if len(uploads) != 1:
        return JsonResponse({"code": "one_file", "said": _("Upload one file at a time.")}, status=422)
    options = {name: request.POST.get(name) == "on" for name in ("consents_to_training", "zero_retention")}
    file = uploads[0]
    try:
        taken = _once(request, file, lambda: intake.add(batch, file.name or "", file, **options))
    except Refused as refusal:
        return _refused(request, refusal)
    return _refused(request, taken) if isinstance(taken, Refused) else _accepted(request, taken)


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
        return _refused(request, Refused("frames", _("A recording can have 1 to %d pictures.") % FRAMES[-1]))
    try:
        scan = intake.submit_frames(request.user, frames)
    except Refused as refused:
        return _refused(request, refused)
    return _accepted(request, scan)


# -- A camera that is watched ------------------------------------------------------------------------


@require_POST
def live_begin(request: SignedIn) -> HttpResponse:
    watched = live.begin(request.user)
    return JsonResponse({"url": reverse("scans:live_picture", args=[watched.pk])}, status=201)


@require_POST
def live_picture(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    """Add one picture. The response holds the current estimate as a piece of HTML."""
    watched, pictures = _watched(request, pk), request.FILES.getlist("picture")
    if refusal := getattr(request, "refusal", None):
        return _refused(request, refusal[1])
    if len(pictures) != 1:
        return _refused(request, Refused("frames", _("Send one picture at a time.")))
    try:
        count = live.add(watched, pictures[0])
    except Refused as refused:
        return _refused(request, refused)
    watched.refresh_from_db()
    context = {"result": Glimpse(watched.estimate)}
    html = render_to_string("scans/_estimate.html", context, request)
    return JsonResponse({"pictures": count, "most": live.MOST, "html": html})


@require_POST
def live_keep(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    try:
        return _accepted(request, live.keep(_watched(request, pk)))
    except Refused as refused:
        return _refused(request, refused)


@require_POST
def live_drop(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    _watched(request, pk).forget()
    return HttpResponse(status=204)


def _watched(request: SignedIn, pk: uuid.UUID) -> Live:
    watched: Live | None = Live.objects.filter(owner=request.user, pk=pk).first()
    if watched is None:
        raise Http404
    return watched
