"""A model's card in words, in the language of whoever reads it."""

import json
from pathlib import Path

import pytest
from django.test import Client

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
