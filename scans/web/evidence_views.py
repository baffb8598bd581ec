"""The evidence bundle of a scan, and the public keys by which anybody verifies it."""

import contextlib
import tempfile
import uuid

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ..evidence import anchoring, bundle, signing
from ..evidence import report as reports
from ..models import Anchor, Event, Report, Scan, SigningKey
from ..outcome.result import Result
from .access import SignedIn, get_unblinded_scan

SHOWN = 30


@require_safe
@never_cache
def evidence(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    """What a bundle holds, and its two variants."""
    return render(request, "scans/evidence.html", {"scan": _with_evidence(request, pk)})


@require_safe
@never_cache
def evidence_file(request: SignedIn, pk: uuid.UUID) -> HttpResponseBase:
    scan = _with_evidence(request, pk)
    redacted = "redacted" in request.GET
    report = None if redacted else _report(request, scan)
    content = {"what": "evidence bundle", "redacted": redacted}
    with contextlib.ExitStack() as until_handed_over:
        file = until_handed_over.enter_context(tempfile.TemporaryFile())
        bundle.write(
            scan, file, staff=request.user.has_perm("scans.view_scan"), redacted=redacted, report=report,
            keys_page=request.build_absolute_uri(reverse("scans:signing_keys")),
        )  # fmt: skip
        Event.objects.create(scan=scan, kind="exported", actor=request.user, content=content)
        file.seek(0)
        until_handed_over.pop_all()  # from here on the response closes it
    name = f"evidence-{scan.sha256[:12]}{'-redacted' if redacted else ''}.zip"
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")


def _with_evidence(request: SignedIn, pk: uuid.UUID) -> Scan:
    scan = get_unblinded_scan(request, pk)
    if scan.assessment is None:
        raise Http404
    return scan


def _report(request: SignedIn, scan: Scan) -> Report | None:
    """The one that stands, issued if there is none; a bundle is whole without it."""
    if not scan.media or scan.assessment is None:
        return None
    with contextlib.suppress(reports.Incomplete):
        result = Result(scan, scan.assessment)
        return reports.issue(
            result, request.user, lambda code: request.build_absolute_uri(f"{reverse('scans:check')}?code={code}")
        )
    return None


@require_safe
def signing_keys(request: HttpRequest) -> HttpResponse:
    """For people: every key that signs or has signed, and the newest anchors."""
    signing.key_in_use()
    context = {"keys": SigningKey.objects.all(), "anchors": Anchor.objects.all()[:SHOWN]}
    return render(request, "scans/signing_keys.html", context)


@require_safe
def signing_keys_json(request: HttpRequest) -> JsonResponse:
    """The same for programs."""
    signing.key_in_use()
    keys = SigningKey.objects.values("id", "public", "first_used_at", "last_used_at")
    anchors = [anchoring.published_form(anchor) for anchor in Anchor.objects.all()[:SHOWN]]
    return JsonResponse({"site": settings.SITE_URL, "algorithm": "Ed25519", "keys": list(keys), "anchors": anchors})


@require_safe
def verifier(request: HttpRequest) -> HttpResponse:
    """The script that verifies a bundle, from the site itself."""
    headers = {"Content-Disposition": 'attachment; filename="verify_bundle.py"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(bundle.VERIFIER.read_bytes(), content_type="text/x-python; charset=utf-8", headers=headers)
