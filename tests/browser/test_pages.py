"""Every page, in both themes and on a phone: no barrier, no complaint, nothing that sticks out."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from . import people
from .conftest import Site, Window

pytestmark = pytest.mark.xdist_group("site")

AXE = Path(__file__).with_name("axe.min.js").read_text()
FOR_STRANGERS = (
    "/", "/accounts/login/", "/accounts/signup/", "/accounts/confirm-email/", "/accounts/confirm-email/a-b/",
    "/accounts/password/reset/", "/accounts/password/reset/done/", "/accounts/password/reset/key/1-a-b/",
    "/accounts/password/reset/key/done/", "/accounts/inactive/", "/no/such/page/",
)  # fmt: skip
FOR_PEOPLE = (
    "/", "/profile/", "/profile/keys/", "/profile/privacy/", "/accounts/email/", "/accounts/password/change/",
    "/accounts/2fa/", "/accounts/2fa/webauthn/", "/accounts/sessions/", "/accounts/logout/",
)  # fmt: skip
AFTER_A_PROOF = ("/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/add/")
AT_THE_DESK = (
    "/admin/", "/admin/accounts/user/", "/admin/accounts/user/add/", "/admin/accounts/user/1/change/",
    "/admin/accounts/apikey/", "/admin/accounts/erasure/", "/admin/admin/logentry/",
)  # fmt: skip


def look_at(page: Page, where: str, theme: str) -> list[str]:
    """What is wrong with the page at this address."""
    page.goto(where)
    page.evaluate(AXE)
    rules = {"preload": False, "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = page.evaluate("rules => axe.run(document, rules)", rules)["violations"]
    wrong = [f"{where} {theme} {v['id']}: {node['html'][:160]}" for v in found for node in v["nodes"]]
    for width in (1280, 390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong.append(f"{where} sticks out at {width} px")
        if (shots := os.environ.get("SCREENSHOTS")) and width != 320:
            name = where.strip("/").replace("/", "-") or "front"
            page.screenshot(path=f"{shots}/{name}-{theme}-{width}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 800})
    return wrong


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_strangers_pages(open_window: Callable[..., Window], theme: str) -> None:
    window = open_window(theme)
    wrong = [wrong for where in FOR_STRANGERS for wrong in look_at(window.page, where, theme)]
    assert not wrong, "\n".join(wrong)
    assert [said for said in window.complaints if "404" not in said] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_persons_pages(open_window: Callable[..., Window], site: Site, theme: str) -> None:
    window, email = open_window(theme), people.new_address()
    page = window.page
    people.sign_up(page, site, email)
    people.sign_in(page, email)
    wrong = [wrong for where in FOR_PEOPLE for wrong in look_at(page, where, theme)]
    wrong += look_at(page, "/accounts/reauthenticate/", theme)
    page.goto(AFTER_A_PROOF[0])
    people.prove_again(page)
    wrong += [wrong for where in AFTER_A_PROOF for wrong in look_at(page, where, theme)]
    people.set_up_totp(page)
    wrong += [
        wrong for where in ("/accounts/2fa/", "/accounts/2fa/recovery-codes/") for wrong in look_at(page, where, theme)
    ]
    assert not wrong, "\n".join(wrong)
    assert not window.complaints, "\n".join(window.complaints)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_desk(open_window: Callable[..., Window], site: Site, manage: Callable[..., str], theme: str) -> None:
    window, email = open_window(theme), people.new_address()
    page = window.page
    people.sign_up(page, site, email)
    manage("shell", "-c", MAKE_ADMIN.format(email=email))
    people.sign_in(page, email)
    page.goto("/admin/")
    wrong = look_at(page, "/admin/", theme)  # the page that asks for a second factor
    people.set_up_totp(page)
    wrong += [wrong for where in AT_THE_DESK for wrong in look_at(page, where, theme)]
    assert not wrong, "\n".join(wrong)
    said = [said for said in window.complaints if "403" not in said]
    assert not said, "\n".join(said)


MAKE_ADMIN = """
from accounts import roles
from accounts.models import User
roles.give(User.objects.get(email="{email}"), roles.ADMIN)
"""
