"""A model's card in words, in the language of whoever reads it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from scans.insight import card_texts

pytestmark = pytest.mark.django_db
CARD = {
    "figures": [{"data": "own fakes", "n_real": 360, "auc": 0.9174, "auc_ci": [0.896, 0.936], "coverage": None}],
    "training": {"kinds of fakes, by share": {"self_blend": 0.28, "plastic": 0.72}, "seed": 3},
}


@pytest.fixture
def card(bundles: Path) -> Path:
    path = bundles / "bright" / "bundle.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **CARD}))
    (bundles / "panel.json").write_text(json.dumps({"bundles": {"bright": "trust"}}))
    return path


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["<dd>Trusted</dd>", "face without texture (72 %), face blended with itself (28 %)",
                "0.917", "0.896 – 0.936", "Random seed"]),
        ("de", ["<dd>Maßgeblich</dd>", "Gesicht ohne Hautstruktur (72 %)", "0,917",
                "0,896 – 0,936", "Startwert des Zufalls"]),
    ],
)  # fmt: skip
def test_no_raw_value_stands_on_it(language: str, words: list[str], card: Path, client: Client) -> None:
    page = client.get("/models/bright/1/", headers={"Accept-Language": language}).content.decode()
    for text in words:
        assert text in page
    assert "self_blend" not in page
    assert ">trust<" not in page


def test_a_word_that_nobody_knows_is_shown_as_it_is(card: Path, client: Client) -> None:
    content = json.loads(card.read_text())
    content["training"]["kinds of fakes, by share"] = {"new_kind": 1.0}
    card.write_text(json.dumps(content))
    assert "new kind (100 %)" in client.get("/models/bright/1/").content.decode()


SETS = [
    {"data": "own fakes, new people: self_blend", "n_real": 90, "n_fake": 90, "auc": 0.8, "auc_ci": [0.7, 0.9]},
    {"data": "photos with faces replaced by a GAN (OpenForensics, 256 px; looked at while it was designed)",
     "n_real": 90, "n_fake": 90, "auc": 0.8, "auc_ci": [0.7, 0.9]},
    {"data": "files of another site", "n_real": 90, "n_fake": 90, "auc": 0.8, "auc_ci": [0.7, 0.9]},
]  # fmt: skip


@pytest.mark.parametrize("where", ["/models/", "/models/bright/1/", "/capabilities/"])
def test_test_sets_are_named_in_the_readers_language(where: str, card: Path, client: Client) -> None:
    content = json.loads(card.read_text())
    card.write_text(json.dumps({**content, "figures": SETS, "failures": ["Whole generated faces are not its task."]}))
    page = client.get(where, headers={"Accept-Language": "de"}).content.decode()
    assert "Gesicht mit sich selbst überblendet" in page
    assert "Fotos mit Gesichtern, die ein GAN ersetzt hat" in page
    assert "beim Entwurf des Modells angesehen" in page
    assert '<span lang="en">files of another site</span>' in page, "no translation is known"
    assert "self_blend" not in page
    assert where == "/models/" or "Ganz erzeugte Gesichter sind nicht seine Aufgabe." in page
    page = client.get(where, headers={"Accept-Language": "en"}).content.decode()
    assert "face blended with itself" in page
    assert 'lang="en">files of another site' not in page


def test_every_text_of_the_shipped_cards_has_a_german_translation() -> None:
    folder = Path(settings.BASE_DIR) / "ml_models"
    cards = [json.loads(path.read_text()) for path in folder.glob("*/bundle.json")]
    evaluations = [json.loads(path.read_text()) for path in folder.glob("evaluations/*.json")]
    sets = {row["data"] for card in cards for row in card["figures"]} | {row["source"] for row in evaluations}
    own = [match for name in sets if (match := card_texts.OWN.fullmatch(name))]
    texts = [part for name in sets if not card_texts.OWN.fullmatch(name) for part in card_texts.name_and_note(name)]
    texts = [text for text in texts if re.search(r"\b[a-z]{3,}\b", text)]  # other notes are names
    texts += [text for card in cards for text in (card["training"]["summary"], *card["failures"])]
    with translation.override("de"):
        assert [text for text in texts if card_texts.translate(text)[1]] == []
    assert {match["kind"] for match in own} <= set(card_texts.FAKES)
    assert len(cards) >= 1


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_shipped_model_has_a_purpose_of_its_own_and_others_a_plain_one(
    language: str, card: Path, client: Client, settings: Any
) -> None:
    plain = {"en": "Checks photos, and single frames of videos.", "de": "Prüft Fotos und einzelne Bilder aus Videos."}[
        language
    ]
    assert plain in client.get("/models/", headers={"Accept-Language": language}).content.decode()
    settings.BUNDLES_DIR = Path(settings.BASE_DIR) / "ml_models"
    page = client.get("/models/", headers={"Accept-Language": language}).content.decode()
    cards = re.findall(r'<li class="card"><h2>.*?</h2>\s*<p>([^<.]+)', page, re.DOTALL)
    assert len(set(cards)) == len(cards) == 5
    assert plain not in page
