"""The queue and the page on which items are reviewed."""

import datetime as dt
import uuid
from collections import Counter
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin import ReadOnly
from accounts.models import User

from .. import lookalikes
from ..models import Action, Decision, Exposure, FirstAnswer, Item, Label, Note, Policy, Scan, SecondLook, Skip
from ..result import Result
from ..review import appeals, decisions, queue
from . import forms


class AtTheDesk(HttpRequest):
    """What a view behind the gate gets."""

    user: User


UNVEILED = 15 * 60  # seconds for which a file that somebody chose to see stays unveiled for them


@admin.register(Item)
class ItemAdmin(ReadOnly):
    """Open items, the most urgent first; a click opens the review page."""

    list_display = ("picture", "name", "queue", "why", "priority", "due_at", "waiting", "held_by")
    list_display_links = ("picture", "name")
    list_filter = ("queue", "reasons__reason")
    search_fields = ("scan__id__exact", "scan__sha256__exact", "scan__name__startswith")
    list_select_related = ("scan", "queue", "holder")
    list_per_page = 25
    show_full_result_count = False
    ordering = ("due_at", "-priority", "id")
    change_list_template = "admin/scans/items.html"
    actions = ("together",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Item]:
        scans: Any = Scan.objects.filter(pk=OuterRef("scan_id")).listed()
        rows: Any = super().get_queryset(request)
        return rows.open().prefetch_related("reasons").annotate(thumb=Subquery(scans.values("thumb")[:1]))

    @admin.display(description=gettext_lazy("picture"))
    def picture(self, item: Any) -> str:
        if not item.thumb:
            return "–"
        where = reverse("scans:drawn", args=[item.scan_id, item.thumb])
        return format_html('<img class="veiled" loading="lazy" src="{}" width="96" height="72" alt="">', where)

    @admin.display(description=gettext_lazy("name"), ordering="scan__name")
    def name(self, item: Item) -> str:
        return item.scan.name or str(item.scan_id)

    @admin.display(description=gettext_lazy("reasons"))
    def why(self, item: Item) -> str:
        return ", ".join(dict.fromkeys(str(one) for one in item.reasons.all()))

    @admin.display(description=gettext_lazy("waits"), ordering="opened_at")
    def waiting(self, item: Item) -> str:
        hours = (timezone.now() - item.opened_at).total_seconds() / 3600
        return _("%(hours)d h") % {"hours": hours}

    @admin.display(description=gettext_lazy("held by"))
    def held_by(self, item: Item) -> str:
        held = item.holder and item.held_until and item.held_until > timezone.now()
        return str(item.holder) if held else "–"

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("next/", wrap(self.next_view), name="scans_item_next"),
            path("undo/<uuid:group>/", wrap(self.undo_view), name="scans_item_undo"),
            path("<int:pk>/beat/", wrap(self.beat_view), name="scans_item_beat"),
            *super().get_urls(),
        ]

    # -- Many at once --------------------------------------------------------------------------------

    def has_review_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("scans.review")

    @admin.action(description=gettext_lazy("Decide the chosen ones together"), permissions=["review"])
    def together(self, request: AtTheDesk, chosen: QuerySet[Item]) -> HttpResponse | None:
        """First shown, with what they are; then decided, all of them or none."""
        items = list(chosen.select_related("scan")[: decisions.AT_ONCE + 1])
        if len(items) > decisions.AT_ONCE:
            messages.error(request, _("At most %d at once.") % decisions.AT_ONCE)
            return None
        confirmed = "confirmed" in request.POST
        form = forms.Decide(request.POST if confirmed else None, prefix="all")
        if confirmed and form.is_valid() and (answer := self._decided_together(request, items, form)):
            return answer
        outcomes = Counter(str(item.scan.assessment or _("no assessment")) for item in items)
        context = {
            **self.admin_site.each_context(request),
            "items": items,
            "outcomes": outcomes.most_common(),
            "form": form,
        }
        return render(request, "admin/scans/together.html", context, status=422 if form.errors else 200)

    def _decided_together(self, request: AtTheDesk, items: list[Item], form: forms.Decide) -> HttpResponse | None:
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
            form.add_error("public_note", _("Some of them are objections: those get a written answer, one by one."))
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
        return redirect("admin:scans_item_changelist")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        newest: Any = Decision.objects.filter(
            decider=request.user.pk, undone=None, settles_at__gt=timezone.now()
        ).exclude(group=None)
        last = newest.first()
        count = newest.filter(group=last.group).count() if last else 0
        together = {"group": last.group, "count": count} if last else None
        return super().changelist_view(request, {**(extra_context or {}), "together": together})

    def undo_view(self, request: AtTheDesk, group: uuid.UUID) -> HttpResponse:
        if request.method != "POST" or not self.has_review_permission(request):
            raise PermissionDenied
        try:
            count = decisions.undo_all(group, request.user)
            messages.success(request, _("%d taken back. Nobody was told.") % count)
        except (decisions.TooLate, queue.NotYours):
            messages.error(request, _("Too late to take it back: now it takes another decision."))
        return redirect("admin:scans_item_changelist")

    # -- Pages ---------------------------------------------------------------------------------------

    def next_view(self, request: AtTheDesk) -> HttpResponse:
        """The most urgent one that is free; taken by asking for it."""
        if request.method != "POST" or not request.user.has_perm("scans.review"):
            raise PermissionDenied
        item = queue.next_for(request.user)
        if item is None:
            messages.info(request, _("There is nothing for you to do at present."))
            return redirect("admin:scans_item_changelist")
        return redirect("admin:scans_item_change", item.pk)

    def beat_view(self, request: AtTheDesk, pk: int) -> HttpResponse:
        if request.method != "POST":
            raise PermissionDenied
        return JsonResponse({"held": queue.heartbeat(Item(pk=pk), request.user)})

    def change_view(  # type: ignore[override]
        self, request: AtTheDesk, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The review page: everything about one file, and what can be done about it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        item = Item.objects.select_related("scan__owner", "queue", "holder").filter(pk=_number(object_id)).first()
        if item is None:
            raise Http404
        if request.method == "POST":
            return self._done(request, item)
        return self._page(request, item)

    def _page(
        self, request: AtTheDesk, item: Item, form: forms.Decide | None = None, *, status: int = 200
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
            "blind": blind,
            "mine": mine,
            "may_review": me.has_perm("scans.review") and Item.objects.workable_by(me).filter(pk=item.pk).exists(),
            "veiled": not Exposure.objects.filter(person=me, scan=scan, at__gte=since).exists(),
            "form": form or forms.Decide(),
            "labels": Label.choices,
            "causes": Skip.Cause.choices,
            "notes": scan.notes.select_related("author"),
            "note_form": forms.Say(),
            "decisions": scan.decisions.select_related("decider", "policy", "undone", "second__person"),
            "appeal": appeals.waiting(item),
            "pending": Decision.objects.pending().filter(scan=scan).select_related("decider").first(),
            "verdicts": SecondLook.Verdict.choices,
            "undoable": self._undoable(request),
            "policies": Policy.objects.filter(active=True),
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

    def _done(self, request: AtTheDesk, item: Item) -> HttpResponse:
        """One of the verbs of `scans.review`; whoever was too slow is told by whom."""
        act = getattr(self, f"_do_{request.POST.get('do', '')}", None)
        if act is None or not request.user.has_perm("scans.review"):
            raise PermissionDenied
        try:
            with transaction.atomic():
                answer: HttpResponse = act(request, item)
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
        return answer

    def _conflict(self, request: AtTheDesk, item: Item, said: str, decision: Decision | None = None) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "item": item, "said": said, "decision": decision}
        return render(request, "admin/scans/conflict.html", context, status=409)

    def _here(self, item: Item) -> HttpResponse:
        return redirect("admin:scans_item_change", item.pk)

    def _onwards(self, request: AtTheDesk) -> HttpResponse:
        """The next one opens by itself."""
        following = queue.next_for(request.user)
        if following is None:
            messages.info(request, _("That was the last one for now."))
            return redirect("admin:scans_item_changelist")
        return self._here(following)

    def _do_claim(self, request: AtTheDesk, item: Item) -> HttpResponse:
        return self._here(queue.claim(item, request.user))

    def _do_take_over(self, request: AtTheDesk, item: Item) -> HttpResponse:
        return self._here(queue.take_over(item, request.user))

    def _do_release(self, request: AtTheDesk, item: Item) -> HttpResponse:
        queue.release(item, request.user)
        return redirect("admin:scans_item_changelist")

    def _do_skip(self, request: AtTheDesk, item: Item) -> HttpResponse:
        cause = request.POST.get("cause", "")
        if cause not in Skip.Cause.values:
            messages.error(request, _("Say why you let it pass."))
            return self._here(item)
        queue.skip(item, request.user, Skip.Cause(cause))
        return self._onwards(request)

    def _do_reveal(self, request: AtTheDesk, item: Item) -> HttpResponse:
        Exposure.objects.create(scan=item.scan, person=request.user)
        return self._here(item)

    def _do_first(self, request: AtTheDesk, item: Item) -> HttpResponse:
        label = request.POST.get("label", "")
        if label in Label.values:
            FirstAnswer.objects.get_or_create(item=item, person=request.user, defaults={"label": label})
        return self._here(item)

    def _do_note(self, request: AtTheDesk, item: Item) -> HttpResponse:
        form = forms.Say(request.POST)
        if form.is_valid():
            note = Note.objects.create(scan=item.scan, author=request.user, text=form.cleaned_data["text"])
            note.mentions.set(forms.mentioned(note.text))
        return self._here(item)

    def _do_decide(self, request: AtTheDesk, item: Item) -> HttpResponse:
        form = forms.Decide(request.POST)
        if not form.is_valid():
            return self._page(request, item, form, status=422)
        said = form.cleaned_data
        try:
            decisions.decide(
                item,
                request.user,
                Label(said["label"]),
                action=Action(said["action"]),
                policy=said["policy"],
                public_note=said["public_note"],
            )
        except decisions.AnswerNeeded:
            form.add_error("public_note", _("Whoever objected gets a written answer: write it here."))
            return self._page(request, item, form, status=422)
        except decisions.PolicyNeeded:
            form.add_error("policy", _("This contradicts the models: name the policy that it rests on."))
            return self._page(request, item, form, status=422)
        return self._onwards(request)

    def _do_undo(self, request: AtTheDesk, item: Item) -> HttpResponse:
        decision = Decision.objects.filter(pk=_number(request.POST.get("decision", "")), decider=request.user).first()
        if decision is None:
            raise Http404
        decisions.undo(decision, request.user)
        messages.success(request, _("Taken back. Nobody was told."))
        return self._here(decision.item)

    def _do_answer(self, request: AtTheDesk, item: Item) -> HttpResponse:
        decision = Decision.objects.pending().filter(scan=item.scan).first()
        verdict = request.POST.get("verdict", "")
        if decision is None:
            raise decisions.AlreadyDecided(decisions.standing(item.scan))
        if verdict not in SecondLook.Verdict.values:
            return self._here(item)
        decisions.answer(decision, request.user, SecondLook.Verdict(verdict), note=request.POST.get("note", "")[:2000])
        return self._onwards(request)


def _number(said: str) -> int:
    return int(said) if said.isdecimal() and len(said) < 16 else 0
