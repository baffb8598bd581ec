"""From a file on one's disk to a result that can be read, used and deleted: in a real browser, with a real worker."""

import io
import re
import struct
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from ..detection.judging import films
from ..scans.conftest import portrait
from .conftest import Site, Window
from .people import enter
from .test_pages import look_again, look_at_all, measure

PAGES = (
    "/scans/", "/scans/?text=nothing", "/models/", "/check/", "/scans/camera/", "/scans/new/",
    "/api/v1/docs/", "/api/v1/docs/scans/", "/api/v1/docs/shapes/",
)  # fmt: skip
TUS_CLIENT = Path(__file__).with_name("tus.min.js").read_text()
SCAN = re.compile(r"/scans/[0-9a-f-]{36}/$")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "astronaut.jpg"
    path.write_bytes(portrait(512))
    return path


def hand_in(page: Page, *paths: Path) -> None:
    page.goto("/scans/new/")
    page.locator("#id_files").set_input_files(list(paths))
    page.get_by_role("button", name="Upload", exact=True).click()
    page.wait_for_url(SCAN)
    expect(page.locator("#verdict")).to_be_visible()


def test_a_photo_is_handed_in_read_and_deleted(window: Window, site: Site, photo: Path) -> None:
    page = window.page
    enter(page, site)
    hand_in(page, photo)
    wrong = look_again(page, "/a scan/")
    box = page.locator(".boxes .deciding rect")
    expect(box).to_be_visible()
    page.locator("#show-boxes").uncheck()
    expect(box).to_be_hidden()
    with page.expect_download() as download:
        page.get_by_role("link", name="Report (PDF)").click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
    page.reload()
    page.locator("summary", has_text="Share").click()
    page.get_by_role("button", name="Create link").click()
    link = page.locator("#share a").get_attribute("href")
    wrong += look_at_all(page, [*PAGES, str(link)])
    page.go_back()
    page.goto("/scans/")
    page.get_by_role("link", name="astronaut.jpg").click()
    page.get_by_role("link", name="Delete").click()
    wrong += look_again(page, "/a question before deleting/")
    page.get_by_role("button", name="Move to trash").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("1 scan restored")).to_be_visible()
    page.get_by_label("Select astronaut.jpg").check()
    page.locator("button[value=delete]").click()
    page.get_by_role("button", name="Move to trash").click()
    wrong += look_at_all(page, ["/scans/trash/"])
    page.get_by_role("link", name="Delete now: astronaut.jpg").click()
    page.get_by_role("button", name="Delete permanently").click()
    expect(page.get_by_text("were deleted permanently")).to_be_visible()
    assert not wrong, "\n".join(wrong)
    assert not window.complaints, "\n".join(window.complaints)


def test_several_files_are_dropped_and_a_bad_one_is_named(window: Window, site: Site, tmp_path: Path) -> None:
    page = window.page
    enter(page, site)
    page.goto("/scans/new/")
    contents = [("a.jpg", portrait(300)), ("b.jpg", portrait(310)), ("page.jpg", b"<html>no picture</html>")]
    given = page.evaluate_handle(
        """files => { const given = new DataTransfer();
             for (const [name, bytes] of files)
               given.items.add(new File([new Uint8Array(bytes)], name, {type: "image/jpeg"}));
             given.items.add(new File(["x"], "song.mp3", {type: "audio/mpeg"}));
             return given; }""",
        [[name, list(content)] for name, content in contents],
    )
    page.dispatch_event("[data-part=drop]", "drop", {"dataTransfer": given})
    chosen = page.get_by_role("list", name="Chosen files")
    expect(chosen.get_by_role("listitem").filter(has_text="song.mp3")).to_contain_text("Not a photo or video")
    wrong = look_again(page, "/chosen files/")
    page.get_by_role("button", name="Upload 3 files").click()
    expect(chosen.get_by_role("listitem").filter(has_text="page.jpg")).to_contain_text("Save it as JPEG, PNG or MP4")
    expect(chosen.get_by_role("listitem").filter(has_text="a.jpg")).to_contain_text("Uploaded")
    expect(page.get_by_role("status").filter(has_text="2 uploaded, 2 not")).to_be_visible()
    wrong += look_again(page, "/uploaded and rejected files/")
    page.get_by_role("link", name="Show results").click()
    page.wait_for_url(re.compile("/scans/batches/"))
    expect(page.get_by_text("2 of 2 analysed")).to_be_visible()
    expect(page.get_by_text("page.jpg This file is not a supported image or video")).to_be_visible()
    expect(page.get_by_text("song.mp3 This file is not a supported image or video")).to_be_visible()
    wrong += look_again(page, "/a batch/")
    assert not wrong, "\n".join(wrong)
    assert [said for said in window.complaints if "415" not in said] == []


def test_long_names_are_cut_in_the_middle_and_stay_in_their_cards(window: Window, site: Site, tmp_path: Path) -> None:
    page = window.page
    enter(page, site)
    name = f"Screenshot_{'Telegram' * 12}_final-copy-2.jpg"
    path = tmp_path / name
    path.write_bytes(portrait(320))
    hand_in(page, path)
    wrong = measure(page, "/a scan with a long name/")
    wrong += look_at_all(page, ["/", "/scans/"])
    link = page.get_by_title(name, exact=True)
    expect(link).to_have_text(re.compile("^Screenshot_Tele.*….*copy-2.jpg$"))
    page.get_by_role("checkbox").last.check()
    page.locator("button[value=delete]").click()
    wrong += measure(page, "/a question about a long name/")
    page.locator("button[value=trash]").click()
    wrong += look_at_all(page, ["/scans/trash/"])
    assert not wrong, "\n".join(wrong)


def test_a_dropped_archive_is_opened(window: Window, site: Site) -> None:
    page = window.page
    enter(page, site)
    page.goto("/scans/new/")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.jpg", portrait(300))
    given = page.evaluate_handle(
        """bytes => { const given = new DataTransfer();
             given.items.add(new File([new Uint8Array(bytes)], "all.zip", {type: "application/zip"}));
             return given; }""",
        list(packed.getvalue()),
    )
    page.dispatch_event("[data-part=drop]", "drop", {"dataTransfer": given})
    page.get_by_role("button", name="Upload", exact=True).click()
    page.wait_for_url(re.compile("/scans/batches/"))
    expect(page.get_by_text("1 of 1 analysed")).to_be_visible()


def test_a_pasted_picture_is_listed_and_can_be_removed_by_keys(window: Window, site: Site, photo: Path) -> None:
    page = window.page
    enter(page, site)
    page.goto("/")
    page.locator("#id_files").set_input_files(photo)
    page.evaluate(
        """bytes => { const given = new DataTransfer();
             given.items.add(new File([new Uint8Array(bytes)], "pasted.png", {type: "image/png"}));
             document.dispatchEvent(new ClipboardEvent("paste", {clipboardData: given})); }""",
        list(portrait(300)),
    )
    chosen = page.get_by_role("list", name="Chosen files").get_by_role("listitem")
    expect(chosen).to_have_count(2)
    expect(chosen.locator("img")).to_have_count(2)
    page.get_by_role("button", name="Remove pasted.png").focus()
    page.keyboard.press("Enter")
    expect(chosen).to_have_count(1)
    expect(page.get_by_role("button", name="Remove astronaut.jpg")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator("#id_files")).to_be_focused()
    expect(page.get_by_role("button", name="Upload", exact=True)).to_be_disabled()
    page.locator("#id_files").set_input_files(photo)
    expect(page.get_by_role("button", name="Upload", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(SCAN)
    assert not window.complaints, "\n".join(window.complaints)


def test_each_file_says_in_words_how_far_it_is(window: Window, site: Site, photo: Path) -> None:
    page = window.page
    enter(page, site)
    page.goto("/scans/new/")
    held: list[Route] = []
    page.route(
        "**/scans/new/", lambda route: held.append(route) if route.request.method == "POST" else route.continue_()
    )
    page.locator("#id_files").set_input_files(photo)
    page.get_by_role("button", name="Upload", exact=True).click()
    row = page.get_by_role("list", name="Chosen files").get_by_role("listitem")
    expect(row.get_by_role("progressbar")).to_be_visible()
    expect(row.locator(".detail")).to_have_text(re.compile("^Uploading"))
    row.get_by_role("button", name="Cancel astronaut.jpg").click()
    expect(row).to_contain_text("Cancelled. Choose the file again to upload it.")
    expect(page.get_by_role("status").filter(has_text="Nothing was uploaded")).to_be_visible()
    assert len(held) == 1


def test_everything_works_without_a_script(browser: Browser, site: Site, photo: Path) -> None:
    context = browser.new_context(base_url=site.address, java_script_enabled=False)
    page = context.new_page()
    enter(page, site)
    page.goto("/scans/new/")
    page.locator("#id_files").set_input_files(photo)
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.locator("#verdict")).to_be_visible()  # the page asks for itself anew until it is there
    page.locator("#show-boxes").uncheck()
    expect(page.locator(".face-box")).to_be_hidden()
    context.close()


def test_a_stranger_finds_nothing(window: Window, site: Site, photo: Path, browser: Browser) -> None:
    page = window.page
    enter(page, site)
    hand_in(page, photo)
    pictures = page.locator("main img").evaluate_all("all => all.map(one => one.src)")
    addresses = [page.url, *pictures]
    context = browser.new_context(base_url=site.address)
    stranger = context.new_page()
    enter(stranger, site)
    for address in addresses:
        answer = stranger.goto(address)
        assert answer is not None
        assert answer.status == 404, address
    context.close()


def test_a_large_file_goes_on_after_the_connection_broke(window: Window, site: Site, tmp_path: Path) -> None:
    page = window.page
    enter(page, site)
    path = films.film(tmp_path / "large.mp4", films.portrait(4))
    path.write_bytes(path.read_bytes() + free_box(20 << 20))
    broken: list[str] = []

    def cut(route: Route) -> None:
        if len(broken) < 2 and route.request.method == "PATCH" and route.request.headers["upload-offset"] != "0":
            broken.append(route.request.headers["upload-offset"])
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/scans/tus/*/", cut)
    page.goto("/scans/new/")
    page.locator("#id_files").set_input_files(path)
    page.get_by_role("button", name="Upload", exact=True).click()
    page.wait_for_url(SCAN)
    expect(page.locator("#verdict")).to_be_visible()
    assert len(broken) == 2
    assert page.evaluate("localStorage.length") == 0


def test_the_usual_client_of_the_protocol_is_understood(window: Window, site: Site) -> None:
    page = window.page
    enter(page, site)
    page.goto("/scans/new/")
    page.evaluate(TUS_CLIENT)
    said = page.evaluate(
        """content => new Promise((done, failed) => {
          const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
          const file = new File([new Uint8Array(content)], "photo.jpg", {type: "image/jpeg"});
          new tus.Upload(file, {
            endpoint: "/scans/tus/", chunkSize: 9000, headers: {"X-CSRFToken": token}, retryDelays: [0, 100],
            metadata: {filename: file.name}, onError: failed,
            onSuccess: ({lastResponse}) => done(lastResponse.getHeader("Scan-Location")),
          }).start();
        })""",
        list(portrait(400)),
    )
    assert SCAN.search(said)
    page.goto(said)
    expect(page.get_by_role("heading", name="photo.jpg")).to_be_visible()


def free_box(size: int) -> bytes:
    """A part of an MP4 that players pass over."""
    return struct.pack(">I4s", size, b"free") + bytes(size - 8)
