"""The public page of the models: their cards, what was measured, and which are used where."""

import json
import re
from pathlib import Path

import pytest
from django.test import Client

from scans import analysis

pytestmark = pytest.mark.django_db


def test_the_models_page_is_made_of_the_cards(bundles: Path, ann: Client) -> None:
    card = bundles / "bright" / "bundle.json"
    said = json.loads(card.read_text())
    said["figures"] = [
        {"data": "many", "n_real": 100, "n_fake": 100, "auc": 0.91234, "auc_ci": [0.88, 0.94], "false_alarms": 0.03},
        {"data": "few", "n_real": 5, "n_fake": 5, "auc": 0.99, "auc_ci": [0.9, 1.0], "false_alarms": 0.0},
        {"data": "hard", "n_real": 100, "n_fake": 100, "auc": 0.52, "auc_ci": [0.44, 0.6], "false_alarms": 0.03},
        {"data": "odd", "n_real": 100, "n_fake": 100, "auc": 0.22, "auc_ci": [0.15, 0.3], "false_alarms": 0.03},
    ]
    said["training"] = {"summary": "7 crops.", "licences": {"CC0": 4, "CC BY": 3}, "again": ["manage.py train <RUN>"]}
    card.write_text(json.dumps(said))
    page = ann.get("/models/").content.decode()
    assert "0.91" in page
    assert "Too few files (fewer than" in page
    assert "0.99" not in page
    assert page.count("No better than chance") == 1
    assert page.count("real files score higher than manipulated ones") == 1, "0.22 is worse than chance, not near it"
    assert _without_tokens(page) == _without_tokens(ann.get("/models/").content.decode())
    page = ann.get("/models/bright/1/").content.decode()
    for text in ("many", "0.880 – 0.940", "7 crops.", "<dd>CC0 4, CC BY 3</dd>", "manage.py train &lt;RUN&gt;"):
        assert text in page
    assert ann.get("/models/none/1/").status_code == 404


def test_what_was_measured_of_all_together_is_told_of_this_panel_alone(bundles: Path, ann: Client) -> None:
    (bundles / "evaluations").mkdir()
    said = {"source": "photos by others", "n_real": 90, "n_fake": 80, "auc": 0.8123, "auc_ci": [0.7, 0.9]}
    said |= {"false_alarms": 0.044, "inconclusive": 0.316}
    for name, panel in (("these", analysis.panel().id), ("before", "0" * 16)):
        told = said | {"panel": {"id": panel}, "source": f"{said['source']}, {name}"}
        (bundles / "evaluations" / f"{name}.json").write_text(json.dumps(told))
    (bundles / "evaluations" / "broken.json").write_text("{")
    (bundles / "evaluations" / "other.json").write_text("[1]")
    page = ann.get("/models/").content.decode()
    for text in ("All models together", "photos by others, these", "0.81", "4.4 %", "31.6 %"):
        assert text in page
    assert "photos by others, before" not in page
    assert "Cut-offs of all models together" not in ann.get("/models/bright/1/").content.decode(), "the bundle's own do"
    (bundles / "panel.json").write_text(json.dumps({"cuts": {"little_below": 0.21, "manipulated_above": 0.83}}))
    assert "photos by others" not in ann.get("/models/").content.decode(), "under other cuts nothing was measured"
    assert "21 and 83 of 100" in ann.get("/models/bright/1/").content.decode()


def test_the_page_of_the_models_says_who_is_heard_where(bundles: Path, ann: Client) -> None:
    cuts = {"little_below": 0.21, "manipulated_above": 0.83}
    label = next(bundle.label for bundle, _ in analysis.panel().members)
    rule = {"weights": {label: 0.0}, "cuts": cuts}
    (bundles / "panel.json").write_text(json.dumps({"fusion": {"film": rule}}))
    page = ann.get("/models/").content.decode()
    name = label.partition("/")[0]
    assert f"Photos: {name}" in page
    assert "Videos: no model." in page
    rule["weights"] = {label: 1.0}
    (bundles / "panel.json").write_text(json.dumps({"fusion": {"film": rule}}))
    assert f"Videos: {name}" in ann.get("/models/").content.decode()


def _without_tokens(page: str) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)
