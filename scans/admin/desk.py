"""The queue and the page on which items are reviewed."""

import datetime as dt
import uuid
from collections import Counter
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin import ReadOnly

from .. import effective, lookalikes, routing
from ..models import Action, Decision, DeskSettings, Exposure, Harm, Label, Policy, ReviewItem, Scan, SecondLook, Skip
from ..result import Result
from ..review import appeals, decisions, queue
from . import forms, verbs
from .insight import InsightViews
from .personal import PersonalViews
from .verbs import AtTheDesk

UNVEILED = 15 * 60  # seconds for which a file that somebody chose to see stays unveiled for them


class Whose(admin.SimpleListFilter):
    title = gettext_lazy("whose")
    parameter_name = "whose"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("mine", _("Mine")), ("free", _("Nobody's")), ("held", _("Held by somebody")), ("given", _("Assigned"))]

    def queryset(self, request: HttpRequest, rows: Any) -> Any:
        now = timezone.now()
        held = Q(holder__isnull=False, held_until__gt=now)
        mine = Q(assigned_to=request.user.pk) | Q(holder=request.user.pk, held_until__gt=now)
        wanted = {
            "mine": mine,
            "free": ~held & Q(assigned_to=None),
            "held": held,
            "given": Q(assigned_to__isnull=False),
        }
        return rows.filter(wanted[self.value()]) if self.value() in wanted else rows  # type: ignore[index]


class Due(admin.SimpleListFilter):
    title = gettext_lazy("due")
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("over", _("Overdue")), ("today", _("Within 24 hours"))]

    def queryset(self, request: HttpRequest, rows: Any) -> Any:
        now = timezone.now()
        if self.value() == "over":
            return rows.filter(due_at__lt=now)
        return rows.filter(due_at__range=(now, now + dt.timedelta(hours=24))) if self.value() == "today" else rows


@admin.register(ReviewItem)
class ItemAdmin(PersonalViews, InsightViews, ReadOnly):
    """Open items, the most urgent first; a click opens the review page."""

    list_display = ("picture", "name", "queue", "why", "weight", "due_at", "waiting", "held_by")
    list_display_links = ("picture", "name")
    list_filter = ("queue", "reasons__reason", Whose, Due)
    search_fields = ("scan__id__exact", "scan__sha256__exact", "scan__name__startswith")
    list_select_related = ("scan", "queue", "holder")
    list_per_page = 25
    show_full_result_count = False
    ordering = ("due_at", "-priority", "id")
    change_list_template = "admin/scans/items.html"
    actions = ("together", "in_turn")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReviewItem]:
        scans: Any = Scan.objects.filter(pk=OuterRef("scan_id")).listed()
        rows: Any = super().get_queryset(request)
        return (
            rows.open()
            .visible_to(request.user)
            .prefetch_related("reasons__rule")
            .annotate(thumb=Subquery(scans.values("thumb")[:1]))
        )

    @admin.display(description=gettext_lazy("picture"))
    def picture(self, item: Any) -> str:
        if not item.thumb:
            return "–"
        where = reverse("scans:artifact", args=[item.scan_id, item.thumb])
        return format_html('<img class="veiled" loading="lazy" src="{}" width="96" height="72" alt="">', where)

    @admin.display(description=gettext_lazy("name"), ordering="scan__name")
    def name(self, item: ReviewItem) -> str:
        return item.scan.name or str(item.scan_id)

    @admin.display(description=gettext_lazy("priority"), ordering="priority")
    def weight(self, item: ReviewItem) -> str:
        return "–" if item.blind else str(item.priority)

    @admin.display(description=gettext_lazy("reasons"))
    def why(self, item: ReviewItem) -> str:
        """Not of one that is judged blind first: the reason would tell the models' answer."""
        if item.blind:
            return _("Blind first")
        return ", ".join(dict.fromkeys(str(one) for one in item.reasons.all()))

    @admin.display(description=gettext_lazy("waits"), ordering="opened_at")
    def waiting(self, item: ReviewItem) -> str:
        hours = (timezone.now() - item.opened_at).total_seconds() / 3600
        return _("%(hours)d h") % {"hours": hours}

    @admin.display(description=gettext_lazy("held by"))
    def held_by(self, item: ReviewItem) -> str:
        held = item.holder and item.held_until and item.held_until > timezone.now()
        return str(item.holder) if held else "–"

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("next/", wrap(self.next_view), name="scans_reviewitem_next"),
            *self.personal_urls(wrap),
            *self.insight_urls(wrap),
            path("undo/<uuid:group>/", wrap(self.undo_view), name="scans_reviewitem_undo"),
            path("<int:pk>/beat/", wrap(self.beat_view), name="scans_reviewitem_beat"),
            *super().get_urls(),
        ]

    # -- Many at once --------------------------------------------------------------------------------

    def has_review_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("scans.review")

    def has_lead_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("scans.lead_review")

    @admin.action(description=gettext_lazy("Assign in turn to those who are there"), permissions=["lead"])
    def in_turn(self, request: AtTheDesk, chosen: QuerySet[ReviewItem]) -> None:
        items = list(chosen.select_related("queue", "scan")[: decisions.AT_ONCE])
        given = queue.assign_in_turn(items, request.user)
        messages.success(request, _("%(given)d of %(all)d assigned.") % {"given": given, "all": len(items)})

    @admin.action(description=gettext_lazy("Decide the chosen ones together"), permissions=["review"])
    def together(self, request: AtTheDesk, chosen: QuerySet[ReviewItem]) -> HttpResponse | None:
        """First shown, with what they are; then decided, all of them or none."""
        items = list(chosen.select_related("scan")[: decisions.AT_ONCE + 1])
        if len(items) > decisions.AT_ONCE:
            messages.error(request, _("At most %d at once.") % decisions.AT_ONCE)
            return None
        confirmed = "confirmed" in request.POST
        form = forms.Decide(request.POST if confirmed else None, prefix="all")
        if confirmed and form.is_valid() and (answer := self._decided_together(request, items, form)):
            return answer
        outcomes = Counter(
            _("Blind first") if item.blind else str(item.scan.assessment or _("no assessment")) for item in items
        )
        context = {
            **self.admin_site.each_context(request),
            "items": items,
            "outcomes": outcomes.most_common(),
            "form": form,
        }
        return render(request, "admin/scans/together.html", context, status=422 if form.errors else 200)

    def _decided_together(self, request: AtTheDesk, items: list[ReviewItem], form: forms.Decide) -> HttpResponse | None:
        said = form.cleaned_data
        try:
            decisions.decide_all(
                items, request.user, Label(said["label"]), action=Action(said["action"]), policy=said["policy"],
                public_note=said["public_note"],
            )  # fmt: skip
        except decisions.PolicyNeeded:
            form.add_error("policy", _("For some of them this contradicts the models: name the policy."))
            return None
        except decisions.AnswerNeeded:
            form.add_error("public_note", _("Some of them are appeals: those get a written answer, one by one."))
            return None
        except (queue.NotYours, queue.Taken):
            form.add_error(None, _("Some of them are not yours to decide. Nothing was decided."))
            return None
        except decisions.AlreadyDecided as late:
            item = late.decision.item if late.decision else items[0]
            return self._conflict(
                request, item, _("One of them was decided meanwhile; nothing was changed."), late.decision
            )
        messages.success(request, _("%d decided together.") % len(items))
        return redirect("admin:scans_reviewitem_changelist")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        newest: Any = Decision.objects.filter(
            decider=request.user.pk, undone=None, settles_at__gt=timezone.now()
        ).exclude(group=None)
        last = newest.first()
        count = newest.filter(group=last.group).count() if last else 0
        together = {"group": last.group, "count": count} if last else None
        extra = {
            "together": together,
            "saved_filters": self.saved_filters(request),
            "queues": self.queues(request),
            "asked": self.asked(request),
            "query": request.GET.urlencode(),
            "keep_form": forms.Keep(),
            "desk_settings": DeskSettings.of(request.user),
        }
        return super().changelist_view(request, {**(extra_context or {}), **extra})

    def undo_view(self, request: AtTheDesk, group: uuid.UUID) -> HttpResponse:
        if request.method != "POST" or not self.has_review_permission(request):
            raise PermissionDenied
        try:
            count = decisions.undo_all(group, request.user)
            messages.success(request, _("%d taken back. Nobody was told.") % count)
        except (decisions.TooLate, queue.NotYours):
            messages.error(request, _("Too late to take it back: now it takes another decision."))
        return redirect("admin:scans_reviewitem_changelist")

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
        visible = ReviewItem.objects.visible_to(request.user).filter(pk=_number(object_id))
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
        mine = item.holder_id == me.pk and item.held_until is not None and item.held_until > timezone.now()
        blind = item.blind and item.closed_at is None and not item.first_answers.filter(person=me).exists()
        since = timezone.now() - dt.timedelta(seconds=UNVEILED)
        context = {
            **self.admin_site.each_context(request),
            "item": item,
            "scan": scan,
            "result": Result(scan, assessment) if assessment else None,
            "verdict": effective.verdict_of(scan),
            "blind": blind,
            "mine": mine,
            "may_review": me.has_perm("scans.review")
            and ReviewItem.objects.workable_by(me).filter(pk=item.pk).exists(),
            "veiled": not Exposure.objects.filter(person=me, scan=scan, at__gte=since).exists(),
            "form": form or forms.Decide(scan=scan),
            "labels": Label.choices,
            "causes": [choice for choice in Skip.Cause.choices if choice[0] != Skip.Cause.OPINION],
            "harms": scan.harms.all(),
            "harm_choices": Harm.choices,
            "desk_settings": DeskSettings.of(me),
            "colleagues": queue.present(item.queue) if me.has_perm("scans.lead_review") else [],
            "known": None if blind or item.closed_at else routing.known(scan),
            "stands": None if blind else decisions.standing(scan),
            "remember_form": forms.Remember(),
            "notes": [] if blind else scan.notes.select_related("author"),
            "note_form": forms.Say(),
            "decisions": scan.decisions.select_related("decider", "policy", "undone", "second__person"),
            "appeal": appeals.waiting(item),
            "pending": Decision.objects.pending().filter(scan=scan).select_related("decider").first(),
            "verdicts": SecondLook.Verdict.choices,
            "undoable": self._undoable(request),
            "policies": Policy.objects.filter(active=True).select_related("parent"),
            "lookalikes": [] if blind else lookalikes.similar(scan, Scan.objects.visible_to(me)),
            "events": [] if blind else scan.events.select_related("actor")[:50],
        }
        return render(request, "admin/scans/review.html", context, status=status)

    def _undoable(self, request: AtTheDesk) -> Decision | None:
        found: Decision | None = (
            Decision.objects.filter(decider=request.user, undone=None, second=None, settles_at__gt=timezone.now())
            .select_related("scan")
            .first()
        )
        return found

    # -- Verbs ---------------------------------------------------------------------------------------

    def _done(self, request: AtTheDesk, item: ReviewItem) -> HttpResponse:
        """One of the verbs; whoever was too slow is told by whom."""
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
            return self._conflict(request, item, _("Somebody has decided this already."), late.decision)
        except decisions.TooLate:
            messages.error(request, _("Too late to take it back: now it takes another decision."))
            return self._here(item)
        if after is verbs.NEXT:
            return self._onwards(request)
        return self._here(after) if isinstance(after, ReviewItem) else redirect("admin:scans_reviewitem_changelist")

    def _conflict(
        self, request: AtTheDesk, item: ReviewItem, said: str, decision: Decision | None = None
    ) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "item": item, "said": said, "decision": decision}
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
            messages.info(request, _("There is nothing for you to do at present."))
            return redirect("admin:scans_reviewitem_changelist")
        return self._here(following)


def _number(said: str) -> int:
    return int(said) if said.isdecimal() and len(said) < 16 else 0
