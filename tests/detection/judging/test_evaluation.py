"""The protocol counts every file, says how sure it is, and goes on where it was cut off."""

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from detection import stability
from detection.training import evaluation

from . import faking, films
from .conftest import save


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """Files with known answers: pictures of both kinds, a film, a picture of nobody and one that can't be read."""
    root = tmp_path / "known"
    chance = np.random.default_rng(3)
    (root / "real").mkdir(parents=True)
    (root / "fake" / "patches").mkdir(parents=True)
    for number in range(6):
        save(root / "real" / f"{number}.jpg", faking.photo(chance, manipulated=False))
        save(root / "fake" / "patches" / f"{number}.jpg", faking.photo(chance, manipulated=True))
    films.film(root / "fake" / "patches" / "film.mp4", films.portrait(1, (0, 1)))
    save(root / "real" / "nobody.png", np.full((200, 200, 3), 99, np.uint8))
    (root / "real" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    return root


def evaluate(source: Path, **options: Any) -> dict[str, Any]:
    out = io.StringIO()
    call_command("evaluate", source, json=True, stdout=out, **options)
    said: dict[str, Any] = json.loads(out.getvalue())
    return said


def test_everything_is_counted(known: Path, install: Callable[..., Path]) -> None:
    said = evaluate(known, bundles=install())
    assert (said["n_real"], said["n_fake"]) == (8, 7)
    assert said["coverage"] == pytest.approx(13 / 15, abs=1e-3)
    assert said["not_judged"] == {"not_applicable: no_face": 1, "refused: truncated": 1}
    assert said["auc"] == 1.0
    assert said["auc_ci"] == [1.0, 1.0]
    assert said["per_manipulation"]["patches"]["n"] == 7
    assert said["per_manipulation"]["patches"]["seen"]
    assert said["tpr_at_fpr_05"] == 1.0
    assert said["eer"] == 0.0
    assert 0 <= said["ece"] < 0.3
    assert set(said["baselines"]) == {"bytes", "brightness", "sharpness"}
    assert said["false_alarms"] == 0.0
    assert said["false_alarms_ci"][1] > 0.1, "eight files prove little"
    assert sum(said["outcomes"]["real"].values()) == 8


def test_it_goes_on_where_it_was(known: Path, install: Callable[..., Path], tmp_path: Path) -> None:
    bundles, scores = install(), tmp_path / "scores.csv"
    first = evaluate(known, bundles=bundles, scores=scores)
    rows = evaluation.read(scores)
    assert len(rows) == 15
    evaluation.write(scores, rows[:9])
    for path in known.rglob("*.jpg"):
        path.touch()
    assert evaluate(known, bundles=bundles, scores=scores)["auc"] == first["auc"]
    assert [row.name for row in evaluation.read(scores)] == [row.name for row in rows]
    assert evaluation.read(scores)[:9] == rows[:9], "taken over, not judged again"


def test_what_a_harmless_change_turns_counts_as_inconclusive_as_people_see_it(
    known: Path, install: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundles, scores = install(), tmp_path / "scores.csv"
    assert evaluate(known, bundles=bundles, scores=scores)["outcomes"]["fake"] == {"likely_manipulated": 7}
    scores.unlink()
    real = faking.crop(faking.photo(np.random.default_rng(1), manipulated=False))
    monkeypatch.setitem(stability.VARIANTS, "mirrored", lambda crop: real)
    report = evaluate(known, bundles=bundles, scores=scores)
    assert report["outcomes"]["fake"] == {"inconclusive": 7}
    assert report["auc"] == 1.0, "the scores stay"
    monkeypatch.delitem(stability.VARIANTS, "mirrored")
    assert evaluate(known, bundles=bundles, scores=scores) == report, "each file is checked once"


def test_the_scores_of_one_set_or_panel_never_become_those_of_another(
    known: Path, install: Callable[..., Path], tmp_path: Path
) -> None:
    bundles, scores = install("one"), tmp_path / "scores.csv"
    whole = evaluate(known, bundles=bundles, scores=scores)
    stored = scores.read_bytes()
    assert evaluate(known, bundles=bundles, scores=scores, limit=2)["n_real"] == 2, "of what was asked for"
    assert scores.read_bytes() == stored, "and nothing is lost"
    other = install("other", calibration={"a": 0.5, "b": 0.0})
    by_both = evaluate(known, bundles=other, scores=scores)
    assert by_both["panel"]["id"] != whole["panel"]["id"], "judged by the new bundle too"
    anew = evaluate(known, bundles=other)
    assert by_both["ece_ci"] == pytest.approx(anew["ece_ci"], abs=2e-4), "stored scores are rounded"
    taken_over = {name: by_both[name] for name in ("ece_ci", "milliseconds_median")}
    assert by_both == anew | taken_over
    rows = evaluation.read(scores)
    shutil.rmtree(other / "other")
    assert evaluate(known, bundles=bundles, scores=scores)["auc"] == whole["auc"], "from what was stored"
    evaluation.write(scores, [replace(row, findings="") for row in rows])
    with pytest.raises(CommandError, match="another panel"):
        evaluate(known, bundles=bundles, scores=scores)
    evaluation.write(scores, rows)
    stored = scores.read_bytes()
    shutil.copy(known / "real" / "2.jpg", known / "real" / "1.jpg")
    with pytest.raises(CommandError, match=r"other files, as real/1.jpg"):
        evaluate(known, bundles=bundles, scores=scores)
    assert scores.read_bytes() == stored
    card = json.loads((bundles / "one" / "bundle.json").read_text())
    (bundles / "one" / "bundle.json").write_text(json.dumps(card | {"failures": ["blind at night"]}))
    again = evaluate(known, bundles=bundles)
    assert again["panel"]["id"] == whole["panel"]["id"], "what is told of a bundle judges nothing"
    assert again["judged_by"] == whole["judged_by"]


def test_another_panel_is_tried_on_what_each_bundle_found_and_only_a_new_bundle_runs(
    known: Path, install: Callable[..., Path], policy: Callable[..., None], tmp_path: Path
) -> None:
    bundles, scores = install("one"), tmp_path / "scores.csv"
    before = evaluate(known, bundles=bundles, scores=scores)
    (bundles / "one" / "model.onnx").write_bytes(b"it can't run again")
    install("two", calibration={"a": -1.0, "b": 0.0})
    policy(bundles={"one": "ignore"})
    assert evaluate(known, bundles=bundles, scores=scores)["auc"] == 0.0
    policy(bundles={"two": "ignore"})
    again = evaluate(known, bundles=bundles, scores=scores)
    assert again["panel"]["id"] != before["panel"]["id"]
    for figure in ("auc", "coverage", "not_judged", "outcomes", "ece", "false_alarms"):
        assert again[figure] == before[figure], figure


def test_bundles_that_are_not_heard_run_where_they_are_asked_for(
    known: Path, install: Callable[..., Path], policy: Callable[..., None], tmp_path: Path
) -> None:
    bundles, scores = install("one"), tmp_path / "scores.csv"
    install("two", calibration={"a": -1.0, "b": 0.0})
    cuts = {"little_below": 0.3, "manipulated_above": 0.7}
    rules = {medium: {"weights": {"one/1": 1.0, "two/1": 0.0}, "cuts": cuts} for medium in ("photo", "film")}
    policy(fusion=rules)
    assert evaluate(known, bundles=bundles, scores=scores, every_bundle=True)["auc"] == 1.0
    (bundles / "two" / "model.onnx").unlink()
    for rule in rules.values():
        rule["weights"] = {"one/1": 0.0, "two/1": 1.0}
    policy(fusion=rules)
    assert evaluate(known, bundles=bundles, scores=scores)["auc"] == 0.0


def test_of_a_set_with_a_part_for_testing_only_that_is_judged(
    known: Path, install: Callable[..., Path], tmp_path: Path
) -> None:
    lines = ["file,label,part", "real/1.jpg,real,train", "real/2.jpg,REAL,test", "fake/patches/1.jpg,Fake,test"]
    (known / "list.csv").write_text("\n".join([*lines, "fake/patches/2.jpg,1.0,"]) + "\n")
    bundles = install()
    said = evaluate(known / "list.csv", bundles=bundles)
    assert (said["n_real"], said["n_fake"], said["part"]) == (1, 1, "test")
    assert said["left_out"] == {"train": 1, "not said": 1}
    assert evaluate(known / "list.csv", bundles=bundles, part="all")["n_fake"] == 2
    with pytest.raises(CommandError, match="no files for validation"):
        evaluate(known / "list.csv", bundles=bundles, part="validation")


def test_a_limit_takes_of_every_kind(known: Path, install: Callable[..., Path]) -> None:
    (known / "fake" / "swaps").mkdir()
    for number in range(3):
        shutil.copy(known / "fake" / "patches" / f"{number}.jpg", known / "fake" / "swaps")
    assert set(evaluate(known, bundles=install(), limit=6)["per_manipulation"]) == {"patches", "swaps"}


def test_archives_and_lists_are_read_too(known: Path, install: Callable[..., Path], tmp_path: Path) -> None:
    bundles = install()
    with zipfile.ZipFile(tmp_path / "known.zip", "w") as archive:
        for path in known.rglob("*.jpg"):
            archive.write(path, path.relative_to(known))
    assert evaluate(tmp_path / "known.zip", bundles=bundles)["n_fake"] == 6
    lines = ["file,label,manipulation,group", "known/real/1.jpg,real,,anna", "known/fake/patches/1.jpg,fake,patch,anna"]
    (tmp_path / "list.csv").write_text("\n".join(lines) + "\nknown/real/gone.jpg,real,,bert\n")
    said = evaluate(tmp_path / "list.csv", bundles=bundles)
    assert (said["n_real"], said["n_fake"], said["groups"]) == (2, 1, 2)
    assert said["not_judged"] == {"refused: missing": 1}
    assert evaluate(known, bundles=bundles, limit=2)["n_real"] == 2


def test_files_without_labels_are_not_an_evaluation(real: Path, install: Callable[..., Path]) -> None:
    with pytest.raises(CommandError, match="neither real/ and fake/ nor another"):
        evaluate(real.parent, bundles=install())


def test_nothing_to_judge_with_is_no_evaluation(known: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no bundle in"):
        evaluate(known, bundles=tmp_path / "nowhere")


def test_one_bundle_can_be_asked_alone(known: Path, install: Callable[..., Path]) -> None:
    install("one")
    bundles = install("two", calibration={"a": -1.0, "b": 0.0})
    assert evaluate(known, bundles=bundles, bundle="one")["auc"] == 1.0
    assert evaluate(known, bundles=bundles, bundle="two/1")["auc"] == 0.0
    with pytest.raises(CommandError, match="no bundle three"):
        evaluate(known, bundles=bundles, bundle="three")


def test_two_evaluations_are_compared_pair_by_pair(known: Path, install: Callable[..., Path], tmp_path: Path) -> None:
    install("one")
    bundles = install("two", calibration={"a": -1.0, "b": 0.0})
    for name in ("one", "two"):
        evaluate(known, bundles=bundles, bundle=name, scores=tmp_path / f"{name}.csv")
    out = io.StringIO()
    call_command("compare", tmp_path / "two.csv", tmp_path / "one.csv", stdout=out)
    said = json.loads(out.getvalue())
    assert said["n"] == 13
    assert said["difference"] == 1.0
    assert said["surely_different"]
    out = io.StringIO()
    call_command("compare", tmp_path / "one.csv", tmp_path / "one.csv", stdout=out)
    assert not json.loads(out.getvalue())["surely_different"]
    (tmp_path / "none.csv").write_text((tmp_path / "one.csv").read_text().splitlines()[0] + "\n")
    for wrong, said in (("none", "No file has a score in both"), ("nowhere", "No such file")):
        with pytest.raises(CommandError, match=said):
            call_command("compare", tmp_path / "one.csv", tmp_path / f"{wrong}.csv")
    (tmp_path / "none.csv").write_text((tmp_path / "one.csv").read_text().replace(",True,", ",False,"))
    with pytest.raises(CommandError, match="is real in one and fake in the other"):
        call_command("compare", tmp_path / "none.csv", tmp_path / "one.csv")
    (tmp_path / "list.csv").write_text("file,label\na,real\n")
    with pytest.raises(CommandError, match="not a file of scores: it lacks brightness"):
        call_command("compare", tmp_path / "list.csv", tmp_path / "one.csv")


def test_the_panels_cuts_are_fitted_to_files_with_known_answers(
    known: Path, install: Callable[..., Path], policy: Callable[..., None], tmp_path: Path
) -> None:
    bundles, scores, out = install("one"), tmp_path / "scores.csv", io.StringIO()
    policy(bundles={"one": "trust"}, default="ignore")
    evaluate(known, bundles=bundles, scores=scores)
    at = iter([0.1, 0.2, 0.3, 0.6, 0.9, 0.97, 0.2, 0.4, 0.46, 0.8, 0.9, 0.95, 0.99])
    judged = sorted((row for row in evaluation.read(scores) if row.judged), key=lambda row: row.fake)
    evaluation.write(scores, [replace(row, score=next(at)) for row in judged])
    fit = {"bundles": bundles, "false_alarms": 0.2, "missed": 0.2, "stdout": out}
    call_command("fit_thresholds", [scores], **fit)
    assert "manipulated_above 0.9: of 6 real ones 1 lie above, of 7 fakes 2 below." in out.getvalue()
    assert evaluate(known, bundles=bundles)["panel"]["cuts"] is None, "not written unasked"
    for _ in range(2):  # also where there are cuts already
        call_command("fit_thresholds", [scores], write=True, **fit)
    said = json.loads((bundles / "panel.json").read_text())
    assert said == {"bundles": {"one": "trust"}, "default": "ignore", "cuts": ANY}, "the rest is as it was"
    assert 0.4 < said["cuts"]["little_below"] < 0.46
    assert evaluate(known, bundles=bundles)["panel"]["cuts"] == list(said["cuts"].values())


def test_cuts_are_not_fitted_to_few_files_or_to_what_others_said(
    known: Path, install: Callable[..., Path], tmp_path: Path
) -> None:
    bundles, scores = install("one"), tmp_path / "scores.csv"
    evaluate(known, bundles=bundles, scores=scores)
    with pytest.raises(CommandError, match="takes 100 judged real ones or more; there are 6"):
        call_command("fit_thresholds", [scores], bundles=bundles, write=True)
    with pytest.raises(CommandError, match="takes 20 judged fakes or more; there are 7"):
        call_command("fit_thresholds", [scores], bundles=bundles, false_alarms=0.2, missed=0.05, write=True)
    with pytest.raises(CommandError, match="scores of another panel"):
        call_command("fit_thresholds", [scores], bundles=install("two"), false_alarms=0.2, write=True)
    assert not (bundles / "panel.json").exists()


def test_it_speaks_in_words_as_well(known: Path, install: Callable[..., Path]) -> None:
    out = io.StringIO()
    call_command("evaluate", known, bundles=install(), limit=1, stdout=out)
    assert "n_real: 1\n" in out.getvalue()
