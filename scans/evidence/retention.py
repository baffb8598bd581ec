"""What is exported to a person, and erased with them; hashes, scores and history stay."""

from collections.abc import Iterator
from typing import Any

from django.utils import timezone

from accounts.personal import Content, Holder

from ..models import (
    Appeal,
    Batch,
    Case,
    Decision,
    DeskSettings,
    Endpoint,
    Feedback,
    Live,
    MailPreferences,
    Notification,
    Reason,
    Resumable,
    ReviewReason,
    SavedFilter,
    SavedSearch,
    Scan,
    Status,
    Tag,
    WrongState,
)
from ..retention import engine, facts
from ..retention.deletion import delete
from ..retention.engine import Reason as WhyDeleted
from ..storage.endings import name_by_content


def _export(user: Any) -> Iterator[tuple[str, Content]]:
    if own := DeskSettings.objects.filter(person=user).values("blur", "grey", "avoids", "rest_after", "away").first():
        filters = list(SavedFilter.objects.filter(person=user).values("name", "query", "shared"))
        yield "desk.json", {"settings": own, "saved_filters": filters}
    if hooks := list(Endpoint.objects.filter(owner=user).values("url", "description", "kinds", "created_at")):
        yield "webhooks.json", {"webhooks": hooks}
    if rows := list(Notification.objects.filter(recipient=user).values("kind", "scan", "batch", "at", "read_at")):
        wanted = MailPreferences.objects.filter(person=user).values("results", "decisions", "assignments").first()
        yield "notifications.json", {"notifications": rows, "by_mail": wanted}
    yield from _export_library(user)
    for scan in Scan.objects.filter(owner=user).prefetch_related("assessments", "events").iterator(100):
        folder = f"scans/{scan.pk}"
        yield (
            f"{folder}/scan.json",
            {
                "name": scan.name,
                "sha256": scan.sha256,
                "bytes": scan.bytes,
                "status": scan.status,
                "uploaded": scan.created_at,
                "in_the_trash_until": scan.purge_at,
                "may_be_used_for_training": scan.consents_to_training,
                "assessments": [
                    {
                        "at": one.at,
                        "outcome": one.outcome,
                        "score": one.score,
                        "reasons": one.reasons,
                        "panel": one.panel,
                    }
                    for one in scan.assessments.all()
                ],
                "feedback": [
                    {"at": said.at, "kind": said.kind, "text": said.text}
                    for said in Feedback.objects.filter(assessment__scan=scan, person=user)
                ],
                "decisions": [
                    {"at": said.at, "label": said.label, "action": said.action, "note": said.public_note}
                    for said in Decision.objects.settled().filter(scan=scan)
                ],
                "appeals": [
                    {"at": said.at, "text": said.text, "answer": said.answer}
                    for said in Appeal.objects.filter(decision__scan=scan, person=user)
                ],
                "shared_links": [
                    {"made": link.created_at, "ends": link.expires_at, "ended": link.revoked_at, "views": link.views}
                    for link in scan.shares.filter(maker=user)
                ],
                "events": [{"at": event.at, "kind": event.kind} for event in scan.events.for_uploaders()],
            },
        )
        if scan.media:
            with scan.media.open("rb") as file:
                yield f"{folder}/{name_by_content(scan)}", file.chunks()


def _export_library(user: Any) -> Iterator[tuple[str, Content]]:
    """Tags, cases and saved searches: how somebody keeps order among their scans."""
    tags = {tag.name: [scan.pk for scan in tag.scans.all()] for tag in user.tags.prefetch_related("scans")}
    cases = [
        {
            "title": case.title,
            "notes": case.notes,
            "made": case.created_at,
            "scans": [scan.pk for scan in case.scans.all()],
            "shared_links": [
                {"made": link.created_at, "ends": link.expires_at, "ended": link.revoked_at, "views": link.views}
                for link in case.links.all()
            ],
        }
        for case in user.cases.prefetch_related("scans", "links")
    ]
    searches = list(user.saved_searches.values("name", "query"))
    if tags or cases or searches:
        yield "library.json", {"tags": tags, "cases": cases, "saved_searches": searches}


def _erase(user: Any) -> list[str]:
    """Whatever still waits is taken back first; what is just being looked at, too."""
    for upload in Resumable.objects.filter(owner=user):
        upload.forget()
    for live in Live.objects.filter(owner=user):
        live.forget()
    Endpoint.objects.filter(owner=user).delete()
    DeskSettings.objects.filter(person=user).delete()
    Notification.objects.filter(recipient=user).delete()
    MailPreferences.objects.filter(person=user).delete()
    SavedFilter.objects.filter(person=user).delete()
    for kind in (Case, Tag, SavedSearch):
        kind.objects.filter(owner=user).delete()
    Batch.objects.filter(owner=user).update(refused=[])
    Feedback.objects.filter(person=user).update(text="")
    Appeal.objects.filter(person=user).update(text="")
    ReviewReason.objects.filter(item__scan__owner=user, reason=Reason.APPEAL).update(detail="")
    for scan in Scan.objects.filter(owner=user).exclude(status=Status.DELETED):
        try:
            if scan.status in (Status.QUEUED, Status.ANALYSING):
                scan.move(Status.CANCELLED, user)
            delete(scan, user, why=WhyDeleted.ERASURE)
        except WrongState:
            scan.refresh_from_db()
            delete(scan, user, why=WhyDeleted.ERASURE)
    if Scan.objects.filter(owner=user).exists():
        return ["Of every scan its hash, scores and history, without the file and its name."]
    return []


def _holds(user: Any) -> list[str]:
    now = timezone.now()
    kept = facts.gather(Scan.objects.filter(owner=user).exclude(status=Status.DELETED)).values()
    decisions = [engine.decide(of_scan.wished(WhyDeleted.ERASURE, now), now) for of_scan in kept]
    held = sum(decision.keep for decision in decisions)
    return [f"Legal holds on {held} of your files."] if held else []


holder = Holder(export=_export, holds=_holds, erase=_erase)
