"""Webhook addresses and what was sent to them: added, tested, switched off and on by an admin."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.lists import Large
from accounts.models import User

from .. import network, tasks
from ..models import Attempt, Change, Delivery, Endpoint
from ..updates import webhooks


class NewEndpoint(forms.ModelForm):
    owner = forms.ModelChoiceField(
        User.objects.filter(is_active=True), label=_("Owner"), to_field_name="email", widget=forms.EmailInput,
        help_text=_("Email address of the person whose scans are reported."),
    )  # fmt: skip
    kinds = forms.MultipleChoiceField(
        label=_("Messages"), choices=Change.Kind.choices, required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("If you choose none, all are sent."),
    )  # fmt: skip

    class Meta:
        model = Endpoint
        fields = ("owner", "url", "description", "kinds", "sandbox")

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            network.check(url)
        except network.Blocked as error:
            raise ValidationError(
                gettext("Messages can't be sent to this address. It must be an https address on the internet.")
            ) from error
        return url


class ByStatus(admin.SimpleListFilter):
    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("working", _("Working")), ("disabled", _("Disabled"))]

    def queryset(self, request: HttpRequest, rows: QuerySet[Endpoint]) -> QuerySet[Endpoint]:
        return rows if self.value() is None else rows.filter(disabled_at__isnull=self.value() == "working")


@admin.register(Endpoint)
class EndpointAdmin(Large):
    """Without what signs."""

    form = NewEndpoint
    list_display = ("url", "owner", "sandbox", "failing_since", "disabled_at", "disabled_why", "log")
    list_filter = (ByStatus, "sandbox")
    search_fields = ("url", "owner__email")
    list_select_related = ("owner",)
    exclude = ("secret", "old_secret")
    actions = ("send_test", "switch_off", "switch_on")

    @admin.display(description=_("log"))
    def log(self, endpoint: Endpoint) -> str:
        where = reverse("admin:scans_delivery_changelist")
        return format_html('<a href="{}?endpoint__id__exact={}">{}</a>', where, endpoint.pk, gettext("Deliveries"))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_switch_permission(request)

    def has_switch_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("scans.change_endpoint")

    def response_add(self, request: HttpRequest, obj: Endpoint, post_url_continue: str | None = None) -> HttpResponse:
        """The secret is shown once, as it is to those who make an address by program."""
        context = {**self.admin_site.each_context(request), "endpoint": obj}
        answer = render(request, "admin/scans/endpoint_added.html", context)
        answer["Cache-Control"] = "no-store"
        return answer

    @admin.action(description=_("Send a test message to selected addresses"), permissions=["switch"])
    def send_test(self, request: HttpRequest, chosen: QuerySet[Endpoint]) -> None:
        active = list(chosen.filter(disabled_at=None))
        for endpoint in active:
            webhooks.ping(endpoint)
            self.log_change(request, endpoint, "Test sent.")
        if active:
            transaction.on_commit(tasks.send_webhooks.delay)
        count = len(active)
        text = ngettext("%(count)d test message is on its way.", "%(count)d test messages are on their way.", count)
        self.message_user(
            request,
            format_html(
                '{} <a href="{}">{}</a>', text % {"count": count}, reverse("admin:scans_delivery_changelist"),
                gettext("Check whether it arrives"),
            ),
            messages.SUCCESS,
        )  # fmt: skip

    @admin.action(description=_("Disable selected addresses"), permissions=["switch"])
    def switch_off(self, request: HttpRequest, chosen: QuerySet[Endpoint]) -> None:
        off = 0
        for endpoint in chosen.select_related("owner"):
            if webhooks.switch_off(endpoint, "operator"):
                off += 1
                self.log_change(request, endpoint, "Switched off.")
        text = ngettext("%(count)d address disabled.", "%(count)d addresses disabled.", off) % {"count": off}
        self.message_user(request, text, messages.SUCCESS)

    @admin.action(description=_("Enable selected addresses"), permissions=["switch"])
    def switch_on(self, request: HttpRequest, chosen: QuerySet[Endpoint]) -> None:
        on = 0
        for endpoint in chosen:
            if webhooks.switch_on(endpoint):
                on += 1
                self.log_change(request, endpoint, "Switched on.")
        text = ngettext("%(count)d address enabled.", "%(count)d addresses enabled.", on) % {"count": on}
        self.message_user(request, text, messages.SUCCESS)


class Attempts(admin.TabularInline):
    model = Attempt
    fields = readonly_fields = ("at", "status", "failure", "milliseconds", "answer")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("scans.view_delivery")


@admin.register(Delivery)
class DeliveryAdmin(Large):
    list_display = ("created_at", "endpoint", "kind", "state", "tries", "next_at")
    list_filter = ("state", "kind")
    search_fields = ("id__exact", "endpoint__url")
    list_select_related = ("endpoint",)
    inlines = (Attempts,)
    actions = ("send_again",)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """The list of addresses links to the log of each."""
        return lookup == "endpoint__id__exact" or super().lookup_allowed(lookup, value, request)

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("scans.change_endpoint")

    @admin.action(description=_("Send selected messages again"), permissions=["send"])
    def send_again(self, request: HttpRequest, chosen: QuerySet[Delivery]) -> None:
        active = list(chosen.filter(endpoint__disabled_at=None))
        for delivery in active:
            webhooks.redeliver(delivery)
            self.log_change(request, delivery, "Sent again.")
        if active:
            transaction.on_commit(tasks.send_webhooks.delay)
        count = len(active)
        text = ngettext("%(count)d message will be sent again.", "%(count)d messages will be sent again.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)
