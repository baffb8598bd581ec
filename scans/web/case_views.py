"""Cases: several scans of one story on one page, with notes, shared and exported together."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ..library import cases, exports
from ..models import Case, CaseLink
from ..outcome import effective
from ..outcome.result import Result
from . import files, forms, links
from .access import SignedIn
from .library_views import uuids


@require_http_methods(["GET", "HEAD", "POST"])
def overview(request: SignedIn) -> HttpResponse:
    """All of one's own, and a form for another."""
    form = forms.EditCase(request.POST or None)
    if request.method == "POST" and form.is_valid():
        case = form.save(commit=False)
        case.owner = request.user
        case.save()
        return redirect(case)
    own = Case.objects.filter(owner=request.user).with_counts()
    return render(request, "scans/cases.html", {"cases": own, "form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def show(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    case: Case | None = Case.objects.visible_to(request.user).filter(pk=pk).first()
    if case is None:
        raise Http404
    is_own = case.owner_id == request.user.pk
    if request.method == "POST" and not is_own:
        raise Http404
    form = forms.EditCase(request.POST or None, instance=case)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect(case)
    scans, withheld = cases.listed(case, request.user)
    context = {
        "case": Case.objects.get(pk=case.pk) if form.errors else case,
        "is_own": is_own,
        "form": form,
        "scans": scans,
        "withheld": withheld,
        "links": case.links.all()[:10] if is_own else [],
        "share_form": forms.NewCaseLink(),
    }
    return render(request, "scans/case.html", context, status=422 if form.errors else 200)


def _own(request: SignedIn, pk: uuid.UUID) -> Case:
    """One's own only: whoever may look at all cases may not therefore change them."""
    return get_object_or_404(Case, owner=request.user, pk=pk)


@require_POST
def remove(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    """Take scans out of the case; they stay in the library."""
    case = _own(request, pk)
    count = cases.take_out(case, uuids(request.POST.getlist("scan")))
    messages.success(
        request, ngettext("%d scan taken out of the case.", "%d scans taken out of the case.", count) % count
    )
    return redirect(case)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    case = _own(request, pk)
    if request.method != "POST":
        return render(request, "scans/delete_case.html", {"case": case, "count": cases.present(case).count()})
    cases.delete(case, request.user)
    messages.success(request, _("The case was deleted. Its scans are still in your library."))
    return redirect("scans:cases")


@require_safe
def export(request: SignedIn, pk: uuid.UUID, form: str) -> HttpResponseBase:
    case = _own(request, pk)
    if form not in exports.FORMS:
        raise Http404
    return exports.export(request.user, cases.present(case), form, notes=f"{case.title}\n\n{case.notes}".strip())


# -- Sharing -------------------------------------------------------------------------------------------


@require_POST
def share(request: SignedIn, pk: uuid.UUID) -> HttpResponse:
    case = _own(request, pk)
    form = forms.NewCaseLink(request.POST)
    if not form.is_valid():
        raise Http404
    cases.share(case, request.user, **form.cleaned_data)
    messages.success(request, _("The link is ready. Anyone with the link can see the results of this case."))
    return redirect(f"{case.get_absolute_url()}#share")


@require_POST
def end_share(request: SignedIn, pk: uuid.UUID, link_pk: int) -> HttpResponse:
    case = _own(request, pk)
    link = case.links.filter(pk=link_pk).first()
    if link and cases.revoke(link, request.user):
        messages.success(request, _("The link was revoked."))
    return redirect(f"{case.get_absolute_url()}#share")


@require_safe
@never_cache
@links.says_when_it_ended
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """The results without names: neither the files' nor anybody's."""
    link = links.open_link(CaseLink, token)
    scans = effective.with_verdicts(cases.present(link.case).listed())
    return links.show(request, link, "scans/shared_case.html", {"link": link, "case": link.case, "scans": scans})


@require_safe
def shared_picture(request: HttpRequest, token: str, number: int) -> HttpResponseBase:
    """Of the n-th scan: its address tells nothing else."""
    link = links.open_link(CaseLink, token)
    scan = cases.present(link.case)[number - 1 : number].first() if link.with_picture and number else None
    assessment = scan.assessments.first() if scan else None
    preview = Result(scan, assessment).preview if scan and assessment else None
    if preview is None:
        raise Http404
    answer: HttpResponseBase = files.send(request, preview.file, kind="jpeg", etag=preview.pk.hex, name="picture.jpg")
    return answer
