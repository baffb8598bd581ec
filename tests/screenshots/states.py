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


def send_form(page: Page) -> None:
    page.locator("main form:not([method=dialog]) button[type=submit]").first.click()
    page.wait_for_load_state()


def ask_for_reset(page: Page) -> None:
    page.locator("input[type=email]").fill("uploader@example.org")
    send_form(page)


STATES = (
    State("landing", "", "/"),
    State("example", "", "/examples/face-swap/"),
    State("help", "", "/help/"),
    State("help-outcomes", "", "/help/outcomes/"),
    State("glossary", "", "/help/glossary/"),
    State("questions", "", "/help/questions/"),
    State("privacy-notice", "", "/privacy/"),
    State("status", "", "/status/"),
    State("rules-of-use", "", "/rules/"),
    State("models", "", "/models/"),
    State("capabilities", "", "/capabilities/"),
    State("transparency", "", "/transparency/"),
    State("model", "", "/models/synthesis/2/"),
    State("signing-keys", "", "/signing-keys/"),
    State("check", "", "/check/"),
    State("check-registered", "", "/check/?code={report-likely}"),
    State("check-superseded", "", "/check/?code={report-decided}"),
    State("check-withdrawn", "", "/check/?code={report-inconclusive}"),
    State("check-unknown", "", "/check/?code=AAAA-BBBB-CCCC"),
    State("shared-likely", "", "/shared/{share-likely}/"),
    State("shared-film", "", "/shared/{share-film}/"),
    State("shared-inconclusive", "", "/shared/{share-inconclusive}/"),
    State("shared-little", "", "/shared/{share-little}/"),
    State("shared-no-face", "", "/shared/{share-no-face}/"),
    State("shared-unable", "", "/shared/{share-unable}/"),
    State("shared-decided", "", "/shared/{share-decided}/"),
    State("shared-appealed", "", "/shared/{share-appealed}/"),
    State("shared-ended", "", "/shared/{share-ended}/"),
    State("shared-case", "", "/shared/cases/{case-link}/"),
    State("sign-in", "", "/accounts/login/"),
    State("sign-up-refused", "", "/accounts/signup/", submit_nothing),
    State("password-reset", "", "/accounts/password/reset/"),
    State("password-reset-sent", "", "/accounts/password/reset/", ask_for_reset),
    State("not-found", "", "/no/such/page/"),
    State("api", "", "/api/v1/docs/"),
    State("api-scans", "", "/api/v1/docs/scans/"),
    State("home-empty", "newcomer", "/"),
    State("library-empty", "newcomer", "/scans/"),
    State("cases-empty", "newcomer", "/scans/cases/"),
    State("notifications-empty", "newcomer", "/notifications/"),
    State("keys-empty", "newcomer", "/profile/keys/"),
    State("home", "uploader", "/"),
    State("menu", "uploader", "/help/outcomes/", open_menu),
    State("upload", "uploader", "/scans/new/"),
    State("upload-chosen", "uploader", "/scans/new/", choose_files),
    State("camera", "uploader", "/scans/camera/"),
    State("result-likely", "uploader", "/scans/{likely}/", show_heat_map),
    State("result-sections", "uploader", "/scans/{inconclusive}/", open_sections),
    State("result-film", "uploader", "/scans/{film}/"),
    State("result-no-face", "uploader", "/scans/{no-face}/"),
    State("result-failed", "uploader", "/scans/{failed}/"),
    State("result-unable", "uploader", "/scans/{unable}/"),
    State("result-decided", "uploader", "/scans/{decided}/"),
    State("result-appealed", "uploader", "/scans/{little}/"),
    State("statement", "uploader", "/scans/{decided}/statement/"),
    State("evidence", "uploader", "/scans/{decided}/evidence/"),
    State("compare-choose", "uploader", "/compare/?a={likely}"),
    State("compare", "uploader", "/compare/?a={likely}&b={inconclusive}"),
    State("library-grid", "uploader", "/scans/?view=grid"),
    State("library-table", "uploader", "/scans/?view=table"),
    State("batch", "uploader", "/scans/batches/{batch}/"),
    State("cases", "uploader", "/scans/cases/"),
    State("case", "uploader", "/scans/cases/{case}/"),
    State("case-delete", "uploader", "/scans/cases/{case}/delete/"),
    State("delete", "uploader", "/scans/{likely}/delete/"),
    State("trash", "uploader", "/scans/trash/"),
    State("notifications", "uploader", "/notifications/"),
    State("profile", "uploader", "/profile/"),
    State("account-email", "uploader", "/accounts/email/"),
    State("account-password", "uploader", "/accounts/password/change/"),
    State("account-second-factor", "uploader", "/accounts/2fa/"),
    State("account-app", "uploader", "/accounts/2fa/totp/activate/"),
    State("account-passkeys", "uploader", "/accounts/2fa/webauthn/"),
    State("account-passkey-new", "uploader", "/accounts/2fa/webauthn/add/"),
    State("account-sessions", "uploader", "/accounts/sessions/"),
    State("keys", "uploader", "/profile/keys/"),
    State("privacy", "uploader", "/profile/privacy/"),
    State("sign-out", "uploader", "/accounts/logout/"),
    State("account-second-factor-on", "moderator", "/accounts/2fa/"),
    State("home-moderator", "moderator", "/"),
    State("desk", "moderator", "/admin/"),
    State("queue", "moderator", "/admin/scans/reviewitem/"),
    State("review", "moderator", "/admin/scans/reviewitem/{item}/change/"),
    State("review-settings", "moderator", "/admin/scans/reviewitem/settings/"),
    State("review-break", "moderator", "/admin/scans/reviewitem/rest/"),
    State("review-appeal", "moderator", "/admin/scans/reviewitem/{appeal-item}/change/"),
    State("decisions", "lead", "/admin/scans/decision/"),
    State("decision", "lead", "/admin/scans/decision/{decision}/change/"),
    State("decision-to-approve", "lead", "/admin/scans/decision/{removal}/change/"),
    State("appeals", "lead", "/admin/scans/appeal/"),
    State("appeal", "lead", "/admin/scans/appeal/{appeal}/change/"),
    State("insight", "lead", "/admin/scans/reviewitem/insight/"),
    State("simulator", "lead", "/admin/scans/reviewitem/simulator/"),
    State("rules", "lead", "/admin/scans/rule/"),
    State("rule", "lead", "/admin/scans/rule/add/"),
    State("rule-change", "lead", "/admin/scans/rule/{rule}/change/"),
    State("queues", "lead", "/admin/scans/reviewqueue/"),
    State("queue-change", "lead", "/admin/scans/reviewqueue/{queue}/change/"),
    State("policies", "lead", "/admin/scans/policy/"),
    State("policy", "lead", "/admin/scans/policy/{policy}/change/"),
    State("replies", "lead", "/admin/scans/cannedreply/"),
    State("reply", "lead", "/admin/scans/cannedreply/add/"),
    State("trusted-sources", "lead", "/admin/scans/trustedsource/"),
    State("trusted-source", "lead", "/admin/scans/trustedsource/add/"),
    State("known-files", "lead", "/admin/scans/knownfile/"),
    State("reference-cases", "lead", "/admin/scans/lockedcase/"),
    State("panel-versions", "lead", "/admin/scans/panelversion/"),
    State("holds", "lead", "/admin/scans/legalhold/"),
    State("hold", "lead", "/admin/scans/legalhold/{hold}/change/"),
    State("skips", "lead", "/admin/scans/skip/"),
    State("scans-admin", "lead", "/admin/scans/scan/"),
    State("scan-admin", "lead", "/admin/scans/scan/{film}/change/"),
    State("home-admin", "admin", "/"),
    State("desk-admin", "admin", "/admin/"),
    State("models-admin", "admin", "/admin/scans/panelversion/models/"),
    State("health", "admin", "/admin/system/health/"),
    State("settings", "admin", "/admin/system/settings/"),
    State("mail", "admin", "/admin/system/mail/"),
    State("events", "admin", "/admin/scans/event/"),
    State("chain", "admin", "/admin/scans/chaincheck/"),
    State("purges", "admin", "/admin/scans/purgerun/"),
    State("assessments", "admin", "/admin/scans/assessment/"),
    State("findings", "admin", "/admin/scans/finding/"),
    State("endpoints", "admin", "/admin/scans/endpoint/"),
    State("endpoint", "admin", "/admin/scans/endpoint/{endpoint}/change/"),
    State("endpoint-new", "admin", "/admin/scans/endpoint/add/"),
    State("deliveries", "admin", "/admin/scans/delivery/"),
    State("people", "admin", "/admin/accounts/user/"),
    State("person", "admin", "/admin/accounts/user/{person}/change/"),
    State("person-new", "admin", "/admin/accounts/user/add/"),
    State("groups", "admin", "/admin/auth/group/"),
    State("keys-admin", "admin", "/admin/accounts/apikey/"),
    State("erasures", "admin", "/admin/accounts/erasure/"),
    State("record-of-settings", "admin", "/admin/admin/logentry/"),
)
