"""The desk's front page: what waits first, then everything that can be looked up or set up, each with a sentence."""

from typing import Any, Final

from django.apps import apps
from django.contrib.admin import AdminSite
from django.contrib.contenttypes.views import shortcut
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from scans.review.front import front

Entry = tuple[str, Promise]  # model, and what it is for
Page = tuple[str, str, Promise, Promise, str]  # section, view, name, what it is for, permission
SECTIONS: Final[tuple[tuple[str, Promise, tuple[Entry, ...]], ...]] = (
    (
        "rules",
        _("Rules and policies"),
        (
            ("scans.Rule", _("Which scans are sent to review. You can test a rule before you save it.")),
            ("scans.ReviewQueue", _("Where items wait, who can work on them, and their time limits.")),
            ("scans.Policy", _("The written rules on which decisions are based.")),
            ("scans.CannedReply", _("Reusable notes to uploaders.")),
            ("scans.TrustedSource", _("People whose uploads get a lower priority.")),
            ("scans.PanelVersion", _("The cut-offs in force, who proposed them and who approved them.")),
        ),
    ),
    (
        "people",
        _("People"),
        (
            ("accounts.User", _("Accounts and their roles.")),
            ("auth.Group", _("What each role may do, and groups of your own, for queues that only some work in.")),
            ("account.EmailAddress", _("Addresses, and whether they are confirmed.")),
            ("mfa.Authenticator", _("Second factors and passkeys.")),
            ("usersessions.UserSession", _("Where people are signed in.")),
            ("accounts.ApiKey", _("API keys of programs.")),
            ("accounts.Erasure", _("Accounts that will be deleted, and when.")),
        ),
    ),
    (
        "records",
        _("Records"),
        (
            ("scans.Scan", _("All uploads and their status.")),
            ("scans.Decision", _("All decisions, and which are in force.")),
            ("scans.Appeal", _("Appeals by uploaders, and the answers.")),
            ("scans.Skip", _("Which items were skipped, by whom and why.")),
            ("scans.Assessment", _("Results of all models together.")),
            ("scans.Finding", _("Results of each model.")),
            ("scans.KnownFile", _("Decided files. The same decision is proposed for similar files.")),
            ("scans.LockedCase", _("Corrected mistakes that new models must not repeat.")),
            ("scans.Event", _("The history of scans, settings, keys and accounts.")),
            ("scans.LegalHold", _("Files that can't be deleted, and why.")),
            ("scans.PurgeRun", _("Files that will be deleted, when and why, and what prevents deletion.")),
            ("scans.ChainCheck", _("Check that the history is complete, and see the published anchors.")),
        ),
    ),
    (
        "system",
        _("System"),
        (
            ("scans.Endpoint", _("URLs that receive messages about changes.")),
            ("scans.Delivery", _("Messages that were sent, and whether they arrived.")),
            ("admin.LogEntry", _("Who changed what at the desk.")),
        ),
    ),
)


PAGES: Final[tuple[Page, ...]] = (
    (
        "system", "admin:system_health", _("Health"),
        _("Whether every part works: workers, queues, disk, database, and the last errors."), "accounts.view_system",
    ),
    (
        "system", "admin:scans_panelversion_models", _("Models"),
        _("Models, their weights and the cut-offs. Add a model, or roll back a change."),
        "scans.view_panelversion",
    ),
    (
        "system", "admin:system_settings", _("Settings of the site"),
        _("The values in force, and where each one comes from."), "accounts.view_system",
    ),
    (
        "system", "admin:system_mail", _("Mail"),
        _("The mail server, and a test email."), "accounts.view_system",
    ),
)  # fmt: skip


def view_on_site(request: HttpRequest, content_type_id: str, object_id: str) -> HttpResponse:
    """Django's own view fails at an id that is none, where ids are UUIDs."""
    try:
        return shortcut(request, content_type_id, object_id)
    except ValidationError as error:
        raise Http404 from error


class Desk(AdminSite):
    def get_urls(self) -> list[Any]:
        from . import system_pages  # this module is loaded before there are models

        return [
            path("system/health/", self.admin_view(system_pages.health_page), name="system_health"),
            path("system/settings/", self.admin_view(system_pages.settings_page), name="system_settings"),
            path("system/mail/", self.admin_view(system_pages.mail_page), name="system_mail"),
            path("r/<path:content_type_id>/<path:object_id>/", self.admin_view(view_on_site), name="view_on_site"),
            *(url for url in super().get_urls() if getattr(url, "name", "") != "view_on_site"),
        ]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        context = {
            **self.each_context(request),
            "title": _("Desk"),
            "front": front(request.user) if request.user.has_perm("scans.view_reviewitem") else None,
            "sections": self.sections(request),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/index.html", context)

    def sections(self, request: HttpRequest) -> list[dict[str, Any]]:
        """What this person may see, by task. What no section names is listed with the system."""
        named = {name.lower() for _slug, _title, entries in SECTIONS for name, _sentence in entries}
        unnamed = [
            (model._meta.label, "")
            for model in self._registry
            if model._meta.label_lower not in named and model._meta.label != "scans.ReviewItem"
        ]
        sections = []
        for slug, title, entries in SECTIONS:
            candidates = self._pages(request, slug) + [
                self._entry(request, name, sentence)
                for name, sentence in [*entries, *(unnamed if slug == "system" else [])]
            ]
            if links := [link for link in candidates if link]:
                sections.append({"slug": slug, "title": title, "links": links})
        return sections

    def _pages(self, request: HttpRequest, slug: str) -> list[dict[str, Any] | None]:
        return [
            {"name": name, "sentence": sentence, "url": reverse(view)}
            for section, view, name, sentence, permission in PAGES
            if section == slug and request.user.has_perm(permission)
        ]

    def _entry(self, request: HttpRequest, name: str, sentence: Any) -> dict[str, Any] | None:
        model = apps.get_model(name)
        admin = self._registry.get(model)
        if admin is None or not admin.has_view_permission(request):
            return None
        meta = model._meta
        where = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
        return {"name": meta.verbose_name_plural, "sentence": sentence, "url": where}
