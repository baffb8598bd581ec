"""The landing page, and the examples that it shows: for everybody."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from .. import analysis
from ..analysis.outages import PanelUnreadable
from ..insight.figures import LEAST
from ..insight.measured import measured_sets
from ..outcome import examples


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    try:
        measured = measured_sets(analysis.measured()["figures"])
    except PanelUnreadable:
        measured = []  # the page still says what the site is for
    loaded = examples.load_examples()
    context = {"examples": loaded, "leading": loaded[0] if loaded else None, "measured": measured, "least": LEAST}
    return render(request, "landing.html", context)


@require_safe
def example(request: HttpRequest, slug: str) -> HttpResponse:
    loaded = examples.load_examples()
    chosen = next((item for item in loaded if item.source.slug == slug), None)
    if chosen is None:
        raise Http404
    return render(request, "example.html", {"example": chosen, "examples": loaded})
