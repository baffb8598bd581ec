"""The camera: guidance, pictures that become a scan, and watching live."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from ..detection.files import ASTRONAUT
from .conftest import Site
from .people import enter
from .test_scans import SCAN


def test_the_camera_becomes_a_scan(open_camera: Callable[[], Page], site: Site) -> None:
    page = open_camera()
    enter(page, site)
    page.goto("/scans/camera/")
    page.get_by_role("button", name="Turn on camera").click()
    page.get_by_role("button", name="Take 16 pictures").click()
    page.wait_for_url(SCAN)
    expect(page.locator("#verdict")).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("camera-.*avi"))).to_be_visible()


@pytest.mark.parametrize(
    ("side", "light", "said"),
    [
        (480, 1.0, "The light is good. Face detected."),
        (160, 1.0, "Move closer"),
        (0, 1.0, "No face detected."),
        (480, 0.1, "It is too dark."),
    ],
)
def test_the_camera_page_guides(
    side: int, light: float, said: str, open_camera: Callable[..., Page], site: Site, tmp_path: Path
) -> None:
    scene = np.full((480, 640, 3), 120, np.uint8)
    if side:
        face = np.asarray(Image.fromarray(ASTRONAUT[:220, 110:330]).resize((side, side)))
        scene[:side, 80 : 80 + side] = face
    out = io.BytesIO()
    Image.fromarray((scene * light).astype(np.uint8)).save(out, "JPEG", quality=92)
    film = tmp_path / "camera.mjpeg"
    film.write_bytes(out.getvalue() * 5)
    page = open_camera(film)
    enter(page, site)
    page.goto("/scans/camera/")
    page.get_by_role("button", name="Turn on camera").click()
    expect(page.get_by_text(said)).to_be_visible()


def test_watching_live_says_something_and_is_kept_or_thrown_away(open_camera: Callable[[], Page], site: Site) -> None:
    page = open_camera()
    enter(page, site)
    page.goto("/scans/camera/")
    for end in ("Discard", "Keep as one scan"):
        if end == "Discard":
            page.get_by_role("button", name="Turn on camera").click()
        page.get_by_role("button", name="Watch live").click()
        expect(page.locator("#estimate .badge.outcome")).to_be_visible()
        page.get_by_role("button", name="Stop", exact=True).click()
        page.get_by_role("button", name=end).click()
        if end == "Discard":
            expect(page.get_by_text("The light is good.")).to_be_visible()
            expect(page.get_by_text("All pictures were discarded.")).to_be_visible()
    page.wait_for_url(SCAN)
    expect(page.locator("#verdict")).to_be_visible()
    page.goto("/scans/")
    expect(page.get_by_role("checkbox", name=re.compile("^Select camera"))).to_have_count(1)
