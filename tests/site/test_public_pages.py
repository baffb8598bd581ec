"""What strangers can read: the landing page with its examples, help, privacy, contact, status, and errors."""

import html
import json
import re
import shutil
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.core.management import call_command
from django.test import Client

from scans import analysis
from scans.insight.measured import measured_sets
from scans.outcome import examples

PAGES = (
    "/",
    "/about/",
    "/help/",
    "/help/outcomes/",
    "/help/glossary/",
    "/help/questions/",
    "/privacy/",
    "/status/",
    "/models/",
    "/capabilities/",
    "/transparency/",
)
STORED = json.loads((examples.FOLDER / examples.RESULTS).read_text())


@pytest.mark.parametrize("where", PAGES)
@pytest.mark.parametrize("language", ["en", "de"])
def test_everybody_can_read_it_in_either_language(client: Client, db, where: str, language: str) -> None:
    page = client.get(where, headers={"Accept-Language": language})
    assert page.status_code == 200
    assert f'<html lang="{language}"' in page.content.decode()
    assert len(page.content) < 60_000


def test_the_landing_page_shows_each_example_as_the_models_judged_it(client: Client, db) -> None:
    page = client.get("/").content.decode()
    for source in examples.SOURCES:
        judged = STORED["examples"][source.slug]
        assert f"/examples/{source.slug}/" in page
        detail = client.get(f"/examples/{source.slug}/").content.decode()
        assert f"outcome {judged['outcome']}" in detail
        if judged["score"] is not None:
            assert f"Score {int(judged['score'] * 100 + 0.5)} of 100" in detail
        assert str(source.credit) in detail


def test_there_is_an_example_of_several_outcomes_and_of_a_mistake(client: Client, db) -> None:
    outcomes = {judged["outcome"] for judged in STORED["examples"].values()}
    assert len(outcomes) >= 3
    assert STORED["examples"]["missed"]["outcome"] == "little_evidence"


def test_every_file_of_an_example_is_there_and_an_unknown_one_is_not(client: Client, db) -> None:
    for example in examples.load_examples():
        assert (Path(configured.BASE_DIR) / "static" / example.picture).is_file()
    assert client.get("/examples/none/").status_code == 404


def test_make_examples_writes_what_the_installed_models_say(tmp_path: Path, settings) -> None:
    folder = tmp_path / "examples"
    shutil.copytree(examples.FOLDER, folder)
    (folder / examples.RESULTS).unlink()
    call_command("make_examples", folder=folder)
    made = json.loads((folder / examples.RESULTS).read_text())["examples"]
    assert set(made) == {source.slug for source in examples.SOURCES}
    for judged in made.values():
        assert judged["panel"]
        assert judged["outcome"]


def test_what_was_measured_stands_in_the_chart_and_in_the_table() -> None:
    row = {
        "data": "portraits (by others)", "n_fake": 40, "n_real": 50, "auc": 0.8, "auc_ci": [0.7, 0.9],
        "outcomes": {"real": {"likely_manipulated": 2}, "fake": {"likely_manipulated": 30, "inconclusive": 10}},
    }  # fmt: skip
    few = {**row, "data": "films", "n_real": 10}
    first, second = measured_sets([few, row])
    assert (first.name, first.note, first.found, first.false_alarms) == ("portraits", "by others", 30, 2)
    assert (first.low_at, first.at, first.high_at) == (70.0, 80.0, 90.0)
    assert first.enough
    assert not second.enough, "ten real files say too little"


def test_privacy_tells_the_sites_own_times(client: Client, db, settings) -> None:
    settings.TRASH_DAYS, settings.ERASURE_GRACE_DAYS, settings.APPEAL_DAYS = 3, 21, 99
    page = client.get("/privacy/").content.decode()
    for days in ("3 days in the trash", "change your mind for 21 days", "possible for 99 days"):
        assert days in page


def test_contact_is_there_only_where_the_site_names_one(client: Client, db, settings) -> None:
    settings.CONTACT_EMAIL = settings.CONTACT_URL = ""
    assert client.get("/contact/").status_code == 404
    assert "/contact/" not in client.get("/help/").content.decode()
    settings.CONTACT_EMAIL = "desk@example.org"
    assert "desk@example.org" in client.get("/contact/").content.decode()
    assert "/contact/" in client.get("/help/").content.decode()


def test_status_names_what_does_not_work_in_plain_words(client: Client, db, monkeypatch: pytest.MonkeyPatch) -> None:
    from deepfake_site import health, overview

    well = dict.fromkeys(health.PARTS, health.OK)
    monkeypatch.setattr(overview, "part_states", lambda: well)
    assert "Everything is working." in client.get("/status/").content.decode()
    monkeypatch.setattr(overview, "part_states", lambda: {**well, "analysis_worker": health.DOWN})
    page = client.get("/status/").content.decode()
    assert "Not working" in page
    assert "analysis_worker" not in page


def test_a_page_that_is_not_there_keeps_the_navigation(client: Client, db) -> None:
    page = client.get("/no/such/page/").content.decode()
    assert 'href="/help/"' in page
    assert 'href="/accounts/login/"' in page


def test_models_are_open_to_everybody(client: Client, db) -> None:
    assert client.get("/models/").status_code == 200


def test_a_german_card_has_german_words_and_numbers_with_a_comma(client: Client, db) -> None:
    label = analysis.cards()[0]["label"]
    page = client.get(f"/models/{label}/", headers={"accept-language": "de"}).content.decode()
    assert re.search(r"<dt>Im Panel</dt><dd>(Maßgeblich|Einbezogen|Aus)</dd>", page)
    assert re.search(r"<td[^>]*>0,\d{3}</td>", page)
    assert not re.search(r"<td>0\.\d+", page)


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_glossary_is_in_the_order_of_the_alphabet_and_explains_a_word_once(
    client: Client, db, language: str
) -> None:
    page = client.get("/help/glossary/", headers={"Accept-Language": language}).content.decode()
    words = [html.unescape(word) for word in re.findall(r"<dt>(.*?)</dt>", page)]
    assert len(words) > 10
    assert len(set(words)) == len(words)
    assert words == sorted(words, key=str.casefold)
