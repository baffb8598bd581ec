"""The desk in a real browser: ten items decided by the keyboard alone, one taken back, and what waits for a lead."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from . import people
from .conftest import Site, Window
from .test_pages import look_again, look_at_all

ITEM = re.compile(r"/admin/scans/item/\d+/change/$")
LISTS = (
    "/admin/scans/item/", "/admin/scans/scan/", "/admin/scans/decision/", "/admin/scans/rule/",
    "/admin/scans/rule/add/", "/admin/scans/reviewqueue/", "/admin/scans/policy/add/", "/admin/scans/event/",
)  # fmt: skip
PUT_IN_A_QUEUE = """
from accounts import roles
from accounts.models import User
from scans import routing
from scans.models import *
Item.objects.all().delete()
Rule.objects.update(active=False)
lead = User.objects.get(email="{email}")
roles.give(lead, roles.LEAD)
owner = User.objects.create_user("owner-{email}")
queue = ReviewQueue.objects.get(slug="review")
for number in range(11):
    known = {{"sha256": "0" * 64, "bytes": 1, "status": "analysed", "kind": "image"}}
    scan = Scan.objects.create(owner=owner, name=f"file {{number}}", **known)
    scan.assessments.create(outcome="inconclusive", score=0.5, version="1")
    routing.put(scan, queue, Reason.HAND)
Item.objects.update(blind=False)
"""


def at_the_desk(page: Page, site: Site, manage: Callable[..., str]) -> None:
    email = people.new_address()
    people.sign_up(page, site, email)
    manage("shell", "-c", PUT_IN_A_QUEUE.format(email=email))
    people.sign_in(page, email)
    people.set_up_totp(page)


def test_ten_items_are_decided_without_a_mouse(window: Window, site: Site, manage: Callable[..., str]) -> None:
    page = window.page
    at_the_desk(page, site, manage)
    wrong = look_at_all(page, LISTS)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/admin/scans/item/")
    button = page.get_by_role("button", name="Take the next one")
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(ITEM)
    wrong += look_again(page, "/admin/scans/item/review/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("u")
    expect(page.get_by_text("Show it clearly")).to_be_hidden()
    for number in range(10):
        heading = page.get_by_role("heading", level=1)
        expect(heading).to_have_text(f"file {number}")
        page.keyboard.press("3")
        page.keyboard.press("Enter")
        expect(heading).to_have_text(f"file {number + 1}")
    page.keyboard.press("z")
    expect(page.get_by_text("Taken back. Nobody was told.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("file 9")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("file 10")
    assert not wrong, "\n".join(wrong)
    assert not window.complaints, "\n".join(window.complaints)
