"""The result page in a real browser: boxes that follow a film, the heat map over a picture, the chart and its keys."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from ..scans.conftest import portrait
from .conftest import Site, Window
from .people import enter
from .test_pages import look_again
from .test_scans import hand_in

FIRST_SCREEN = """selector => document.querySelector(selector).getBoundingClientRect().bottom <= innerHeight"""


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "astronaut.jpg"
    path.write_bytes(portrait(512))
    return path


HEAT = """
import io
from django.core.files.base import ContentFile
from PIL import Image
from scans.models import Artifact, Assessment
made = Assessment.objects.get(scan={scan!r})
made.inspection["heatmap"] = dict(status="available", said="", bundle="bright/1", time=0.0, box=[100, 50, 300, 250])
Assessment.objects.filter(pk=made.pk).update(inspection=made.inspection)
for kind, mode in (("heatmap", "RGBA"), ("ground", "RGB")):
    out = io.BytesIO()
    Image.new(mode, (32, 32), (255, 0, 0, 160)[: len(mode)]).save(out, "PNG")
    Artifact(assessment=made, kind=kind).file.save(kind + ".png", ContentFile(out.getvalue()), save=True)
"""


def at(page: Page, seconds: float, tenths: int = 1) -> None:
    """The chart says where the player is. (The pages' policy forbids to wait for an expression.)"""
    near = "|".join(re.escape(f"{seconds + tenth / 10:.1f}") for tenth in range(-tenths, tenths + 1))
    expect(page.locator("#seek")).to_have_attribute("aria-valuenow", re.compile(f"^({near})$"))


def stands_at(frame: Locator, left: float) -> None:
    near = "|".join(str(round(left) + pixels) for pixels in range(-3, 4))
    expect(frame).to_have_attribute("x", re.compile(rf"^({near})\."))


def test_the_chart_is_hovered_clicked_and_moved_by_keys(window: Window, site: Site, film: Path) -> None:
    page = window.page
    enter(page, site)
    hand_in(page, film)
    data = json.loads(page.locator("#moments").text_content() or "")
    assert data["stretches"], "bright faces have high scores"
    assert page.evaluate(FIRST_SCREEN, ".plot"), "player and chart are seen without scrolling"
    chart = page.get_by_role("slider", name="Position in the video")
    box = chart.bounding_box()
    assert box is not None

    time, points, band = data["moments"][0]
    page.mouse.move(box["x"] + box["width"] * time / data["duration"], box["y"] + 20)
    expect(page.locator("#tip")).to_contain_text(f"score {points}, {band}")
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
    at(page, data["duration"] / 2)
    expect(chart).to_have_attribute("aria-valuetext", page.locator("#reading").text_content() or "nothing")

    chart.press("ArrowRight")
    at(page, data["duration"] / 2 + 1)
    chart.press("Home")
    at(page, 0)
    chart.press("PageDown")
    at(page, data["stretches"][0])
    chart.press("End")
    at(page, data["duration"], 5)
    page.locator(".stretches a").first.click()
    at(page, data["stretches"][0])
    line = page.locator("#now").get_attribute("x1")
    assert line is not None
    assert float(line.rstrip("%")) == pytest.approx(100 * data["stretches"][0] / data["duration"], abs=2)
    page.get_by_text("As a table").click()
    expect(page.get_by_role("region", name="Score of each frame")).to_be_visible()
    wrong = look_again(page, "/a film/")
    assert not wrong, "\n".join(wrong)
    assert not window.complaints, "\n".join(window.complaints)


def test_boxes_follow_a_playing_film_and_a_face_is_chosen(window: Window, site: Site, film: Path) -> None:
    page = window.page
    enter(page, site)
    hand_in(page, film)
    (track,) = json.loads(page.locator("#tracks").text_content() or "")[:1]
    frame, group = page.locator(".face-box rect").first, page.locator(".face-box").first

    def go(seconds: float) -> None:
        page.evaluate("seconds => { document.getElementById('player').currentTime = seconds; }", seconds)

    (early, left, *_rest), (late, right, *_more) = track["at"][0], track["at"][-1]
    assert right > left + 10, "the head walks to the right"
    go(late)
    stands_at(frame, right)
    go(early)
    stands_at(frame, left)
    expect(group).to_be_visible()
    page.evaluate("document.getElementById('player').muted = true; document.getElementById('player').play()")
    expect(page.locator("#seek")).to_have_attribute("aria-valuenow", re.compile(r"^([2-9]|1\d)\."))
    page.evaluate("document.getElementById('player').pause()")
    assert float(frame.get_attribute("x") or "nan") > left + 1, "the box moves with the film"

    page.locator("#show-boxes").uncheck()
    expect(group).to_be_hidden()
    page.locator(".shots a").first.click()
    expect(page.locator("#show-boxes")).to_be_checked()
    expect(group).to_have_class(re.compile(r"\bselected\b"))
    assert not window.complaints, "\n".join(window.complaints)


def test_a_picture_is_enlarged_and_its_face_chosen_by_keys(window: Window, site: Site, photo: Path) -> None:
    page = window.page
    enter(page, site)
    hand_in(page, photo)
    for width, height in ((1280, 800), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        for part in ("#verdict", ".big-score", ".scale", ".who", ".why-so"):
            assert page.evaluate(FIRST_SCREEN, part), f"{part} needs scrolling at {width} px"
    page.set_viewport_size({"width": 1280, "height": 800})
    shot = page.get_by_role("button", name="Show face 1 in the picture")
    shot.press("Enter")
    expect(shot).to_have_attribute("aria-pressed", "true")
    page.get_by_role("link", name="Enlarge").press("Enter")
    dialog = page.get_by_role("dialog", name="Enlarge")
    expect(dialog.locator(".face-box")).to_be_visible()
    before = dialog.locator("img").bounding_box()
    page.keyboard.press("+")
    after = dialog.locator("img").bounding_box()
    assert before is not None
    assert after is not None
    assert after["width"] == pytest.approx(before["width"] * 1.5, rel=0.05)
    wrong = look_again(page, "/an enlarged picture/")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert not wrong, "\n".join(wrong)
    assert not window.complaints, "\n".join(window.complaints)


def test_the_heat_map_is_laid_over_the_picture(window: Window, site: Site, photo: Path) -> None:
    page = window.page
    enter(page, site)
    hand_in(page, photo)
    site.shell.run(HEAT.format(scan=page.url.rstrip("/").rpartition("/")[2]))
    page.reload()
    layer = page.locator(".heat-layer")
    expect(layer).to_be_hidden()
    page.get_by_label("Heat map", exact=True).check()
    expect(layer).to_be_visible()
    picture, drawn = page.locator("#stage img").bounding_box(), layer.bounding_box()
    assert picture is not None
    assert drawn is not None
    scale = picture["height"] / 512  # the picture is a square, shown in a wider stage
    assert drawn["width"] == pytest.approx(200 * scale, abs=2)
    assert drawn["y"] - picture["y"] == pytest.approx(50 * scale, abs=2)
    page.get_by_label("Strength").press("Home")
    expect(layer).to_have_attribute("opacity", "0.1")
    page.get_by_label("Heat map", exact=True).uncheck()
    expect(layer).to_be_hidden()
    assert not window.complaints, "\n".join(window.complaints)
