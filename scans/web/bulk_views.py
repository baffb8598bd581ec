"""What is done with several scans at once, and how it is undone."""

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from ..library import cases, exports
from ..models import Case, Scan, Status, Tag
from . import trash_views
from .access import SignedIn
from .library_views import uuids

MOST = 200
SHARED_FOR = 7  # days


@require_POST
def selected(request: SignedIn) -> HttpResponseBase:
    """With those that were ticked: export, tag, add to a case, share, or delete them."""
    chosen = Scan.objects.owned_by(request.user).filter(pk__in=uuids(request.POST.getlist("scan")[:MOST]))
    do = request.POST.get("do", "")
    if do in exports.FORMS:
        return exports.export(request.user, chosen.exclude(status=Status.DELETED), do)
    if do == "trash":
        return trash_views.move(request, chosen)
    present = list(chosen.exclude(status=Status.DELETED))
    if not present:
        messages.info(request, _("No scan was selected."))
    elif do == "tag":
        _tag(request, present)
    elif do == "case":
        return _add_to_case(request, present) or _back(request)
    elif do == "compare":
        return _compare(request, present)
    elif do == "share":
        return _share(request, present)
    else:
        return trash_views.ask(request, chosen)
    return _back(request)


def _tag(request: SignedIn, scans: list[Scan]) -> None:
    name = request.POST.get("tag", "").strip()
    if not name:
        messages.error(request, _("Enter a name for the tag."))
        return
    tag = Tag.named(request.user, name)
    had = set(tag.scans.filter(pk__in=[scan.pk for scan in scans]).values_list("pk", flat=True))
    new = [scan.pk for scan in scans if scan.pk not in had]
    tag.scans.add(*new)
    sentence = ngettext("%(count)d scan tagged “%(tag)s”.", "%(count)d scans tagged “%(tag)s”.", len(new))
    offer_undo(request, sentence % {"count": len(new), "tag": tag}, {"do": "tag", "of": tag.pk, "scans": new})


def _add_to_case(request: SignedIn, scans: list[Scan]) -> HttpResponse | None:
    title = " ".join(request.POST.get("title", "").split())[:120]
    case_ids = uuids([request.POST.get("case", "")])
    case: Case | None
    if title:
        case = Case.objects.create(owner=request.user, title=title)
    else:
        case = Case.objects.filter(owner=request.user, sandbox=False, pk__in=case_ids).first()
    if case is None:
        messages.error(request, _("Choose a case, or enter a title for a new one."))
        return None
    new = cases.add(case, scans, request.user)
    sentence = ngettext("%(count)d scan added to “%(case)s”.", "%(count)d scans added to “%(case)s”.", len(new))
    change = {"do": "case", "of": str(case.pk), "scans": new, "made": bool(title)}
    offer_undo(request, sentence % {"count": len(new), "case": case}, change)
    return redirect(case) if title else None


def _compare(request: SignedIn, scans: list[Scan]) -> HttpResponse:
    if len(scans) != 2:
        messages.info(request, _("Select two scans to compare them."))
        return _back(request)
    first, second = (str(scan.pk) for scan in scans)
    return redirect(f"{reverse('scans:compare')}?{urlencode({'a': first, 'b': second})}")


@transaction.atomic
def _share(request: SignedIn, scans: list[Scan]) -> HttpResponse:
    """One link for all of them: a case of their own, which can be changed and ended like any other."""
    day = date_format(timezone.localtime(), "DATETIME_FORMAT")
    case = Case.objects.create(owner=request.user, title=_("Shared on %s") % day)
    cases.add(case, scans, request.user)
    cases.share(case, request.user, SHARED_FOR)
    sentence = _("The link is ready. It shows the results without pictures and expires in 7 days.")
    offer_undo(request, sentence, {"do": "case", "of": str(case.pk), "scans": [], "made": True})
    return redirect(f"{case.get_absolute_url()}#share")


# -- Undo ----------------------------------------------------------------------------------------------


def offer_undo(request: SignedIn, sentence: str, change: dict[str, Any]) -> None:
    """The last change can be taken back; the form is in base.html, so that the button works wherever it is shown."""
    change["scans"] = [str(pk) for pk in change["scans"]]
    change["key"] = uuid.uuid4().hex
    request.session["undo"] = change
    button = (
        '{} <button class="button small" form="undo" formaction="{}" name="change" value="{}" type="submit">{}</button>'
    )
    messages.success(request, format_html(button, sentence, reverse("scans:undo"), change["key"], _("Undo")))


@require_POST
def undo(request: SignedIn) -> HttpResponse:
    change = request.session.get("undo") or {}
    if not change or request.POST.get("change") != change["key"]:
        messages.info(request, _("This can no longer be undone."))
        return redirect("scans:history")
    del request.session["undo"]
    collection: Any = (
        {"tag": Tag.objects, "case": Case.objects}[change["do"]].filter(owner=request.user, pk=change["of"]).first()
    )
    if collection is None:
        raise Http404
    if change.get("made"):
        cases.delete(collection, request.user)
    else:
        collection.scans.remove(*Scan.objects.owned_by(request.user).filter(pk__in=change["scans"]))
        if change["do"] == "tag" and not collection.scans.exists():
            collection.delete()
    messages.success(request, _("Undone."))
    return redirect("scans:history")


def _back(request: SignedIn) -> HttpResponse:
    """To the view of the library that it was done in."""
    after = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(after, {request.get_host()}, require_https=request.is_secure())
    return redirect(after if safe else "scans:history")
