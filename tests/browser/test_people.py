"""A person's way through the site, in a real browser against every real process."""

import json
import urllib.request

from playwright.sync_api import expect

from . import people
from .conftest import Site, Window


def test_sign_up_follow_the_mail_set_up_totp_sign_out_and_in_with_it(window: Window, site: Site) -> None:
    page, email = window.page, people.new_address()
    people.sign_up(page, site, email)
    people.sign_in(page, email)
    secret = people.set_up_totp(page)
    people.sign_out(page)
    people.sign_in(page, email)
    expect(page).to_have_url(f"{site.address}/accounts/2fa/authenticate/")
    page.locator("input[name=code]").fill("000000")
    page.get_by_role("main").get_by_role("button", name="Sign in").first.click()
    expect(page.locator("main .errorlist, main [role=alert]").first).to_be_visible()
    page.locator("input[name=code]").fill(people.code_of(secret, step=1))  # the first code has been used up
    page.get_by_role("main").get_by_role("button", name="Sign in").first.click()
    people.open_menu(page)
    expect(page.get_by_role("banner").get_by_role("button", name="Sign out")).to_be_visible()
    assert window.complaints == []


def test_a_passkey_signs_in_without_a_password(window: Window, site: Site) -> None:
    page, email = window.page, people.new_address()
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    people.sign_up(page, site, email)
    people.sign_in(page, email)
    page.goto("/accounts/2fa/webauthn/add/")
    people.prove_again(page)
    page.locator("input[name=passwordless]").check()
    page.locator("#mfa_webauthn_add").click()
    expect(page.get_by_role("heading", name="Recovery")).to_be_visible()
    people.sign_out(page)
    page.goto("/accounts/login/")
    page.locator("#passkey_login").click()
    people.open_menu(page)
    expect(page.get_by_role("banner").get_by_role("button", name="Sign out")).to_be_visible()
    assert window.complaints == []


def test_a_passkey_that_does_not_work_says_so_on_the_page(window: Window) -> None:
    page = window.page
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasUserVerification": True, "hasResidentKey": True}
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})  # one that knows no key of this site
    page.goto("/accounts/login/")
    page.locator("#passkey_login").click()
    expect(page.get_by_role("alert")).to_contain_text("The passkey didn't work")


def test_signing_in_and_making_a_key_needs_no_mouse(window: Window, site: Site) -> None:
    page, email = window.page, people.new_address()
    people.sign_up(page, site, email)
    people.sign_out(page)

    def tab_to(selector: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.locator(f":focus:is({selector})").count():
                return
        raise AssertionError(f"the keyboard never reaches {selector}")

    page.goto("/accounts/login/")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    tab_to("input[name=login]")
    page.keyboard.type(email)
    page.keyboard.press("Tab")
    page.keyboard.type(people.PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.address}/")
    profile = page.get_by_role("banner").locator("a[href='/profile/']")
    expect(profile).to_be_hidden()
    tab_to("summary[aria-label='Account']")
    page.keyboard.press("Enter")
    expect(profile).to_be_visible()
    page.keyboard.press("Escape")
    expect(profile).to_be_hidden()
    expect(page.locator("summary[aria-label='Account']")).to_be_focused()
    page.keyboard.press("Space")
    tab_to("a[href='/profile/']")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.address}/profile/")
    tab_to("a[href='/profile/keys/']")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.address}/profile/keys/")
    tab_to("input[name=name]")
    page.keyboard.type("Importer")
    tab_to("input[name=scopes][value='scans:read']")
    page.keyboard.press("Space")
    tab_to("form[action='/profile/keys/new/'] button")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).not_to_have_text("API keys")
    tab_to("input[name=password]")
    page.keyboard.type(people.PASSWORD)
    page.keyboard.press("Enter")
    secret = page.locator("input.secret").input_value()
    asked = urllib.request.Request(f"{site.address}/api/v1/me", headers={"Authorization": f"Bearer {secret}"})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        assert json.load(answer)["scopes"] == ["scans:read"]


def test_language_and_theme_are_chosen_without_javascript(browser, site: Site) -> None:
    context = browser.new_context(base_url=site.address, java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto("/accounts/login/")
    people.open_menu(page, "Language and colours")
    page.get_by_role("button", name="Deutsch").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    people.open_menu(page, "Sprache und Farben")
    page.get_by_role("button", name="Dunkel").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page).to_have_url(f"{site.address}/accounts/login/")
    context.close()


def test_the_request_id_of_a_sign_up_stands_in_the_workers_log(window: Window, site: Site) -> None:
    email = people.new_address()
    window.page.context.set_extra_http_headers({"X-Request-ID": f"browser-{email.partition('@')[0]}"})
    people.sign_up(window.page, site, email)
    lines = [line for log in (site.folder / "log").glob("post*") for line in log.read_text().splitlines()]
    said = [json.loads(line) for line in lines if line.startswith("{") and "accounts.mail.deliver" in line]
    assert f"browser-{email.partition('@')[0]}" in [line.get("request_id") for line in said]
