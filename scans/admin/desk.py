"""The queue and the page on which items are reviewed."""

import datetime as dt
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.lists import Large

from ..analysis import lookalikes, routing
from ..models import Decision, DeskSettings, Exposure, Harm, Label, Policy, ReviewItem, SecondLook, Skip
from ..outcome import blind, effective
from ..outcome.result import Result
from ..review import appeals, decisions, queue
from ..review.places import place_of
from ..review.uploader import messages_of
from . import forms, verbs
from .bulk import BulkActions
from .columns import ItemColumns, with_thumbs
from .filters import Due, Whose
from .insight import InsightViews
from .personal import PersonalViews
from .verbs import AtTheDesk

UNVEILED = 15 * 60  # seconds for which a file that somebody chose to see stays unveiled for them


@admin.register(ReviewItem)
class ItemAdmin(ItemColumns, BulkActions, PersonalViews, InsightViews, Large):
    """Open items, the most urgent first; a click opens the review page."""

    list_display = ("picture", "name", "why", "place", "waiting", "queue", "held_by")
    list_display_links = ("picture", "name")
    list_filter = ("queue", "reasons__reason", Whose, Due)
    search_fields = ("scan__id__exact", "scan__sha256__exact", "scan__name__startswith")
    list_select_related = ("scan", "queue", "holder", "assigned_to")
    list_per_page = 25
    change_list_template = "admin/scans/items.html"
    actions = ("together", "in_turn")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReviewItem]:
        rows: Any = super().get_queryset(request)
        if any(name.startswith("reasons__") for name in request.GET):  # the reason would tell the models' answer
            rows = rows.exclude(scan__in=blind.withheld_from(request.user))
        return rows.open().visible_to(request.user).prefetch_related("reasons__rule")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changes = super().get_changelist_instance(request)
        changes.result_list = with_thumbs(changes.result_list)
        return changes

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("next/", wrap(self.next_view), name="scans_reviewitem_next"),
            *self.bulk_urls(wrap),
            *self.personal_urls(wrap),
            *self.insight_urls(wrap),
            path("<int:pk>/beat/", wrap(self.beat_view), name="scans_reviewitem_beat"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        extra = {
            "together": self.decided_together(request),
            "undoable": undoable_by(request.user),
            "saved_filters": self.saved_filters(request),
            "queues": self.queues(request),
            "addressed": self.addressed_to(request),
            "query": request.GET.urlencode(),
            "keep_form": forms.Keep(),
            "desk_settings": DeskSettings.for_person(request.user),
        }
        return super().changelist_view(request, {**(extra_context or {}), **extra})

    # -- Pages ---------------------------------------------------------------------------------------

    def next_view(self, request: AtTheDesk) -> HttpResponse:
        """The most urgent one that is free; taken by asking for it."""
        if request.method != "POST" or not request.user.has_perm("scans.review"):
            raise PermissionDenied
        return self._onwards(request)

    def beat_view(self, request: AtTheDesk, pk: int) -> HttpResponse:
        if request.method != "POST":
            raise PermissionDenied
        return JsonResponse({"held": queue.heartbeat(ReviewItem(pk=pk), request.user)})

    def change_view(  # type: ignore[override]
        self, request: AtTheDesk, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The review page: everything about one file, and what can be done about it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        visible = ReviewItem.objects.visible_to(request.user).filter(pk=verbs.row_number(object_id))
        item: ReviewItem | None = visible.select_related("scan__owner", "queue", "holder").first()
        if item is None:
            raise Http404
        if request.method == "POST":
            return self._done(request, item)
        return self._page(request, item)

    def _page(
        self, request: AtTheDesk, item: ReviewItem, form: forms.Decide | None = None, *, status: int = 200
    ) -> HttpResponse:
        scan, me = item.scan, request.user
        assessment = scan.assessments.prefetch_related("findings", "artifacts").first()
        held_by_me = item.holder_id == me.pk and item.held_until is not None and item.held_until > timezone.now()
        withheld = blind.is_withheld(scan, me)
        since = timezone.now() - dt.timedelta(seconds=UNVEILED)
        context = {
            **self.admin_site.each_context(request),
            "item": item,
            "scan": scan,
            "result": Result(scan, assessment) if assessment else None,
            "verdict": effective.verdict_of(scan),
            "blind": withheld,
            "held_by_me": held_by_me,
            "may_review": me.has_perm("scans.review")
            and ReviewItem.objects.workable_by(me).filter(pk=item.pk).exists(),
            "veiled": not Exposure.objects.filter(person=me, scan=scan, at__gte=since).exists(),
            "form": form or forms.Decide(scan=scan),
            "labels": Label.choices,
            "causes": [choice for choice in Skip.Cause.choices if choice[0] != Skip.Cause.OPINION],
            "harms": scan.harms.all(),
            "harm_choices": Harm.choices,
            "desk_settings": DeskSettings.for_person(me),
            "colleagues": queue.present(item.queue) if me.has_perm("scans.lead_review") else [],
            "known": None if withheld or item.closed_at else routing.find_known_file(scan),
            "stands": None if withheld else decisions.standing(scan),
            "remember_form": forms.Remember(),
            "notes": [] if withheld else scan.notes.select_related("author"),
            "note_form": forms.Say(),
            "decisions": scan.decisions.select_related("decider", "policy", "undone", "second__person"),
            "appeal": appeals.waiting(item),
            "pending": Decision.objects.pending().filter(scan=scan).select_related("decider").first(),
            "verdicts": SecondLook.Verdict.choices,
            "undoable": undoable_by(me),
            "place": place_of(item),
            "uploader_messages": [] if withheld else messages_of(scan),
            "latest": None if withheld else scan.decisions.select_related("decider", "policy").first(),
            "policies": Policy.objects.filter(active=True).select_related("parent"),
            "lookalikes": [] if withheld else lookalikes.similar(scan, blind.tellable_to(me)),
            "events": [] if withheld else scan.events.select_related("actor")[:50],
        }
        return render(request, "admin/scans/review.html", context, status=status)

    # -- Verbs ---------------------------------------------------------------------------------------

    def _done(self, request: AtTheDesk, item: ReviewItem) -> HttpResponse:
        """Do what the button says. Where a colleague was faster, say who."""
        try:
            with transaction.atomic():
                after = verbs.act(request, item)
        except verbs.Unfilled as unfilled:
            return self._page(request, item, unfilled.form, status=422)
        except queue.NotYours as error:
            raise PermissionDenied from error
        except queue.Taken as taken:
            return self._conflict(request, item, str(taken))
        except decisions.AlreadyDecided as late:
            item.refresh_from_db()
            return self._conflict(request, item, _("This item has already been decided."), late.decision)
        except decisions.TooLate:
            messages.error(request, _("This decision can no longer be undone. Make a new decision instead."))
            return self._here(item)
        if after is verbs.NEXT:
            return self._onwards(request)
        return self._here(after) if isinstance(after, ReviewItem) else redirect("admin:scans_reviewitem_changelist")

    def _conflict(
        self, request: AtTheDesk, item: ReviewItem, message: str, decision: Decision | None = None
    ) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "item": item, "message": message, "decision": decision}
        return render(request, "admin/scans/conflict.html", context, status=409)

    def _here(self, item: ReviewItem) -> HttpResponse:
        return redirect("admin:scans_reviewitem_change", item.pk)

    def _onwards(self, request: AtTheDesk) -> HttpResponse:
        """The next one opens by itself, unless it is time for a pause."""
        try:
            following = queue.next_for(request.user)
        except queue.Resting:
            return redirect("admin:scans_reviewitem_rest")
        if following is None:
            messages.info(request, _("There are no items for you to review."))
            return redirect("admin:scans_reviewitem_changelist")
        return self._here(following)


def undoable_by(person: Any) -> Decision | None:
    """The last decision that this person can still take back."""
    rows: Any = Decision.objects.filter(decider=person.pk, undone=None, second=None, settles_at__gt=timezone.now())
    decision: Decision | None = rows.select_related("scan", "item").first()
    return decision
