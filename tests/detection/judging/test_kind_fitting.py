"""What tells generated faces from altered ones, fitted to made-up scores of which one can say what has to come out."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from detection.panel import read_panel
from detection.training import evaluation

from .test_panel_fitting import Files, files

__all__ = ["files"]


def scores(files: Files, path: Path, one: float, two: float, count: int = 60) -> Path:
    """Fakes of which the bundles one and two say so much, with a noise of 1."""

    def around(middle: float) -> Callable[[Any, Any], Any]:
        return lambda fake, kinds: middle + files.chance.normal(0, 1, len(fake))

    rows = files.rows({"one/1": around(one), "two/1": around(two), "three/1": files.blind}, count=count)
    evaluation.write(path, [row for row in rows if row.fake])
    return path


def fit(files: Files, folder: Path, **other: Any) -> dict[str, Any]:
    given = {
        "generated": [scores(files, folder / "g.csv", 3.0, -1.0)],
        "altered": [scores(files, folder / "a.csv", -1.0, 3.0)],
        "check_generated": [scores(files, folder / "cg.csv", 2.0, -1.0)],
        "check_altered": [scores(files, folder / "ca.csv", -1.0, 2.0)],
    }
    options = {"bundles": files.bundles, "models": ["one", "two"], "write": True, "stdout": io.StringIO()}
    call_command("fit_kinds", **options | given | other)
    policy: dict[str, Any] = json.loads((files.bundles / "panel.json").read_text())
    return policy["kinds"]["photo"]


def test_the_bundle_for_generated_faces_speaks_for_them_and_the_other_against(files: Files, tmp_path: Path) -> None:
    rule = fit(files, tmp_path)
    assert rule["weights"]["one/1"] > 0 > rule["weights"]["two/1"]
    assert "three/1" not in rule["weights"]
    measured = rule["measured"]
    assert (measured["n_generated"], measured["n_altered"]) == (60, 60)
    assert measured["auc"] > 0.95
    assert measured["named_right"] > 0.9 * measured["named"] > 0
    assert read_panel(files.bundles).kinds["photo"].holds  # type: ignore[index]


def test_what_is_measured_is_measured_on_the_other_files(files: Files, tmp_path: Path) -> None:
    same = scores(files, tmp_path / "same.csv", 1.0, 1.0)
    rule = fit(files, tmp_path, check_generated=[same], check_altered=[scores(files, tmp_path / "b.csv", 1.0, 1.0)])
    assert abs(rule["measured"]["auc"] - 0.5) < 0.15
    assert not read_panel(files.bundles).kinds["photo"].holds  # type: ignore[index]


def test_few_files_or_bundles_that_are_not_there_are_refused(files: Files, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="20 generated and 20 altered faces to fit"):
        fit(files, tmp_path, generated=[scores(files, tmp_path / "few.csv", 3.0, -1.0, count=5)])
    with pytest.raises(CommandError, match="Not all of these are installed"):
        fit(files, tmp_path, models=["one", "nobody"])
