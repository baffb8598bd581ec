"""People, keys and erasures at the desk."""

from operator import itemgetter
from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows import reauthentication
from allauth.core.exceptions import ReauthenticationRequired
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from . import keys, second_factors
from .lists import ByKey, Large, ReadOnly
from .models import ApiKey, Erasure, User
from .roles import Role

admin.site.unregister(Group)


class RolesField(forms.ModelMultipleChoiceField):
    """Groups as checkboxes; roles by the words that people read."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, group: Group) -> str:
        return role_name(group.name)


def role_name(group: str) -> str:
    return str(Role(group).label) if group in Role else group


def sign_out_everywhere(person: User) -> int:
    """How many sessions have ended."""
    sessions = list(UserSession.objects.filter(user=person))
    for session in sessions:
        session.end()
    return len(sessions)


class NewPerson(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email",)


# Who may do what is worth a fresh proof of who is asking.
@method_decorator(reauthentication_required(allow_get=True), name="add_view")
@method_decorator(reauthentication_required(allow_get=True), name="change_view")
@method_decorator(reauthentication_required(allow_get=True), name="user_change_password")
@admin.register(User)
class PersonAdmin(ByKey, UserAdmin):
    add_form = NewPerson
    list_display = ("email", "name", "role_names", "is_active", "last_login")
    list_filter = ("groups", "is_active", "is_superuser")
    search_fields = ("email", "name")
    list_per_page = 50
    show_full_result_count = False
    ordering = ("email",)
    filter_horizontal = ()
    actions = ("end_sessions", "remove_second_factors")
    readonly_fields = ("last_login", "date_joined", "is_staff", "is_superuser")
    fieldsets = (
        (None, {"fields": ("email", "name", "language", "time_zone")}),
        (_("Roles"), {"fields": ("groups", "is_active", "is_staff", "is_superuser")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "usable_password", "password1", "password2")}),)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "groups":
            kwargs.update(form_class=RolesField, widget=forms.CheckboxSelectMultiple, help_text="")
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.action(description=_("Sign selected people out everywhere"), permissions=["change"])
    def end_sessions(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        ended = 0
        for person in chosen:
            ended += sign_out_everywhere(person)
            self.log_change(request, person, "Signed out everywhere.")
        done = ngettext("%(count)d session ended.", "%(count)d sessions ended.", ended) % {"count": ended}
        self.message_user(request, done, messages.SUCCESS)

    @admin.action(description=_("Remove selected people's second factors"), permissions=["change"])
    def remove_second_factors(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        """For somebody who has lost theirs and has proved who they are: docs/administration.md says how."""
        if reauthentication.is_reauthentication_required(request, app=""):
            raise ReauthenticationRequired
        count = 0
        for person in chosen.filter(is_superuser__in={False, request.user.is_superuser}):
            if person != request.user and second_factors.remove_all(request, person):
                count += 1
                sign_out_everywhere(person)
                self.log_change(request, person, "Second factors removed.")
        done = ngettext(
            "Second factors of %(count)d person removed.", "Second factors of %(count)d people removed.", count
        )
        self.message_user(request, done % {"count": count}, messages.SUCCESS)

    @admin.display(description=_("roles"))
    def role_names(self, person: User) -> str:
        return ", ".join(role_name(group.name) for group in person.groups.all())


VERBS = {"view": _("View: %s"), "add": _("Add: %s"), "change": _("Change: %s"), "delete": _("Delete: %s")}


def _in_words(permission: Permission) -> str:
    """Django's own permissions have English names only."""
    verb, model = permission.codename.partition("_")[0], permission.content_type.model_class()
    if verb in VERBS and model is not None and permission.codename == f"{verb}_{model._meta.model_name}":
        return str(VERBS[verb]) % model._meta.verbose_name_plural
    return gettext(permission.name)


@admin.register(Group)
class GroupAdmin(ByKey):
    """The roles, to be read; and a site's own groups, which permit nothing and decide who works in a queue."""

    list_display = ("label", "people", "kind")
    ordering = ("id",)
    fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return super().get_queryset(request).annotate(count=Count("user", filter=Q(user__is_active=True)))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("label", "people", "may") if obj and obj.name in Role else ("name",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("label", "people", "may")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.name not in Role)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A queue that lost its last group would be open to everybody."""
        return False

    @admin.display(description=_("group"), ordering="name")
    def label(self, group: Group) -> str:
        return role_name(group.name)

    @admin.display(description=_("people"))
    def people(self, group: Any) -> str:
        where = reverse("admin:accounts_user_changelist")
        return format_html('<a href="{}?groups__id__exact={}">{}</a>', where, group.pk, group.count)

    @admin.display(description=_("kind"))
    def kind(self, group: Group) -> str:
        return str(_("Role") if group.name in Role else _("Group of this site"))

    @admin.display(description=_("may"))
    def may(self, group: Group) -> str:
        held = group.permissions.select_related("content_type").order_by("content_type__app_label", "codename")
        return format_html_join("", "<div>{}</div>", ((_in_words(permission),) for permission in held))


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnly):
    list_display = ("prefix", "name", "user", "test", "created_at", "expires_at", "last_used_at", "revoked_at")
    list_filter = ("test", "revoked_at")
    search_fields = ("prefix", "name", "user__email")
    list_select_related = ("user",)
    exclude = ("secret_sha256",)
    readonly_fields = (
        "user", "name", "prefix", "test", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at",
    )  # fmt: skip
    actions = ("revoke",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Its limits only: everything else is for reading."""
        return bool(request.user.has_perm("accounts.change_apikey"))

    @admin.action(description=_("Revoke selected keys"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApiKey]) -> None:
        closed = 0
        for key in chosen:
            if keys.revoke(key, request.user):
                closed += 1
                self.log_change(request, key, "Revoked.")
        message = ngettext("%(count)d key revoked.", "%(count)d keys revoked.", closed) % {"count": closed}
        self.message_user(request, message, messages.SUCCESS)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_apikey")


@admin.register(Erasure)
class ErasureAdmin(ReadOnly):
    list_display = ("id", "user", "asked_at", "due_at", "withdrawn_at", "done_at")
    list_select_related = ("user",)


class KindOfChange(admin.ChoicesFieldListFilter):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.title = _("change")


class KindOfObject(admin.RelatedOnlyFieldListFilter):
    """Only kinds of which something was changed, without the name of the app they are part of."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.title = _("what was changed")

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        used = [pk for pk, _name in super().field_choices(field, request, model_admin)]
        kinds = ContentType.objects.filter(pk__in=used)
        return sorted(((str(kind.pk), _name_of(kind)) for kind in kinds), key=itemgetter(1))


def _name_of(kind: ContentType) -> str:
    return str(capfirst(kind.name))


@admin.register(LogEntry)
class LogEntryAdmin(Large):
    """In the order in which they were written: it is the order of their times, which have no index."""

    list_display = ("action_time", "user", "kind", "object_name", "change", "details")
    list_filter = (("action_flag", KindOfChange), ("content_type", KindOfObject), "action_time")
    list_select_related = ("user", "content_type")
    ordering = ("-id",)

    @admin.display(description=_("what was changed"), ordering="content_type")
    def kind(self, entry: LogEntry) -> str:
        return _name_of(entry.content_type) if entry.content_type else "–"

    @admin.display(description=_("name"), ordering="object_repr")
    def object_name(self, entry: LogEntry) -> str:
        return entry.object_repr

    @admin.display(description=_("change"), ordering="action_flag")
    def change(self, entry: LogEntry) -> str:
        return str(entry.get_action_flag_display())

    @admin.display(description=_("details"))
    def details(self, entry: LogEntry) -> str:
        return str(entry.get_change_message())
