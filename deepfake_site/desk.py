"""The desk's front page: what waits first, then everything that can be looked up or set up, each with a sentence."""

from typing import Any, Final

from django.apps import apps
from django.contrib.admin import AdminSite
from django.http import HttpRequest
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
            ("scans.Rule", _("Which scans wait for a person. Try a rule before you save it.")),
            ("scans.ReviewQueue", _("Where items wait, who may work on them, and how long they may take.")),
            ("scans.Policy", _("The written rules that decisions rest on.")),
            ("scans.CannedReply", _("Notes to uploaders that are used again and again.")),
            ("scans.TrustedSource", _("People whose uploads are less urgent.")),
            ("scans.PanelVersion", _("The cut-offs in force, who proposed and who approved them.")),
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
            ("accounts.ApiKey", _("Keys by which programs come in.")),
            ("accounts.Erasure", _("Who asked for their account to be erased, and when that happens.")),
        ),
    ),
    (
        "records",
        _("Records"),
        (
            ("scans.Scan", _("Every upload and where it stands.")),
            ("scans.Decision", _("What people decided, and what still counts of it.")),
            ("scans.Appeal", _("What uploaders object to, and the answers.")),
            ("scans.Skip", _("Which items were skipped, by whom and why.")),
            ("scans.Assessment", _("What the models together said.")),
            ("scans.Finding", _("What each model said.")),
            ("scans.KnownFile", _("Decided files whose look-alikes are proposed the same.")),
            ("scans.LockedCase", _("Mistakes that no new model may repeat.")),
            ("scans.Event", _("Everything that happened: to scans, settings, keys and accounts.")),
            ("scans.LegalHold", _("Files that nobody may delete, and why.")),
            ("scans.PurgeRun", _("Which files are deleted when and why, and what keeps others.")),
            ("scans.ChainCheck", _("Whether that record is whole: check it, and see the published anchors.")),
        ),
    ),
    (
        "system",
        _("System"),
        (
            ("scans.Endpoint", _("Addresses that programs are told at.")),
            ("scans.Delivery", _("What was sent to them, and whether it arrived.")),
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
        _("Which models are heard, how much each counts, and where the cut-offs lie. Add one, or roll back."),
        "scans.view_panelversion",
    ),
    (
        "system", "admin:system_settings", _("Settings of the site"),
        _("What is in force, and where each value comes from."), "accounts.view_system",
    ),
    (
        "system", "admin:system_mail", _("Mail"),
        _("By which server mail leaves, and a test."), "accounts.view_system",
    ),
)  # fmt: skip


class Desk(AdminSite):
    def get_urls(self) -> list[Any]:
        from . import system_pages  # this module is loaded before there are models

        return [
            path("system/health/", self.admin_view(system_pages.health_page), name="system_health"),
            path("system/settings/", self.admin_view(system_pages.settings_page), name="system_settings"),
            path("system/mail/", self.admin_view(system_pages.mail_page), name="system_mail"),
            *super().get_urls(),
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
