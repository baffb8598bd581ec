"""What a person does at the site, step by step."""

import time
import uuid

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Page, expect

from .conftest import Site

PASSWORD = "a long enough phrase"
JOIN = """
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.test import Client
from accounts import roles, rules
from accounts.models import User

user = User.objects.create_user({email!r}, {password!r})
EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
roles.give(user, roles.UPLOADER, *map(roles.Role, {their_roles!r}))
rules.accept(user)
browser = Client(SERVER_NAME="localhost")
browser.force_login(user)
if {their_roles!r}:
    TOTP.activate(user, generate_totp_secret())
    answer = browser.post("/accounts/reauthenticate/", {{"password": {password!r}}})
    assert answer.status_code == 302, answer.content
print(settings.SESSION_COOKIE_NAME, browser.cookies[settings.SESSION_COOKIE_NAME].value)
"""


def new_address() -> str:
    return f"ann-{uuid.uuid4().hex[:8]}@example.org"


def sign_up(page: Page, site: Site, email: str) -> None:
    """From the front page to a confirmed address; from then on the person is signed in."""
    page.goto("/")
    page.get_by_role("navigation").get_by_role("link", name="Sign up").click()
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password (again)").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign up").click()
    expect(page.get_by_text("VAR_DIR/mail")).to_be_visible()
    page.goto(site.link_in_mail_to(email))
    page.get_by_role("main").get_by_role("button", name="Confirm").click()
    page.wait_for_url("**/rules/**")


def enter(page: Page, site: Site, *their_roles: str) -> str:
    """Signed in as a new person who has accepted the rules; with a role at the desk, also with a second factor and
    the password given just now. Returns their address.

    tests/browser/test_people.py and the newcomer's journey go there by the pages.
    """
    email = new_address()
    name, session = site.shell.run(JOIN.format(email=email, password=PASSWORD, their_roles=their_roles)).split()
    page.context.add_cookies([{"name": name, "value": session, "url": site.address}])
    page.goto("/scans/new/")
    return email


def sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    """Where they are not signed in yet, as after confirming their address."""
    page.goto("/accounts/login/")
    if "/accounts/login/" not in page.url:
        return
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


def open_menu(page: Page, name: str = "Account") -> None:
    page.get_by_role("banner").locator(f"summary[aria-label='{name}']").click()


def sign_out(page: Page) -> None:
    open_menu(page)
    page.get_by_role("banner").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("banner").get_by_role("link", name="Sign in")).to_be_visible()


def prove_again(page: Page) -> None:
    """Answer the question for the password, where a sensitive act asks for it."""
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Confirm").click()


def code_of(secret: str, *, step: int = 0) -> str:
    """What an authenticator app would show."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + step))


def set_up_totp(page: Page) -> str:
    """Turn an authenticator app on; its secret."""
    page.goto("/accounts/2fa/totp/activate/")
    if "reauthenticate" in page.url:
        prove_again(page)
    secret = page.locator("#authenticator_secret").input_value()
    page.locator("input[name=code]").fill(code_of(secret))
    page.get_by_role("main").locator("button[type=submit]").last.click()
    expect(page.get_by_role("heading", name="Recovery")).to_be_visible()
    return secret
