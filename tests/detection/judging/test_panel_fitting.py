"""What a panel is fitted to: made-up scores, of which one can say beforehand what has to come out."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from detection import metrics
from detection.fusion import Combining, Condition, Medium
from detection.panel import read_panel
from detection.training import evaluation, panel_fitting, stored_findings

from . import faking

MANY = 300


@dataclass
class Files:
    """So many real and fake files of each medium, with what each bundle said of them."""

    bundles: Path
    chance: np.random.Generator

    def rows(
        self,
        log_odds: dict[str, Callable[[Any, Any], Any]],
        medium: Medium = Medium.PHOTO,
        count: int = MANY,
        height: float = 100.0,
    ) -> list[evaluation.Row]:
        panel = read_panel(self.bundles)
        fake = np.arange(2 * count) % 2 == 1
        kinds = np.where(np.arange(2 * count) // 2 % 2 == 1, "swap", "drawn")
        values = {label: make(fake, kinds) for label, make in log_odds.items()}
        rows = []
        for number in range(2 * count):
            said = {
                bundle.label: {
                    "judging": bundle.judging_sha256[: stored_findings.SHORT],
                    "status": "ran",
                    "calibrated": True,
                    "faces": [[0, 1 / (1 + np.exp(-float(values[bundle.label][number])))]],
                    "unfamiliar": [],
                    "reasons": [],
                    "milliseconds": 1.0,
                }
                for bundle, _ in panel.members
            }
            findings = stored_findings.StoredFindings(medium, {0: (height, 1)}, (), (), 1.0, said)
            row = evaluation.Row(
                f"{medium}-{height}-{number}", bool(fake[number]), kinds[number] if fake[number] else "", f"p{number}",
                "", 0.5, "", 1.0, 1, None, None, "-", findings.to_json(),
            )  # fmt: skip
            rows.append(row)
        return rows

    def sees(self, much: float, kind: str = "") -> Callable[[Any, Any], Any]:
        """Log-odds that lie apart by twice so much, of this kind of fakes or of all, with a noise of 1."""

        def make(fake: Any, kinds: Any) -> Any:
            seen = fake & ((kinds == kind) | (not kind))
            return np.where(seen, much, -much) + self.chance.normal(0, 1, len(fake))

        return make

    def blind(self, fake: Any, kinds: Any) -> Any:
        return self.chance.normal(0, 2, len(fake))


def card(bundles: Path, name: str) -> None:
    """Of a bundle that nobody asks: what it would say is made up."""
    (bundles / name).mkdir(parents=True)
    (bundles / name / "model.onnx").write_bytes(b"never run")
    faking.card(bundles / name, name)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    for name in ("one", "two", "three"):
        card(tmp_path / "bundles", name)
    return Files(tmp_path / "bundles", np.random.default_rng(5))


PHOTOS = panel_fitting.Faces(Condition.PHOTO)


def fit(files: Files, rows: list[evaluation.Row]) -> Any:
    return panel_fitting.fit_panel(rows, read_panel(files.bundles), PHOTOS, false_alarms=0.02, missed=0.2)


def test_who_sees_nothing_or_has_it_the_wrong_way_round_is_not_heard(files: Files) -> None:
    rows = files.rows({"one/1": files.sees(1.0), "two/1": files.blind, "three/1": files.sees(-1.0)})
    fusion = fit(files, rows)
    assert fusion.weights["one/1"] > 0
    assert fusion.weights["two/1"] == fusion.weights["three/1"] == 0.0
    assert fusion.heard == ["one/1"]


def test_two_that_see_alike_are_heard_alike(files: Files) -> None:
    fusion = fit(files, files.rows({"one/1": files.sees(0.7), "two/1": files.sees(0.7), "three/1": files.blind}))
    assert fusion.combining is Combining.SUM
    assert fusion.weights["one/1"] == fusion.weights["two/1"] > 0
    # The likelihood ratio of such a score is exp(2 · 0.7 · x): that is what its log-odds are worth.
    assert fusion.weights["one/1"] == pytest.approx(1.4, abs=0.25)
    assert fusion.offset == pytest.approx(0.0, abs=0.25)


def test_who_sees_more_counts_more_but_less_than_its_due(files: Files) -> None:
    rows = files.rows({"one/1": files.sees(1.5), "two/1": files.sees(0.2), "three/1": files.blind})
    data = panel_fitting.judged(rows, read_panel(files.bundles), PHOTOS).by(["one/1", "two/1"])
    strong, weak = panel_fitting.fit_weights(data)
    assert 0 < weak < strong
    assert strong / weak < 1.5 / 0.2, "drawn towards equal weights"


def test_bundles_with_kinds_of_their_own_are_combined_by_their_odds(files: Files) -> None:
    rows = files.rows({"one/1": files.sees(1.5, "swap"), "two/1": files.sees(1.5, "drawn"), "three/1": files.blind})
    fusion = fit(files, rows)
    assert fusion.combining is Combining.ODDS
    assert fusion.measured["auc"] > 0.93


def test_no_more_real_ones_lie_above_the_upper_cut_than_asked_for_and_scores_are_probabilities(files: Files) -> None:
    rows = files.rows({"one/1": files.sees(0.8), "two/1": files.sees(0.5), "three/1": files.blind})
    fusion = fit(files, rows)
    fresh = files.rows({"one/1": files.sees(0.8), "two/1": files.sees(0.5), "three/1": files.blind}, count=2000)
    scores, fake = [], []
    for row in fresh:
        said = stored_findings.parse(row.findings).bundles
        scores.append(fusion.score({label: said[label]["faces"][0][1] for label in ("one/1", "two/1")}))
        fake.append(row.fake)
    above = np.array(scores)[~np.array(fake)] > fusion.cuts.manipulated_above
    assert 0.005 < above.mean() < 0.045
    assert metrics.calibration_error(scores, fake) < 0.06


@pytest.mark.parametrize(("by_others", "share"), [(300, 0.1), (20, 0.02)], ids=["enough by others", "too few"])
def test_own_real_files_may_be_alarmed_more_often_where_enough_by_others_are_not(
    by_others: int, share: float, files: Files
) -> None:
    seen = {"one/1": files.sees(0.8), "two/1": files.sees(0.5), "three/1": files.blind}
    plain = {label: (lambda fake, kinds: np.full(len(fake), -2.0)) for label in seen}
    others = [row for row in files.rows(plain, count=by_others) if not row.fake]
    fusion = panel_fitting.fit_panel(
        files.rows(seen), read_panel(files.bundles), PHOTOS, false_alarms=0.02, own_false_alarms=0.1, missed=0.2,
        others=others,
    )  # fmt: skip
    alarmed, _found = fusion.measured["above_upper_cut"]
    assert alarmed / fusion.measured["n_real"] == pytest.approx(share, abs=0.01)
    assert fusion.measured["real_by_others"] == [by_others, 0]


def test_photos_and_films_are_fitted_apart_and_written_with_the_commands(
    files: Files, tmp_path: Path, policy: Callable[..., None]
) -> None:
    policy(bundles={"one": "trust"}, cuts={"little_below": 0.1, "manipulated_above": 0.9})
    evaluation.write(
        tmp_path / "photos.csv",
        files.rows({"one/1": files.sees(1.0), "two/1": files.sees(1.0), "three/1": files.blind}),
    )
    evaluation.write(
        tmp_path / "films.csv",
        files.rows({"one/1": files.blind, "two/1": files.sees(1.0), "three/1": files.sees(1.0)}, Medium.FILM),
    )
    written = []
    for _ in range(2):
        call_command(
            "fit_panel", [tmp_path / "photos.csv", tmp_path / "films.csv"], bundles=files.bundles, write=True,
            made_by=["manage.py generate_films OWN"], probability=["film"], stdout=io.StringIO(),
        )  # fmt: skip
        written.append((files.bundles / "panel.json").read_bytes())
    assert written[0] == written[1], "the same scores give the same panel"
    said = json.loads(written[0])
    assert said["bundles"] == {"one": "trust"}
    assert said["cuts"] is None, "the cuts of the two media take their place"
    assert said["made_by"][0] == "manage.py generate_films OWN"
    assert said["made_by"][1].startswith("manage.py fit_panel photos.csv films.csv --false-alarms 0.02")
    panel = read_panel(files.bundles)
    photo, film = panel.fusion[Condition.PHOTO], panel.fusion[Condition.FILM]
    assert set(photo.heard) == {"one/1", "two/1"}
    assert set(film.heard) == {"two/1", "three/1"}
    assert (photo.holds, film.holds) == (False, True)


def test_a_way_to_combine_that_files_by_others_have_shown_to_be_better_can_be_named(
    files: Files, tmp_path: Path
) -> None:
    rows = files.rows({"one/1": files.sees(0.7), "two/1": files.sees(0.7), "three/1": files.blind})
    evaluation.write(tmp_path / "photos.csv", rows)
    command = ("fit_panel", str(tmp_path / "photos.csv"), "--bundles", str(files.bundles), "--write", "--combining")
    call_command(*command, "photo=sum-of-odds", stdout=io.StringIO())
    photo = read_panel(files.bundles).fusion[Condition.PHOTO]
    assert photo.combining is Combining.ODDS
    assert photo.measured["chosen_by"] == "files from other sources"
    assert "--combining photo=sum-of-odds" in json.loads((files.bundles / "panel.json").read_text())["made_by"][-1]
    with pytest.raises(CommandError, match="argument --combining"):
        call_command(*command, "photo=guess")


def test_small_faces_get_a_rule_of_their_own_until_all_are_fitted_together_again(files: Files, tmp_path: Path) -> None:
    small = {"one/1": files.sees(1.0), "two/1": files.blind, "three/1": files.sees(-1.0)}
    large = {"one/1": files.blind, "two/1": files.sees(1.0), "three/1": files.sees(1.0)}
    evaluation.write(tmp_path / "own.csv", [*files.rows(small, height=120), *files.rows(large, height=300)])
    # By others: small real faces of which 5 % look like fakes, and large ones that nobody doubts.
    odd = {"one/1": lambda fake, _: np.where(np.arange(len(fake)) % 20 == 0, 6.0, -3.0), "two/1": files.blind}
    plain = {label: lambda fake, _: np.full(len(fake), -3.0) for label in ("one/1", "two/1", "three/1")}
    others = [*files.rows(odd | {"three/1": files.blind}, height=150), *files.rows(plain, height=250)]
    evaluation.write(tmp_path / "others.csv", [row for row in others if not row.fake])

    def written(**more: Any) -> dict[str, Any]:
        call_command(
            "fit_panel", [tmp_path / "own.csv"], bundles=files.bundles, others=[tmp_path / "others.csv"], write=True,
            stdout=io.StringIO(), **more,
        )  # fmt: skip
        policy: dict[str, Any] = json.loads((files.bundles / "panel.json").read_text())
        return policy

    policy = written(small_faces_below=200.0)
    assert "--small-faces-below 200" in policy["made_by"][-1]
    rules = read_panel(files.bundles).fusion
    assert rules[Condition.SMALL_FACES].heard == ["one/1"]
    assert rules[Condition.SMALL_FACES].faces_below == 200
    assert set(rules[Condition.PHOTO].heard) == {"two/1", "three/1"}
    small_cut, large_cut = (rules[name].cuts.manipulated_above for name in (Condition.SMALL_FACES, Condition.PHOTO))
    assert small_cut > 0.98 > large_cut, "the odd small faces by others raise the cut-off for small faces only"
    assert rules[Condition.SMALL_FACES].measured["real_by_others"][0] == 300
    assert set(written()["fusion"]) == {"photo"}


def test_nothing_is_fitted_to_few_files_or_where_a_bundle_was_not_asked(files: Files) -> None:
    seen = {"one/1": files.sees(2.0), "two/1": files.sees(2.0), "three/1": files.blind}
    with pytest.raises(panel_fitting.CannotFit, match=r"takes 50 judged real files or more \(photo\); there are 40"):
        fit(files, files.rows(seen, count=40))
    with pytest.raises(panel_fitting.CannotFit, match="No bundle surely tells"):
        fit(files, files.rows(dict.fromkeys(seen, files.blind)))
    rows = files.rows(seen)
    card(files.bundles, "later")
    with pytest.raises(panel_fitting.CannotFit, match="evaluate these files with --every-bundle"):
        fit(files, rows)


def test_the_command_says_what_is_wrong_in_a_sentence(files: Files, tmp_path: Path) -> None:
    evaluation.write(tmp_path / "few.csv", files.rows(dict.fromkeys(("one/1", "two/1", "three/1"), files.blind)))
    with pytest.raises(CommandError, match="No bundle surely tells"):
        call_command("fit_panel", [tmp_path / "few.csv"], bundles=files.bundles, write=True)
    assert not (files.bundles / "panel.json").exists()
