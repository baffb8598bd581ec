"""The library by mouse and keys: selecting, tagging with undo, cases that are shared, and searches under a name."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from ..scans.conftest import portrait
from .conftest import Site, Window
from .people import enter
from .test_pages import look_again, look_at_all, measure


def upload_three(page: Page) -> None:
    page.goto("/")
    files = [
        {"name": f"{name}.jpg", "mimeType": "image/jpeg", "buffer": portrait(side)}
        for name, side in (("first", 300), ("second", 310), ("third", 320))
    ]
    page.locator("#id_files").set_input_files(files)
    page.get_by_role("button", name="Upload 3 files").click()
    page.wait_for_url(re.compile("/scans/batches/"))
    expect(page.get_by_text("3 of 3 analysed")).to_be_visible()


def test_scans_are_found_tagged_collected_and_shared(open_window: Callable[..., Window], site: Site) -> None:
    window = open_window()
    page = window.page
    enter(page, site)
    upload_three(page)
    wrong = look_at_all(page, ["/", "/scans/", "/scans/?view=table", "/scans/?view=grid&kind=image"])

    page.goto("/scans/")
    for menu in ("Tag", "Add to case", "Export"):
        page.locator(".bulk summary", has_text=menu).click()
        wrong += measure(page, f"/scans/ with the menu {menu}/")
        page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("second")
    page.keyboard.press("Enter")
    expect(page.get_by_role("checkbox", name="Select second.jpg")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Select first.jpg")).to_have_count(0)
    page.get_by_role("link", name="Show all").first.click()

    boxes = page.get_by_role("checkbox", name=re.compile("^Select "))
    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(page.get_by_text("3 selected")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("3 scans")).to_be_visible()
    boxes.nth(0).focus()
    page.keyboard.press("Space")
    page.locator("summary", has_text="Tag").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Tag", exact=True).fill("vote")
    wrong += look_again(page, "/scans/ with an open menu/")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 scan tagged “vote”")).to_be_visible()
    wrong += look_again(page, "/scans/ with an undo/")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone.")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("^vote"))).to_have_count(0)

    page.get_by_label("All on this page").check()
    page.locator("summary", has_text="Add to case").click()
    page.get_by_label("Or the title of a new case").fill("The speech")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", name="The speech")).to_be_visible()
    page.get_by_role("textbox", name="Notes").fill("Seen on Monday.")
    page.get_by_role("button", name="Save").click()
    page.get_by_label("Include the pictures").check()
    page.get_by_role("button", name="Create link").click()
    wrong += look_again(page, "/a case/")
    link = page.locator("#share .to-do a").get_attribute("href")
    wrong += look_at_all(page, ["/scans/cases/"])

    stranger = open_window().page
    stranger.goto(str(link))
    expect(stranger.get_by_role("heading", name=re.compile("^Picture"))).to_have_count(3)
    expect(stranger.get_by_text("first.jpg")).to_have_count(0)
    wrong += look_again(stranger, "/a shared case/")
    assert not wrong, "\n".join(wrong)
    assert not window.complaints, "\n".join(window.complaints)
