"""The capability statement and the cards of models: as pages and as JSON."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from scans import analysis

MANY = {
    "real": {"little_evidence": 90, "likely_manipulated": 10},
    "fake": {"likely_manipulated": 25, "inconclusive": 75},
}


@pytest.fixture
def measured(bundles: Path, db: None) -> None:
    """Two sets that `evaluate` stored: one of a hundred files each, one of five."""
    (bundles / "evaluations").mkdir()
    kinds = {
        "swaps": {"n": 60, "auc": 0.81, "auc_ci": [0.7, 0.9]},
        "rare swaps": {"n": 5, "auc": 0.98765, "auc_ci": [0.9, 1.0]},
    }
    many = {"n_real": 100, "n_fake": 100, "auc": 0.7123, "auc_ci": [0.65, 0.77], "false_alarms": 0.1}
    many |= {"false_alarms_ci": [0.055, 0.174], "outcomes": MANY, "per_manipulation": kinds, "source": "many files"}
    few = {"n_real": 5, "n_fake": 5, "auc": 0.91234, "auc_ci": [0.6, 1.0], "false_alarms": 0.2}
    few |= {"false_alarms_ci": [0.03, 0.62], "outcomes": {"real": {"likely_manipulated": 1}, "fake": {}}}
    few |= {"source": "few files"}
    for name, figures in (("many", many), ("few", few)):
        stored = {**figures, "panel": {"id": analysis.panel().id}}
        (bundles / "evaluations" / f"{name}.json").write_text(json.dumps(stored))


def test_the_capability_statement_has_percentages_only_where_enough_was_measured(
    measured: None, client: Client, db: None
) -> None:
    few, many = client.get("/capabilities.json").json()["measured"]
    assert (many["real"], many["manipulated"], many["verdict"]) == (100, 100, "better_than_chance")
    assert many["hits"] == {"count": 25, "of": 100, "percent": 25.0, "interval": [17.5, 34.3]}
    assert many["false_alarms"] == {"percent": 10.0, "interval": [5.5, 17.4]}
    assert many["kinds"][1] == {"name": "rare swaps", "manipulated": 5, "auc": None, "auc_interval": None}
    assert few == {
        "files": "few files", "real": 5, "manipulated": 5, "verdict": "not_enough_evidence", "auc": None,
        "auc_interval": None, "hits": None, "false_alarms": None, "kinds": [],
    }  # fmt: skip
    page = client.get("/capabilities/").content.decode()
    for text in ("many files", "0.71", "0.65 – 0.77", "25.0 %", "17.5 – 34.3", "10.0 %", "not enough evidence"):
        assert text in page
    few_row = re.search(r"few files.*?</tr>", page, re.DOTALL)
    cells = re.sub(r"<[^>]*>", " ", few_row[0] if few_row else "%")  # what stands in them; on phones they have labels
    assert "%" not in cells
    assert "0." not in cells


def test_the_capability_statement_is_the_same_bytes_again(
    measured: None, client: Client, tmp_path: Path, db: None
) -> None:
    first = client.get("/capabilities.json").content
    cache.clear()
    call_command("capability_statement", str(tmp_path / "statement.json"))
    assert (tmp_path / "statement.json").read_bytes() == first


def test_the_capability_statement_shows_the_rates_of_the_reports(client: Client, uploaded: Any, decided: Any) -> None:
    for _ in range(30):
        decided(uploaded(outcome="likely_manipulated", kind="video"), "not_manipulated", "keep")
    decided_here = client.get("/capabilities.json").json()["decided_here"]
    compared = client.get("/transparency/2026-Q2.json").json()["automated_means"]["compared_with_people"]
    assert decided_here == {"2026-Q2": compared["rates"]}
    assert decided_here["2026-Q2"]["video"]["false_alarms"]["percent"] == 100.0
    assert "100.0 %" in client.get("/capabilities/").content.decode()


def test_a_model_s_card_is_there_as_json(bundles: Path, client: Client, db: None) -> None:
    card = client.get("/models/bright/1.json").json()
    assert card["label"] == "bright/1"
    assert card["cuts"] == {"little_below": 0.35, "manipulated_above": 0.8}
    assert 'href="/models/bright/1.json"' in client.get("/models/bright/1/").content.decode()
    assert client.get("/models/none/1.json").status_code == 404


@pytest.mark.parametrize("where", ["/transparency/", "/capabilities/"])
def test_both_pages_are_in_german(where: str, client: Client, quarter_of_work: None, measured: None) -> None:
    page = client.get(where, headers={"Accept-Language": "de"}).content.decode()
    assert '<html lang="de"' in page
    for english in ("Transparency report", "Capability statement", "Quarter 2", "hidden", "Not recorded", "Misses"):
        assert english not in re.sub(r"<[^>]*>", "", page)
