"""The desk in a real browser: ten items decided by the keyboard alone, one taken back, and what waits for a lead."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from .conftest import Site, Window
from .people import enter
from .test_pages import look_again, look_at_all
from .test_scans import hand_in

ITEM = re.compile(r"/admin/scans/reviewitem/\d+/change/$")
LISTS = (
    "/admin/", "/admin/scans/skip/", "/admin/scans/policy/", "/admin/scans/cannedreply/",
    "/admin/scans/reviewitem/", "/admin/scans/reviewitem/?whose=free", "/admin/scans/reviewitem/insight/",
    "/admin/scans/reviewitem/simulator/", "/admin/scans/reviewitem/settings/", "/admin/scans/panelversion/",
    "/admin/scans/knownfile/", "/admin/scans/scan/", "/admin/scans/decision/", "/admin/scans/rule/",
    "/admin/scans/assessment/", "/admin/scans/finding/", "/admin/scans/appeal/", "/admin/scans/trustedsource/",
    "/admin/scans/rule/add/", "/admin/scans/reviewqueue/", "/admin/scans/policy/add/", "/admin/scans/event/",
)  # fmt: skip
PUT_IN_A_QUEUE = """
from django.utils import timezone
from accounts.models import User
from scans.analysis import routing
from scans.models import *
ReviewItem.objects.open().update(closed_at=timezone.now(), holder=None)
Rule.objects.update(active=False)
lead = User.objects.get(email="{email}")
CannedReply.objects.get_or_create(title="Thanks", text="Thank you for {{name}}.")
SavedFilter.objects.create(person=lead, name="free", query="whose=free")
owner = User.objects.create_user("owner-{email}")
queue = ReviewQueue.objects.get(slug="review")
for number in range(11):
    known = {{"sha256": "0" * 64, "bytes": 1, "status": "analysed", "kind": "image"}}
    scan = Scan.objects.create(owner=owner, name=f"file {{number}}", **known)
    scan.assessments.create(outcome="inconclusive", score=0.5, version="1")
    routing.put(scan, queue, Reason.HAND)
ReviewItem.objects.update(blind=False)
"""


def at_the_desk(page: Page, site: Site) -> None:
    email = enter(page, site, "lead")
    site.shell.run(PUT_IN_A_QUEUE.format(email=email))


def fits_the_screen(page: Page) -> None:
    """At 1280 by 800 pixels, without scrolling: the file left, the decision right of it."""
    decide = page.get_by_role("button", name="Decide and open next").bounding_box()
    media = page.locator(".looked").bounding_box()
    assert decide
    assert media
    assert decide["y"] + decide["height"] <= 800
    assert media["x"] + media["width"] <= decide["x"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def the_action_follows_the_label(page: Page) -> None:
    """Until somebody chooses one; by keys alone."""
    for key, action in (("1", "Label"), ("2", "Keep"), ("9", "Remove"), ("1", "Remove"), ("6", "Keep")):
        page.keyboard.press(key)
        expect(page.get_by_label(action, exact=True)).to_be_checked()


def a_chart_tells_its_values_to_pointer_and_keys(page: Page) -> None:
    """Today's decisions stand in the last column; the table has the same number."""
    page.goto("/admin/scans/reviewitem/insight/")
    chart = page.locator("figure", has_text="Decisions per day")
    plot, tip, table = chart.get_by_label("Decisions per day"), chart.locator(".tip"), chart.get_by_role("table")
    expect(plot.locator("canvas")).to_be_visible()
    expect(table).to_be_hidden()
    chart.get_by_role("button", name="Show as a table").click()
    today = table.get_by_role("row").last
    day, count = today.get_by_role("rowheader").inner_text(), today.get_by_role("cell").inner_text()
    assert int(count) >= 10
    plot.first.focus()
    page.keyboard.press("End")
    expect(tip).to_contain_text(f"{day}{count}")
    expect(chart.get_by_role("status")).to_have_text(f"{day}: {count}")
    page.keyboard.press("ArrowLeft")
    expect(tip).not_to_contain_text(day)
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    box = plot.locator(".u-over").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] - 5, box["y"] + 20)
    expect(tip).to_contain_text(day)


def test_ten_items_are_decided_without_a_mouse(window: Window, site: Site) -> None:
    page = window.page
    at_the_desk(page, site)
    wrong = look_at_all(page, LISTS)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/admin/scans/reviewitem/")
    button = page.get_by_role("button", name="Claim the next item")
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(ITEM)
    wrong += look_again(page, "/admin/scans/reviewitem/review/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("u")
    expect(page.get_by_text("Show unblurred")).to_be_hidden()
    fits_the_screen(page)
    the_action_follows_the_label(page)
    for number in range(10):
        heading = page.get_by_role("heading", level=1)
        expect(heading).to_have_text(f"file {number}")
        page.keyboard.press("3")
        page.keyboard.press("Enter")
        expect(heading).to_have_text(f"file {number + 1}")
    page.get_by_label("Canned reply").select_option("Thanks")
    expect(page.get_by_label("Note to the uploader")).to_have_value("Thank you for file 10.")
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("z")
    expect(page.get_by_text("Undone. Nobody was notified.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("file 9")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("file 10")
    a_chart_tells_its_values_to_pointer_and_keys(page)
    assert not wrong, "\n".join(wrong)
    assert not window.complaints, "\n".join(window.complaints)


IN_THE_QUEUE = """
from scans.analysis import routing
from scans.models import *
ReviewItem.objects.open().delete()
routing.put(Scan.objects.get(pk="{scan}"), ReviewQueue.objects.get(slug="review"), Reason.HAND)
ReviewItem.objects.update(blind=False)
"""


def test_a_film_plays_with_its_faces_framed_beside_the_decision(
    open_window: Callable[..., Window], site: Site, film: Path
) -> None:
    uploader, window = open_window().page, open_window()
    page = window.page
    enter(uploader, site)
    hand_in(uploader, film)
    at_the_desk(page, site)
    site.shell.run(IN_THE_QUEUE.format(scan=uploader.url.rstrip("/").rpartition("/")[2]))
    page.set_viewport_size({"width": 1280, "height": 800})
    take_the_next(page)
    expect(page.locator("video")).to_have_css("filter", re.compile("blur"))
    page.keyboard.press("u")
    expect(page.locator("video")).to_have_css("filter", "none")
    fits_the_screen(page)
    for part in (".looked video", ".face-strip .face", ".plot", ".stretches"):
        box = page.locator(part).first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 800, f"{part} needs scrolling"
    group, frame = page.locator(".face-box").first, page.locator(".face-box rect").first
    page.locator(".shots a").first.click()
    expect(group).to_be_visible()
    page.keyboard.press("p")
    expect(page.locator("#seek")).to_have_attribute("aria-valuenow", re.compile(r"^[1-9]"))
    page.keyboard.press("p")
    left = float(frame.get_attribute("x") or "nan")
    page.keyboard.press("ArrowRight")
    expect(frame).not_to_have_attribute("x", f"{left:.1f}")
    page.keyboard.press("f")
    expect(group).to_be_hidden()
    wrong = look_again(page, "/a film at the desk/")
    assert not wrong, "\n".join(wrong)
    assert not window.complaints, "\n".join(window.complaints)


ONE_FILE = """
from accounts.models import User
from scans.analysis import routing
from scans.models import *
Rule.objects.update(active=False)
ReviewItem.objects.open().delete()
owner = User.objects.get(email="{owner}")
scan = Scan.objects.create(owner=owner, name="my face", sha256="0" * 64, bytes=1, status="analysed", kind="image")
scan.assessments.create(outcome="likely_manipulated", score=0.95, version="1")
Policy.objects.get_or_create(code="faces", defaults=dict(title="Faces", text="No made-up faces."))
routing.put(scan, ReviewQueue.objects.get(slug="review"), Reason.HAND)
ReviewItem.objects.update(blind=False)
"""
SETTLED = """
from django.utils import timezone
from scans.models import Decision
Decision.objects.update(settles_at=timezone.now())
"""


def take_the_next(page: Page) -> None:
    page.goto("/admin/scans/reviewitem/")
    page.get_by_role("button", name="Claim the next item").first.click()
    page.wait_for_url(ITEM)


def test_removed_by_two_objected_to_and_turned_over_by_a_third(open_window: Callable[..., Window], site: Site) -> None:
    names = ("owner", "first", "second", "third", "stranger")
    pages = {name: open_window().page for name in names}
    emails = {
        name: enter(page, site, *(["lead"] if name in ("first", "second", "third") else []))
        for name, page in pages.items()
    }
    site.shell.run(ONE_FILE.format(owner=emails["owner"]))

    first = pages["first"]
    take_the_next(first)
    first.get_by_label("Manipulated", exact=True).check()
    first.get_by_label("Remove").check()
    first.get_by_role("button", name="Decide and open next").click()
    expect(first.get_by_text("There are no items for you to review.")).to_be_visible()

    second = pages["second"]
    take_the_next(second)
    expect(second.get_by_text("decided: Manipulated, Remove.")).to_be_visible()
    second.get_by_role("button", name="Approve").click()
    expect(second.get_by_text("Approved. The decision is in force")).to_be_visible()
    site.shell.run(SETTLED)

    owner = pages["owner"]
    owner.goto("/scans/")
    owner.get_by_role("link", name="my face").first.click()
    where = owner.url
    expect(owner.get_by_role("heading", name="Decision")).to_be_visible()
    owner.get_by_text("Appeal this decision").click()
    owner.get_by_label("Why is the decision wrong?").fill("That is my own face.")
    owner.get_by_role("button", name="Send the appeal").click()
    assert pages["stranger"].goto(where).status == 404  # type: ignore[union-attr]

    first.goto("/admin/scans/reviewitem/")
    first.get_by_role("button", name="Claim the next item").first.click()
    expect(first.get_by_text("There are no items for you to review.")).to_be_visible()
    first.get_by_role("link", name="my face").first.click()
    expect(first.get_by_role("button", name="Decide and open next")).to_have_count(0)

    third = pages["third"]
    take_the_next(third)
    expect(third.get_by_text("That is my own face.").first).to_be_visible()
    third.get_by_label("Inconclusive").check()
    third.get_by_label("Note to the uploader").fill("You are right: nobody can tell.")
    third.get_by_role("button", name="Decide and open next").click()
    expect(third.get_by_text("There are no items for you to review.")).to_be_visible()
    site.shell.run(SETTLED)
    owner.goto(where)
    expect(owner.get_by_text("You are right: nobody can tell.").first).to_be_visible()
