"""The states of the site that are looked at: name, who is signed in, address, and what to do there."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "static" / "examples"


def choose_files(page: Page) -> None:
    page.locator("input[type=file]").first.set_input_files([EXAMPLES / "astronaut.jpg", EXAMPLES / "portrait.jpg"])


def open_sections(page: Page) -> None:
    page.evaluate("document.querySelectorAll('main details:not(.menu)').forEach(part => { part.open = true; })")


def show_heat_map(page: Page) -> None:
    switch = page.locator("#show-heat")
    if switch.count():
        switch.check()


def submit_nothing(page: Page) -> None:
    page.evaluate("document.querySelectorAll('main form').forEach(form => { form.noValidate = true; })")
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_load_state()


def open_menu(page: Page) -> None:
    page.locator("header summary").last.click()


@dataclass(frozen=True, slots=True)
class State:
    name: str
    who: str  # as in cast.py; nobody: ""
    path: str  # with the ids of cast.py in braces
    steps: Callable[[Page], None] | None = None


STATES = (
    State("landing", "", "/"),
    State("example", "", "/examples/face-swap/"),
    State("help", "", "/help/"),
    State("glossary", "", "/help/glossary/"),
    State("questions", "", "/help/questions/"),
    State("models", "", "/models/"),
    State("capabilities", "", "/capabilities/"),
    State("transparency", "", "/transparency/"),
    State("model", "", "/models/synthesis/1/"),
    State("check", "", "/check/"),
    State("shared", "", "/shared/{share}/"),
    State("sign-up-refused", "", "/accounts/signup/", submit_nothing),
    State("not-found", "", "/no/such/page/"),
    State("api", "", "/api/v1/docs/"),
    State("api-scans", "", "/api/v1/docs/scans/"),
    State("home-empty", "newcomer", "/"),
    State("library-empty", "newcomer", "/scans/"),
    State("home", "uploader", "/"),
    State("menu", "uploader", "/help/outcomes/", open_menu),
    State("upload", "uploader", "/scans/new/"),
    State("upload-chosen", "uploader", "/scans/new/", choose_files),
    State("result-likely", "uploader", "/scans/{likely}/", show_heat_map),
    State("result-sections", "uploader", "/scans/{inconclusive}/", open_sections),
    State("result-film", "uploader", "/scans/{film}/"),
    State("result-no-face", "uploader", "/scans/{no-face}/"),
    State("result-failed", "uploader", "/scans/{failed}/"),
    State("result-decided", "uploader", "/scans/{decided}/"),
    State("statement", "uploader", "/scans/{decided}/statement/"),
    State("compare", "uploader", "/compare/?a={likely}&b={inconclusive}"),
    State("library-grid", "uploader", "/scans/?view=grid"),
    State("library-table", "uploader", "/scans/?view=table"),
    State("batch", "uploader", "/scans/batches/{batch}/"),
    State("case", "uploader", "/scans/cases/{case}/"),
    State("delete", "uploader", "/scans/{likely}/delete/"),
    State("trash", "uploader", "/scans/trash/"),
    State("notifications", "uploader", "/notifications/"),
    State("profile", "uploader", "/profile/"),
    State("keys", "uploader", "/profile/keys/"),
    State("privacy", "uploader", "/profile/privacy/"),
    State("home-moderator", "moderator", "/"),
    State("desk", "moderator", "/admin/"),
    State("queue", "moderator", "/admin/scans/reviewitem/"),
    State("review", "moderator", "/admin/scans/reviewitem/{item}/change/"),
    State("decisions", "lead", "/admin/scans/decision/"),
    State("insight", "lead", "/admin/scans/reviewitem/insight/"),
    State("rule", "lead", "/admin/scans/rule/add/"),
    State("home-admin", "admin", "/"),
    State("models-admin", "admin", "/admin/scans/panelversion/models/"),
    State("health", "admin", "/admin/system/health/"),
    State("settings", "admin", "/admin/system/settings/"),
    State("events", "admin", "/admin/scans/event/"),
)
