"""Many items at once: decided together, taken back together, assigned in turn."""

import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..models import Action, Decision, Label, ReviewItem
from ..review import decisions, queue
from . import forms
from .columns import with_thumbs
from .verbs import AtTheDesk


class BulkActions:
    """Mixed into the admin of items."""

    admin_site: Any
    _conflict: Any

    def bulk_urls(self, wrap: Callable[..., Any]) -> list[Any]:
        return [path("undo/<uuid:group>/", wrap(self.undo_view), name="scans_reviewitem_undo")]

    def has_review_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("scans.review")

    def has_lead_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("scans.lead_review")

    @admin.action(description=gettext_lazy("Assign in turn to reviewers who are online"), permissions=["lead"])
    def in_turn(self, request: AtTheDesk, chosen: QuerySet[ReviewItem]) -> None:
        items = list(chosen.select_related("queue", "scan")[: decisions.AT_ONCE])
        given = queue.assign_in_turn(items, request.user)
        messages.success(request, _("%(given)d of %(all)d assigned.") % {"given": given, "all": len(items)})

    @admin.action(description=gettext_lazy("Decide on selected items"), permissions=["review"])
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
            "items": with_thumbs(items),
            "outcomes": outcomes.most_common(),
            "form": form,
        }
        return render(request, "admin/scans/together.html", context, status=422 if form.errors else 200)

    def _decided_together(self, request: AtTheDesk, items: list[ReviewItem], form: forms.Decide) -> HttpResponse | None:
        fields = form.cleaned_data
        try:
            decisions.decide_all(
                items, request.user, Label(fields["label"]), action=Action(fields["action"]), policy=fields["policy"],
                public_note=fields["public_note"],
            )  # fmt: skip
        except decisions.PolicyNeeded:
            form.add_error("policy", _("Some of these decisions contradict the models. Choose a policy."))
            return None
        except decisions.AnswerNeeded:
            form.add_error("public_note", _("Some of these items are appeals. Answer them one by one."))
            return None
        except (queue.NotYours, queue.Taken):
            form.add_error(None, _("You are not allowed to decide on some of these items. Nothing was changed."))
            return None
        except decisions.AlreadyDecided as late:
            item = late.decision.item if late.decision else items[0]
            return self._conflict(
                request,
                item,
                _("One of these items has been decided in the meantime. Nothing was changed."),
                late.decision,
            )
        messages.success(request, _("%d items decided.") % len(items))
        return redirect("admin:scans_reviewitem_changelist")

    def undo_view(self, request: AtTheDesk, group: uuid.UUID) -> HttpResponse:
        if request.method != "POST" or not self.has_review_permission(request):
            raise PermissionDenied
        try:
            count = decisions.undo_all(group, request.user)
            messages.success(request, _("%d decisions undone. Nobody was notified.") % count)
        except (decisions.TooLate, queue.NotYours):
            messages.error(request, _("This decision can no longer be undone. Make a new decision instead."))
        return redirect("admin:scans_reviewitem_changelist")

    def decided_together(self, request: HttpRequest) -> dict[str, Any] | None:
        """The last decisions made together that can still be undone."""
        newest: Any = Decision.objects.filter(
            decider=request.user.pk, undone=None, settles_at__gt=timezone.now()
        ).exclude(group=None)
        last = newest.first()
        return {"group": last.group, "count": newest.filter(group=last.group).count()} if last else None
