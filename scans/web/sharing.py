"""What leaves the site: a report, a link for a while, and the public answer to whether a report is ours."""

import datetime as dt
import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ..evidence import report as reports
from ..models import Event, Report, Share
from ..outcome import effective
from ..outcome.result import Result
from ..uploads.intake import Held
from . import files, forms, links
from .access import SignedIn, get_owned_scan, get_unblinded_scan


@require_safe
@never_cache
def report(request: SignedIn, pk: uuid.UUID) -> HttpResponseBase:
    scan = get_unblinded_scan(request, pk)
    if scan.assessment is None or not scan.media:
        raise Http404
    try:
        issued = reports.issue(
            Result(scan, scan.assessment), request.user, lambda code: request.build_absolute_uri(f"/check/?code={code}")
        )
    except reports.Incomplete as error:
        messages.error(request, _("The report can't be created: %(what)s is missing.") % {"what": error})
        return redirect(scan)
    answer: HttpResponseBase = files.send(
        request, issued.file, kind="pdf", etag=issued.sha256[:32], name=f"report-{issued.code}.pdf", download=True
    )
    return answer


@require_POST
def share(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    scan = get_owned_scan(request, pk)
    form = forms.NewShare(request.POST)
    if scan.assessment is None or not form.is_valid():
        raise Http404
    new_share = Share.objects.create(
        scan=scan,
        maker=request.user,
        with_picture=form.cleaned_data["with_picture"],
        expires_at=timezone.now() + dt.timedelta(days=form.cleaned_data["days"]),
    )
    Event.objects.create(scan=scan, kind="shared", actor=request.user, content={"share": new_share.pk})
    messages.success(request, _("The link is ready. Anyone with the link can see this result."))
    return redirect(f"{scan.get_absolute_url()}#share")


@require_POST
def end_share(request: SignedIn, pk: uuid.UUID, share_pk: int) -> HttpResponse:
    scan = get_owned_scan(request, pk)
    if scan.shares.filter(pk=share_pk, revoked_at=None).update(revoked_at=timezone.now()):
        Event.objects.create(scan=scan, kind="share_ended", actor=request.user, content={"share": share_pk})
        messages.success(request, _("The link was revoked."))
    return redirect(f"{scan.get_absolute_url()}#share")


@require_safe
@never_cache
@links.says_when_it_ended
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """The result without names: neither the file's nor anybody's."""
    link = links.open_link(Share, token)
    assessment = link.scan.assessments.prefetch_related("findings", "artifacts").first()
    if assessment is None:
        raise Http404
    context = {
        "share": link,
        "scan": link.scan,
        "result": Result(link.scan, assessment),
        "verdict": effective.verdict_of(link.scan),
    }
    return links.show(request, link, "scans/shared.html", context)


@require_safe
def shared_picture(request: HttpRequest, token: str) -> HttpResponseBase:
    link = links.open_link(Share, token)
    assessment = link.scan.assessments.first()
    preview = Result(link.scan, assessment).preview if assessment and link.with_picture else None
    if preview is None:
        raise Http404
    answer: HttpResponseBase = files.send(request, preview.file, kind="jpeg", etag=preview.pk.hex, name="picture.jpg")
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def check(request: HttpRequest) -> HttpResponse:
    """The standing of a report, by its code or file: registered, superseded, withdrawn or unknown. Nothing else."""
    code, match, has_asked = request.GET.get("code", "").strip().upper(), None, False
    issued = Report.objects.select_related("assessment__scan")
    if request.method == "POST":
        file = request.FILES.get("file")
        has_asked = True
        if isinstance(file, Held):
            match = issued.filter(sha256=file.sha256).first()
    elif code:
        has_asked, match = True, issued.filter(code=code).first()
    standing = match.standing if match else "unknown"
    context = {"asked": has_asked, "standing": standing, "code": code, "made_at": match.made_at if match else None}
    return render(request, "scans/check.html", context)
