"""What each kind of person comes for, from the first page to the end, in as few steps as promised."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

from ..scans.conftest import bundle, portrait
from . import people
from .conftest import Site, Window
from .people import enter
from .test_scans import SCAN

FEW = 10  # clicks from the first page to a result that somebody else can read
VERDICTS = re.compile(
    "^(Likely manipulated|Inconclusive|Little evidence of manipulation|Not applicable|Could not be analysed)$"
)


class Clicks:
    """Every press of the mouse, counted. Typing is not."""

    def __init__(self) -> None:
        self.count = 0

    def on(self, target: Locator) -> None:
        self.count += 1
        target.click()


def file_of(tmp_path: Path, name: str, side: int) -> Path:
    path = tmp_path / name
    path.write_bytes(portrait(side))
    return path


def test_a_newcomer_shares_a_result_that_others_understand_in_under_ten_clicks(
    open_window: Callable[..., Window], site: Site, tmp_path: Path
) -> None:
    window, clicks, email = open_window(), Clicks(), people.new_address()
    page = window.page
    page.goto("/")
    clicks.on(page.get_by_role("banner").get_by_role("link", name="Sign up"))
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(people.PASSWORD)
    page.get_by_label("Password (again)").fill(people.PASSWORD)
    clicks.on(page.get_by_role("main").get_by_role("button", name="Sign up"))
    expect(page.get_by_text("VAR_DIR/mail")).to_be_visible()
    page.goto(site.link_in_mail_to(email))
    clicks.count += 1  # on the link in the mail
    clicks.on(page.get_by_role("main").get_by_role("button", name="Confirm"))
    clicks.on(page.get_by_role("button", name="I accept these rules"))
    with page.expect_file_chooser() as chooser:
        clicks.on(page.get_by_text("Choose files", exact=True))
    chooser.value.set_files(file_of(tmp_path, "holiday.jpg", 360))
    clicks.on(page.get_by_role("button", name="Upload", exact=True))
    page.wait_for_url(SCAN)
    clicks.on(page.get_by_role("main").get_by_role("link", name="Share", exact=True))
    clicks.on(page.get_by_role("button", name="Create link"))
    link = page.locator("#share a").first
    expect(link).to_be_visible()
    assert clicks.count < FEW, f"{clicks.count} clicks"

    verdict, because = page.locator("#verdict").inner_text(), page.locator(".why-so").first.inner_text()
    assert VERDICTS.match(verdict)
    other = open_window()
    other.page.goto(str(link.get_attribute("href")))
    expect(other.page.locator("#verdict")).to_have_text(verdict)
    expect(other.page.locator(".why-so").first).to_have_text(because)
    expect(other.page.get_by_text(re.compile("of 100")).first).to_be_visible()
    expect(other.page.get_by_role("heading", name="What this means, and what it does not")).to_be_visible()
    expect(other.page.get_by_text("holiday.jpg")).to_have_count(0)
    assert not window.complaints + other.complaints, "\n".join(window.complaints + other.complaints)


def test_a_lead_sets_up_a_rule_that_fills_a_queue(
    open_window: Callable[..., Window], site: Site, tmp_path: Path
) -> None:
    window, uploader = open_window(), open_window().page
    page = window.page
    enter(page, site, "lead")
    page.goto("/admin/")
    page.get_by_role("main").get_by_role("link", name="Rules", exact=True).click()
    page.get_by_role("link", name="Add rule").click()
    page.locator("#id_name").fill("Everything, for a day")
    page.locator("#id_reason").select_option(label="Outcome")
    page.locator("#id_queue").select_option(label="Leads")
    page.locator("#id_priority").fill("100")  # above the other rules, so that this queue gets the item
    page.get_by_role("button", name="Test the rule without saving").click()
    expect(page.get_by_text("Not saved.")).to_be_visible()
    expect(page.locator("#id_name")).to_have_value("Everything, for a day")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="Everything, for a day").first).to_be_visible()

    enter(uploader, site)
    uploader.locator("#id_files").set_input_files(file_of(tmp_path, "for-the-rule.jpg", 370))
    uploader.get_by_role("button", name="Upload", exact=True).click()
    uploader.wait_for_url(SCAN)
    expect(uploader.locator("#verdict")).to_be_visible()
    page.get_by_role("navigation", name="Desk").get_by_role("link", name="Queue", exact=True).click()
    page.get_by_role("list", name="Views").get_by_role("link", name="Leads").click()
    expect(page.get_by_role("link", name="for-the-rule.jpg")).to_be_visible()

    page.goto("/admin/")
    page.get_by_role("main").get_by_role("link", name="Rules", exact=True).click()
    page.get_by_role("link", name="Everything, for a day").first.click()
    page.locator("#id_active").uncheck()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="Everything, for a day").first).to_be_visible()
    assert not window.complaints, "\n".join(window.complaints)


def test_an_admin_adds_a_model_and_switches_it_on_once_a_lead_agrees(
    open_window: Callable[..., Window], site: Site, tmp_path: Path
) -> None:
    admin, lead = open_window(), open_window()
    enter(admin.page, site, "admin")
    enter(lead.page, site, "lead")
    folder = bundle(tmp_path / "candidates", "newer", 3.0) / "newer"
    with zipfile.ZipFile(tmp_path / "newer.zip", "w") as packed:
        for path in folder.iterdir():
            packed.write(path, f"newer/{path.name}")

    page = admin.page
    page.goto("/admin/")
    page.get_by_role("main").get_by_role("link", name="Models", exact=True).click()
    page.get_by_label("Model (zip)").set_input_files(tmp_path / "newer.zip")
    page.get_by_role("button", name="Upload the model").click()
    expect(page.get_by_text("newer/1 is installed but disabled")).to_be_visible()
    page.get_by_label("Use of newer/1").select_option(label="Included")
    page.get_by_label("Why").fill("It knows newer fakes.")
    page.get_by_role("button", name="Propose these changes").click()
    expect(page.get_by_text("Another lead must approve it.")).to_be_visible()

    page = lead.page
    page.goto("/admin/scans/panelversion/models/")
    approve = page.get_by_role("button", name="Approve")
    reload_until(page, lambda: approve.is_enabled())
    approve.click()
    expect(page.get_by_label("Use of newer/1")).to_have_value("include")
    page.goto("/models/newer/1/")
    expect(page.get_by_text("Included", exact=True).first).to_be_visible()

    page.goto("/admin/scans/panelversion/models/")
    page.get_by_role("listitem").filter(has_text="As in the model folder").get_by_role("button").click()
    expect(page.get_by_label("Use of newer/1")).to_have_value("ignore")
    complaints = admin.complaints + lead.complaints
    assert not complaints, "\n".join(complaints)


def reload_until(page: Page, is_so: Callable[[], bool], times: int = 60) -> None:
    """The page says that one should reload it; a worker is busy meanwhile."""
    for _time in range(times):
        if is_so():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(page.inner_text("main"))


DECIDE = """
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.utils import timezone
from accounts import roles
from accounts.models import User
from scans.analysis import routing
from scans.models import *
from scans.review import decisions
scan = Scan.objects.get(pk="{scan}")
desk = User.objects.create_user("desk-{scan}@example.org")
roles.give(desk, roles.Role.MODERATOR)
TOTP.activate(desk, generate_totp_secret())  # nobody works at the desk without a second factor
item = ReviewItem.objects.open().filter(scan=scan).first()
item = item or routing.put(scan, ReviewQueue.objects.get(slug="review"), Reason.HAND)
ReviewItem.objects.filter(pk=item.pk).update(blind=False)
item.refresh_from_db()
decisions.decide(item, desk, Label.INCONCLUSIVE)
Decision.objects.filter(scan=scan).update(settles_at=timezone.now())
"""


def test_without_a_script_a_file_is_uploaded_read_shared_and_its_decision_appealed(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    context = browser.new_context(base_url=site.address, java_script_enabled=False, locale="en-GB")
    page, stranger = context.new_page(), browser.new_context(java_script_enabled=False).new_page()
    enter(page, site)
    page.locator("#id_files").set_input_files(file_of(tmp_path, "plain.jpg", 380))
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.locator("#verdict")).to_be_visible()  # the page reloads itself until it is there
    verdict = page.locator("#verdict").inner_text()
    page.get_by_role("main").get_by_role("link", name="Share", exact=True).click()
    page.get_by_role("button", name="Create link").click()
    stranger.goto(str(page.locator("#share a").first.inner_text()))
    expect(stranger.locator("#verdict")).to_have_text(verdict)

    site.shell.run(DECIDE.format(scan=page.url.partition("#")[0].rstrip("/").rpartition("/")[2]))
    page.reload()
    page.get_by_text("Appeal this decision").click()
    page.get_by_label("Why is the decision wrong?").fill("I took this photo myself.")
    page.get_by_role("button", name="Send the appeal").click()
    expect(page.get_by_text("Your appeal was sent.").first).to_be_visible()
    stranger.context.close()
    context.close()
