"""Two scans side by side: what is the same of them, and what is not."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ..analysis import lookalikes
from ..models import Scan, Status
from ..outcome import blind, effective
from ..outcome.effective import Verdict
from ..outcome.result import Result
from .access import SignedIn, get_unblinded_scan

OFFERED = 12  # of one's own latest scans, to compare with


@dataclass(frozen=True, slots=True)
class Side:
    scan: Scan
    verdict: Verdict
    result: Result


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    first: str
    second: str

    @property
    def differs(self) -> bool:
        return self.first != self.second


@require_safe
@never_cache
def compare(request: SignedIn) -> HttpResponse:
    first, second = (_chosen(request, name) for name in ("a", "b"))
    if first is None or second is None:
        return render(request, "scans/compare_choose.html", _offer(request, first or second))
    sides = [_side(first), _side(second)]
    context = {
        "sides": sides,
        "rows": _rows(*sides),
        "same_file": first.sha256 == second.sha256,
        "distance": lookalikes.hash_distance(first, second),
    }
    return render(request, "scans/compare.html", context)


def _chosen(request: SignedIn, name: str) -> Scan | None:
    """The scan that the address names: one that this person may see, with its outcome."""
    text = request.GET.get(name, "")
    if not text:
        return None
    try:
        scan = get_unblinded_scan(request, uuid.UUID(text))
    except ValueError:
        raise Http404 from None
    if scan.status != Status.ANALYSED:
        raise Http404
    return scan


def _offer(request: SignedIn, first: Scan | None) -> dict[str, Any]:
    """What it can be compared with: what looks like it, then one's own latest scans."""
    alike = lookalikes.similar(first, blind.tellable_to(request.user)) if first else []
    excluded = [similar.scan.pk for similar in alike] + ([first.pk] if first else [])
    own = Scan.objects.owned_by(request.user).filter(status=Status.ANALYSED).exclude(pk__in=excluded)
    latest = own.listed().order_by("-created_at", "-id")[:OFFERED]
    return {"first": first, "lookalikes": alike, "latest": effective.with_verdicts(latest)}


def _side(scan: Scan) -> Side:
    assessment = scan.assessments.prefetch_related("findings", "artifacts").first()
    if assessment is None:
        raise Http404
    return Side(scan, effective.verdict_of(scan), Result(scan, assessment))


def _rows(first: Side, second: Side) -> list[Row]:
    rows = [Row(_("Faces"), *(str(len(side.result.faces)) for side in (first, second)))]
    models = [{str(row["finding"]): _score(row) for row in side.result.bundles} for side in (first, second)]
    for name in dict.fromkeys([*models[0], *models[1]]):
        rows.append(Row(name, *(each.get(name, _("Not used")) for each in models)))
    facts = [_facts(first), _facts(second)]
    rows += [Row(name, *(each.get(name, "–") for each in facts)) for name in dict.fromkeys([*facts[0], *facts[1]])]
    return rows


def _score(model: dict[str, Any]) -> str:
    if model["score"] is None:
        return str(model["no_score"])
    return " · ".join(str(part) for part in (model["score"].points, model["score"].band_words) if part != "")


def _facts(side: Side) -> dict[str, str]:
    media, scan = side.result.media, side.scan
    facts = {
        _("Type"): f"{scan.get_kind_display()} · {scan.format.upper()}",
        _("Width and height"): f"{media.get('width', '–')} × {media.get('height', '–')}",
        _("Size"): filesizeformat(scan.bytes),
    }
    if side.result.is_video:
        facts[_("Length")] = f"{number_format(side.result.duration, 1)} s"
    facts[_("Uploaded")] = date_format(localtime(scan.created_at), "DATETIME_FORMAT")
    return facts | {str(fact["name"]): str(fact["value"]) for fact in side.result.facts}
