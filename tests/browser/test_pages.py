"""Every page, in both themes and on a phone: no barrier, no complaint, nothing that sticks out."""

import os
from collections.abc import Iterable

from playwright.sync_api import Page, expect

from . import people
from .conftest import START_AXE, Site, Window

RULES = {
    "preload": False,
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
# What is in order is most of what axe finds: only what is not leaves the browser.
VIOLATIONS = """rules => axe.run(document, rules).then(
  ({violations}) => violations.map(({id, nodes}) => [id, nodes.map(({html}) => html.slice(0, 160))]))"""
FOR_STRANGERS = (
    "/", "/accounts/login/", "/accounts/signup/", "/accounts/confirm-email/", "/accounts/confirm-email/a-b/",
    "/accounts/password/reset/", "/accounts/password/reset/done/", "/accounts/password/reset/key/1-a-b/",
    "/accounts/password/reset/key/done/", "/accounts/inactive/", "/no/such/page/", "/rules/", "/help/",
    "/help/outcomes/", "/help/glossary/", "/help/questions/", "/privacy/", "/status/", "/models/",
    "/signing-keys/", "/api/v1/docs/library/", "/capabilities/", "/transparency/",
    "/examples/film/", "/examples/face-swap/",
)  # fmt: skip
FOR_PEOPLE = (
    "/", "/profile/", "/profile/keys/", "/profile/privacy/", "/accounts/email/", "/accounts/password/change/",
    "/accounts/2fa/", "/accounts/2fa/webauthn/", "/accounts/sessions/", "/accounts/logout/", "/notifications/",
)  # fmt: skip
AFTER_A_PROOF = ("/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/add/")
AT_THE_DESK = (
    "/admin/", "/admin/accounts/user/", "/admin/accounts/user/add/", "/admin/accounts/user/1/change/",
    "/admin/accounts/apikey/", "/admin/accounts/erasure/", "/admin/admin/logentry/", "/admin/auth/group/",
    "/admin/auth/group/add/", "/admin/auth/group/1/change/", "/admin/system/health/", "/admin/system/settings/",
    "/admin/system/mail/", "/admin/scans/endpoint/", "/admin/scans/endpoint/add/", "/admin/scans/delivery/",
    "/admin/scans/panelversion/models/",
)  # fmt: skip


WIDTHS = (320, 390, 768, 1280)
AFTER_TWO_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
OVERFLOWING = """() => {
  const clipped = (part, box) => {
    for (let at = part.parentElement; at && at !== box; at = at.parentElement)
      if (getComputedStyle(at).overflowX !== "visible") return true;
    return getComputedStyle(box).overflowX !== "visible";
  };
  const wrong = document.documentElement.scrollWidth > innerWidth ? ["the page"] : [];
  const list = document.querySelector("#changelist .results");
  if (list && innerWidth <= 896 && list.scrollWidth > list.clientWidth + 1) wrong.push("the list");
  for (const box of document.querySelectorAll("main .card, main .panel, main .note, main form, .top, .foot")) {
    const edge = box.getBoundingClientRect().right + 1;
    const out = [...box.querySelectorAll("*")].find(
      (part) => part.getBoundingClientRect().right > edge && part.checkVisibility() && !clipped(part, box)
        && !part.closest(".unseen, .skip, svg svg"));
    if (out) wrong.push(out.outerHTML.slice(0, 120));
  }
  for (const menu of document.querySelectorAll("details.menu:not([open])")) {
    menu.open = true;
    const box = menu.querySelector(":scope > div").getBoundingClientRect();
    if (box.left < 0 || box.right > innerWidth) wrong.push(`an open menu: ${menu.innerText.slice(0, 60)}`);
    menu.open = false;
  }
  return wrong;
}"""


def look_at(page: Page, where: str) -> list[str]:
    wrong = look_at_the_german(page, where)
    page.goto(where)
    return wrong + look_again(page, where)


def look_at_the_german(page: Page, where: str) -> list[str]:
    """German words are longer. The page is loaded once more, and measured at every width."""
    page.set_extra_http_headers({"Accept-Language": "de"})
    page.goto(where)
    page.set_extra_http_headers({})
    return measure(page, f"{where} in German")


def measure(page: Page, where: str) -> list[str]:
    """What is wider than the window or than the card that it stands in."""
    wrong = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate(AFTER_TWO_FRAMES)  # a chart takes its new width in the frame after
        wrong += [f"{where} at {width} px: {part}" for part in page.evaluate(OVERFLOWING)]
        if width in (390, 1280):
            take_picture(page, where, width)
    return wrong


def look_again(page: Page, where: str) -> list[str]:
    """What is wrong with the page that stands here, in either theme and at any width."""
    page.evaluate(START_AXE)
    wrong = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for rule, places in page.evaluate(VIOLATIONS, RULES):
            wrong += [f"{where} {theme} {rule}: {place}" for place in places]
    return wrong + measure(page, where)


def take_picture(page: Page, where: str, width: int) -> None:
    """For the eye: SCREENSHOTS=folder pytest tests/browser/test_pages.py"""
    folder, name = os.environ.get("SCREENSHOTS"), where.strip("/").replace("/", "-") or "front"
    for theme in ("light", "dark") if folder else ():
        page.emulate_media(color_scheme=theme)
        page.screenshot(path=f"{folder}/{name}-{theme}-{width}.png", full_page=True)


def look_at_all(page: Page, addresses: Iterable[str]) -> list[str]:
    return [wrong for where in addresses for wrong in look_at(page, where)]


def test_a_strangers_pages(window: Window) -> None:
    wrong = look_at_all(window.page, FOR_STRANGERS)
    assert not wrong, "\n".join(wrong)
    assert [said for said in window.complaints if "404" not in said] == []


def test_a_persons_pages(window: Window, site: Site) -> None:
    page, email = window.page, people.new_address()
    people.sign_up(page, site, email)
    people.sign_in(page, email)
    wrong = look_at_all(page, (*FOR_PEOPLE, "/accounts/reauthenticate/"))
    page.goto("/profile/")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    wrong += look_again(page, "/profile/ with a message")
    page.goto(AFTER_A_PROOF[0])
    people.prove_again(page)
    wrong += look_at_all(page, AFTER_A_PROOF)
    page.goto("/profile/keys/")
    page.get_by_label("Name").fill("A program with quite a long name, for a narrow page")
    page.get_by_label("Read scans").check()
    page.get_by_role("button", name="Create key").click()
    expect(page.locator("input.secret")).to_be_visible()
    wrong += look_again(page, "/profile/keys/ with a new key")
    people.set_up_totp(page)
    wrong += look_at_all(page, ("/accounts/2fa/", "/accounts/2fa/recovery-codes/"))
    assert not wrong, "\n".join(wrong)
    assert not window.complaints, "\n".join(window.complaints)


def test_the_desk(window: Window, site: Site) -> None:
    page, email = window.page, people.new_address()
    people.sign_up(page, site, email)
    site.shell.run(MAKE_ADMIN.format(email=email))
    people.sign_in(page, email)
    wrong = look_at(page, "/admin/")  # the page that asks for a second factor
    people.set_up_totp(page)
    wrong += look_at_all(page, AT_THE_DESK)
    assert not wrong, "\n".join(wrong)
    said = [said for said in window.complaints if "403" not in said]
    assert not said, "\n".join(said)


MAKE_ADMIN = """
from accounts import roles
from accounts.models import User
roles.give(User.objects.get(email="{email}"), roles.ADMIN)
"""
