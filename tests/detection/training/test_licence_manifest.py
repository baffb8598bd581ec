"""The list of training data names every crop, and only the bundles that were trained on it."""

import io
import json
import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from detection.training import licence_manifest
from detection.training.face_dataset import digest, read_faces

SHIPPED = Path(settings.BASE_DIR) / "ml_models"


@pytest.fixture
def bundles(tmp_path: Path) -> Path:
    """The shipped image network, whose card may be changed."""
    (tmp_path / "bundles").mkdir()
    shutil.copytree(SHIPPED / "residual", tmp_path / "bundles" / "residual")
    return tmp_path / "bundles"


def set_digest(bundles: Path, value: str) -> None:
    path = bundles / "residual" / "bundle.json"
    card = json.loads(path.read_text())
    card["training"]["faces sha256"] = value
    path.write_text(json.dumps(card))


def test_a_bundle_is_named_at_its_training_crops_and_at_no_others(folder: Path, bundles: Path, tmp_path: Path) -> None:
    set_digest(bundles, digest(read_faces(folder, "train")))
    out = io.StringIO()
    call_command("write_manifest", tmp_path / "list.csv.gz", faces=[folder], bundles=bundles, stdout=out)
    rows = list(licence_manifest.read(tmp_path / "list.csv.gz"))
    assert len(rows) == len(read_faces(folder))
    assert {row["part"] for row in rows if row["bundles"] == "residual/2"} == {"train"}
    assert not [row for row in rows if row["part"] == "train" and not row["bundles"]]
    assert all(len(row["sha256"]) == 64 and row["licence"] == "public domain" for row in rows)
    assert "no combination" not in out.getvalue()


def test_a_bundle_of_other_faces_is_named_nowhere_and_reported(folder: Path, bundles: Path, tmp_path: Path) -> None:
    out = io.StringIO()
    call_command("write_manifest", tmp_path / "list.csv.gz", faces=[folder], bundles=bundles, stdout=out)
    assert not [row for row in licence_manifest.read(tmp_path / "list.csv.gz") if row["bundles"]]
    assert "residual/2: no combination" in out.getvalue()


def test_the_shipped_list_has_as_many_crops_of_each_licence_as_the_cards_say() -> None:
    rows = list(licence_manifest.read(SHIPPED / "training-data.csv.gz"))
    for path in sorted(SHIPPED.glob("*/bundle.json")):
        card = json.loads(path.read_text())
        label = f"{card['name']}/{card['version']}"
        counted: dict[str, int] = {}
        for row in rows:
            if label in row["bundles"].split():
                counted[row["licence"]] = counted.get(row["licence"], 0) + 1
        assert counted == card["training"]["licences"], label
