"""What leads and admins set up: queues, rules with a dry run, policies, canned replies."""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.forms.models import model_to_dict
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import localize
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.admin import RolesField
from accounts.lists import ByKey

from ..analysis import routing
from ..models import BEYOND_ASSESSMENT, CannedReply, Outcome, Policy, ReviewQueue, Rule, TrustedSource
from .points import PointsField, ShareField

LOOK_BACK = dt.timedelta(days=30)


class Kept(ByKey):
    """Set up and switched off, never deleted: decisions and items point at it."""

    about_people = False

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """With what was there before and after, for the record of settings."""
        message: Any = super().construct_change_message(request, form, formsets, add)
        before = None if add else {name: _plain(form.initial.get(name)) for name in form.changed_data}
        after = {name: _plain(form.cleaned_data.get(name)) for name in form.changed_data}
        if form.changed_data and not self.about_people:
            message.append({"values": {"before": before, "after": after}})
        return message

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _plain(value: Any) -> Any:
    """For JSON: rows by their numbers."""
    if hasattr(value, "pk"):
        return value.pk
    if isinstance(value, str) or value is None or isinstance(value, (bool, int, float)):
        return value
    return [_plain(part) for part in value] if hasattr(value, "__iter__") else str(value)


class RuleForm(forms.ModelForm):
    outcomes = forms.MultipleChoiceField(
        label=gettext_lazy("Outcomes"), choices=Outcome.choices, required=False, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("If you choose none, the rule applies to all outcomes."),
    )  # fmt: skip

    lowest = PointsField(label=gettext_lazy("Score from (0–100)"), required=False)
    highest = PointsField(label=gettext_lazy("Score to (0–100)"), required=False)
    share = ShareField(
        label=gettext_lazy("Share of matching scans (%)"), initial=1.0,
        help_text=gettext_lazy("100: all of them. 2: a random 2 of 100."),
    )  # fmt: skip

    class Meta:
        model = Rule
        fields = (
            "name",
            "name_de",
            "reason",
            "outcomes",
            "lowest",
            "highest",
            "share",
            "queue",
            "priority",
            "hours",
            "active",
        )


@admin.register(Rule)
class RuleAdmin(Kept):
    form = RuleForm
    list_display = ("__str__", "reason", "queue", "priority", "share_in_percent", "active")
    list_filter = ("active", "reason", "queue")
    change_form_template = "admin/scans/rule.html"

    @admin.display(description=gettext_lazy("share"), ordering="share")
    def share_in_percent(self, rule: Rule) -> str:
        return f"{localize(round(rule.share * 100, 6))} %"

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Tried first, if that was asked for: counted, not saved, and shown again as it was filled in."""
        if request.method == "POST" and "_try" in request.POST:
            form = RuleForm(request.POST, instance=Rule.objects.filter(pk=object_id).first() if object_id else None)
            if form.is_valid():
                tried = form.save(commit=False)
                self.message_user(request, _dry_run(tried), messages.INFO)
                vars(request)["tried"] = tried
                request.method = "GET"
        return super().changeform_view(request, object_id, form_url, extra_context)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Rule | None:
        tried: Rule | None = vars(request).get("tried")
        return tried or super().get_object(request, object_id, from_field)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        tried = vars(request).get("tried")
        return model_to_dict(tried) if tried else super().get_changeform_initial_data(request)


def _dry_run(rule: Rule) -> str:
    hits, count = routing.count_fitting(rule, timezone.now() - LOOK_BACK)
    sentence = ngettext(
        "Not saved. Of %(all)d assessment in 30 days this rule would have chosen %(hits)d.",
        "Not saved. Of %(all)d assessments in 30 days this rule would have chosen %(hits)d.",
        count,
    ) % {"all": count, "hits": hits}
    if rule.reason in BEYOND_ASSESSMENT:
        sentence += " " + _("Only those with feedback or a similar file.")
    return sentence


@admin.register(ReviewQueue)
class ReviewQueueAdmin(Kept):
    fields = ("name", "name_de", "slug", "hours", "order", "roles")
    list_display = ("__str__", "slug", "hours", "order")

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "roles":
            help_text = _("If you choose nobody, all reviewers can work in it.")
            kwargs.update(form_class=RolesField, widget=forms.CheckboxSelectMultiple, help_text=help_text)
        return super().formfield_for_manytomany(db_field, request, **kwargs)


@admin.register(Policy)
class PolicyAdmin(Kept):
    list_display = ("__str__", "code", "parent", "two_people", "active")
    list_filter = ("active", "two_people")
    search_fields = ("code", "title", "title_de")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in ("text", "text_de"):
            field.help_text = _(
                "Uploaders read the first paragraph with a decision. The others are for reviewers only."
            )
        return field


@admin.register(TrustedSource)
class TrustedSourceAdmin(Kept):
    about_people = True
    list_display = ("person", "note", "active")
    list_select_related = ("person",)
    autocomplete_fields = ("person",)


@admin.register(CannedReply)
class CannedReplyAdmin(Kept):
    list_display = ("__str__", "policy")
    search_fields = ("title", "title_de", "text", "text_de")
    list_select_related = ("policy",)
