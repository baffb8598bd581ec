"""How the list of items can be narrowed down."""

import datetime as dt
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class Whose(admin.SimpleListFilter):
    title = gettext_lazy("whose")
    parameter_name = "whose"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("mine", _("Mine")), ("free", _("Unassigned")), ("held", _("Claimed")), ("given", _("Assigned"))]

    def queryset(self, request: HttpRequest, rows: Any) -> Any:
        now = timezone.now()
        held = Q(holder__isnull=False, held_until__gt=now)
        assigned_or_held = Q(assigned_to=request.user.pk) | Q(holder=request.user.pk, held_until__gt=now)
        wanted = {
            "mine": assigned_or_held,
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
