"""Pages for everybody: help, privacy, contact, status. The landing page is among those of scans."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from scans.models import Outcome
from scans.models.notification import KEPT_DAYS
from scans.outcome import words

from . import glossary, health, overview

HELP = {
    "": _("Getting started"),
    "outcomes": _("What the outcomes mean"),
    "glossary": _("Glossary"),
    "questions": _("Questions and answers"),
}
ORDER = (
    Outcome.LIKELY_MANIPULATED,
    Outcome.INCONCLUSIVE,
    Outcome.LITTLE_EVIDENCE,
    Outcome.NOT_APPLICABLE,
    Outcome.UNABLE_TO_EVALUATE,
)
# The parts that a visitor notices, in their words; what stands behind each is for /readyz and the admins.
NOTICED = {
    "upload": (_("Upload and sign in"), ("database", "cache", "disk")),
    "analysis": (_("Analysis"), ("broker", "analysis_worker", "bundles", "queue")),
    "mail": (_("Mail"), ("post_worker",)),
    "webhooks": (_("Webhooks"), ("webhooks_worker",)),
}


@require_safe
def help_page(request: HttpRequest, topic: str = "") -> HttpResponse:
    if topic not in HELP:
        raise Http404
    outcomes = [(outcome, words.meaning_of(outcome)) for outcome in ORDER]
    context = {
        "topics": HELP,
        "topic": topic,
        "topic_title": HELP[topic],
        "outcomes": outcomes,
        "glossary": glossary.entries() if topic == "glossary" else [],
        "max_upload_mb": settings.MAX_UPLOAD_MB,
        "appeal_days": settings.APPEAL_DAYS,
        "trash_days": settings.TRASH_DAYS,
    }
    return render(request, f"help/{topic or 'start'}.html", context)


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    context = {
        "topics": HELP,
        "trash_days": settings.TRASH_DAYS,
        "retention_days": min(settings.RETENTION_DAYS.values(), default=None),
        "notification_days": KEPT_DAYS,
        "erasure_days": settings.ERASURE_GRACE_DAYS,
        "appeal_days": settings.APPEAL_DAYS,
        "quota_mb": settings.QUOTA_MB,
        "elsewhere": bool(settings.S3_BUCKET),
    }
    return render(request, "help/privacy.html", context)


@require_safe
def contact(request: HttpRequest) -> HttpResponse:
    if not (settings.CONTACT_EMAIL or settings.CONTACT_URL):
        raise Http404
    context = {"topics": HELP, "email": settings.CONTACT_EMAIL, "url": settings.CONTACT_URL}
    return render(request, "help/contact.html", context)


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """What works just now, in plain words: /readyz is for machines."""
    states = overview.part_states()
    parts = [(name, _worst(states, part_names)) for name, part_names in NOTICED.values()]
    return render(request, "status.html", {"topics": HELP, "parts": parts, "worst": _worst(states, tuple(states))})


def _worst(states: dict[str, str], part_names: tuple[str, ...]) -> str:
    states_of_parts = [states.get(part, health.OK) for part in part_names]
    return next((state for state in (health.DOWN, health.DEGRADED) if state in states_of_parts), health.OK)
