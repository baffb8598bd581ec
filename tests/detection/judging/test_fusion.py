"""Which bundles are heard in a medium, and how their scores become one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import detection
from detection import Code, Outcome
from detection import fusion as fusions
from detection.errors import BadBundle
from detection.finding import BundleFinding
from detection.fusion import Condition, Medium
from detection.panel import judge, read_panel

from . import films
from .test_inspection import codes

CUTS = {"little_below": 0.4, "manipulated_above": 0.7}


def rule(weights: dict[str, float], **more: Any) -> dict[str, Any]:
    return {"weights": weights, "cuts": CUTS, **more}


def score(weights: dict[str, float], scores: dict[str, float], **more: Any) -> float:
    return fusions.read({"film": rule(weights, **more)})[Condition.FILM].score(scores)


def test_log_odds_are_added_by_weight() -> None:
    # log-odds 2 · ln 3 + 1 · ln(1/9) + ln 4 = ln 4, which is 4 to 1
    assert score({"a/1": 2.0, "b/1": 1.0}, {"a/1": 0.75, "b/1": 0.1}, offset=1.3862943611) == pytest.approx(0.8)


def test_odds_are_added_by_weight() -> None:
    # 0.5 · 3 + 0.5 · 1/3 = 5/3 to 1
    how = {"combining": "log of the sum of odds"}
    assert score({"a/1": 0.5, "b/1": 0.5}, {"a/1": 0.75, "b/1": 0.25}, **how) == pytest.approx(5 / 8)


def test_a_bundle_of_weight_0_counts_for_nothing() -> None:
    weights = {"a/1": 1.0, "b/1": 0.0}
    assert score(weights, {"a/1": 0.75}) == score(weights, {"a/1": 0.75, "b/1": 0.001}) == pytest.approx(0.75)


@pytest.mark.parametrize("how", ["sum of log-odds", "log of the sum of odds"])
def test_a_missing_bundle_makes_nothing_milder_than_its_silence_or_the_others_word_for_it(how: str) -> None:
    weights = {"a/1": 0.5, "b/1": 0.5}
    for one in (0.1, 0.5, 0.9):
        alone = score(weights, {"a/1": one}, combining=how)
        assert alone >= score(weights, {"a/1": one, "b/1": 0.5}, combining=how) - 1e-9
        assert alone >= score(weights, {"a/1": one, "b/1": one}, combining=how) - 1e-9


@pytest.fixture
def two(install: Callable[..., Path], policy: Callable[..., None]) -> Path:
    """A bundle that sees, and one that finds every face suspicious, with weights for photos."""
    install("sees")
    bundles = install("shouts", calibration={"a": 1.0, "b": 60.0})
    policy(bundles={"sees": "trust", "shouts": "trust"}, fusion={"photo": rule({"sees/1": 1.0, "shouts/1": 0.0})})
    return bundles


def test_a_bundle_that_is_not_heard_does_not_run_and_says_so(two: Path, real: Path) -> None:
    finding = detection.inspect(real, bundles=two)
    assert finding.outcome is Outcome.LITTLE_EVIDENCE
    assert finding.deciding_bundle == "sees/1"
    sees, shouts = finding.bundles
    assert finding.score == pytest.approx(sees.score)
    assert (shouts.status, shouts.score) == ("not_heard", None)
    assert finding.cuts == (0.4, 0.7)


def test_who_is_heard_may_differ_between_photos_and_films(two: Path, real: Path, tmp_path: Path) -> None:
    film = films.film(tmp_path / "real.mp4", films.portrait(0.5))
    finding = detection.inspect(film, bundles=two)
    assert [one.status for one in finding.bundles] == ["ran", "ran"], "nothing is fitted for films: the policy holds"
    assert finding.outcome is Outcome.LIKELY_MANIPULATED
    said = json.loads((two / "panel.json").read_text())
    said["fusion"]["film"] = rule({"sees/1": 0.5, "shouts/1": 0.0})
    (two / "panel.json").write_text(json.dumps(said))
    heard = detection.inspect(film, bundles=two)
    assert heard.outcome is not Outcome.LIKELY_MANIPULATED
    assert heard.bundles[1].status == "not_heard"
    for scored in (*heard.faces, *heard.frames):
        assert scored.score is not None
        assert scored.score < 0.7, "faces and frames go by the same rule"
    assert heard.segments == ()


def test_faces_frames_and_the_check_of_stability_go_by_the_same_rule(
    install: Callable[..., Path], policy: Callable[..., None], fake: Path
) -> None:
    install("one")
    bundles = install("two", calibration={"a": 0.5, "b": 0.0})
    policy(fusion={"photo": rule({"one/1": 0.25, "two/1": 0.25}, offset=-0.1)})
    finding = detection.inspect(fake, bundles=bundles, check_stability=True)
    assert finding.score not in [one.score for one in finding.bundles]
    assert finding.faces[0].score == finding.frames[0].score == finding.score
    unchanged = next(one for one in finding.stability.content["variants"] if one["name"] == "unchanged")
    assert unchanged["score"] == pytest.approx(finding.score, abs=1e-3)


def test_what_is_fused_counts_as_one_trusted_bundle_beside_others(
    two: Path, install: Callable[..., Path], real: Path
) -> None:
    """A bundle of a site's own, which was not there when the weights were fitted."""
    install("own", calibration={"a": 1.0, "b": 60.0})
    doubtful = detection.inspect(real, bundles=two)
    assert doubtful.outcome is Outcome.INCONCLUSIVE, "only included: it can raise a doubt"
    assert Code.BUNDLES_DISAGREE in codes(doubtful)
    assert doubtful.score == pytest.approx(doubtful.bundles[1].score)
    panel = read_panel(two)
    trusting = panel.with_policy({**panel.policy, "bundles": {**panel.policy["bundles"], "own": "trust"}})
    decided = detection.inspect(real, bundles=trusting)
    assert decided.outcome is Outcome.LIKELY_MANIPULATED
    assert decided.deciding_bundle == "own/1"
    ignoring = panel.with_policy({**panel.policy, "bundles": {**panel.policy["bundles"], "own": "ignore"}})
    assert detection.inspect(real, bundles=ignoring).outcome is Outcome.LITTLE_EVIDENCE


def test_a_sites_own_cuts_come_before_those_of_the_fusion(two: Path, real: Path) -> None:
    panel = read_panel(two)
    own = panel.with_policy({**panel.policy, "cuts": {"little_below": 0.0, "manipulated_above": 1.0}})
    finding = detection.inspect(real, bundles=own)
    assert finding.cuts == (0.0, 1.0)
    assert finding.outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(("below", "deciding"), [(1, "sees/1"), (9999, "shouts/1")])
def test_small_faces_in_photos_are_judged_by_weights_and_cut_offs_of_their_own(
    two: Path, real: Path, policy: Callable[..., None], below: float, deciding: str
) -> None:
    own_cuts = {"little_below": 0.2, "manipulated_above": 0.6}
    policy(
        bundles={"sees": "trust", "shouts": "trust"},
        fusion={
            "photo": rule({"sees/1": 1.0, "shouts/1": 0.0}),
            "photo_small_faces": {"weights": {"sees/1": 0.0, "shouts/1": 1.0}, "cuts": own_cuts, "faces_below": below},
        },
    )
    finding = detection.inspect(real, bundles=two, check_stability=True)
    ran = [result.bundle.label for result in finding.bundles if result.status == "ran"]
    unused = [result.bundle.label for result in finding.bundles if result.status == "not_heard"]
    assert finding.deciding_bundle == deciding
    assert ran == [deciding], "a bundle that counts for no face does not run"
    assert unused == [label for label in ("sees/1", "shouts/1") if label != deciding]
    assert finding.cuts == ((0.2, 0.6) if deciding == "shouts/1" else (0.4, 0.7))
    assert (
        finding.score
        == finding.faces[0].score
        == pytest.approx(finding.bundles[deciding == "shouts/1"].score, abs=1e-5)
    )
    unchanged = next(row for row in finding.stability.content["variants"] if row["name"] == "unchanged")
    assert unchanged["score"] == pytest.approx(finding.score, abs=1e-3)


def test_of_two_faces_the_worse_outcome_decides_and_not_the_higher_number(
    two: Path, policy: Callable[..., None]
) -> None:
    """A small face above its upper cut-off, beside a large one with a higher score that is below its own."""
    policy(
        bundles={"sees": "trust", "shouts": "ignore"},
        fusion={
            "photo": {"weights": {"sees/1": 1.0}, "cuts": {"little_below": 0.4, "manipulated_above": 0.9}},
            "photo_small_faces": {
                "weights": {"sees/1": 1.0},
                "cuts": {"little_below": 0.4, "manipulated_above": 0.6},
                "faces_below": 200,
            },
        },
    )
    panel = read_panel(two)
    bundle = panel.members[0][0]
    finding = BundleFinding(bundle.identity(), "trust", "ran", calibrated=True, faces={0: 0.8, 1: 0.7})
    judgement = judge(panel, Medium.PHOTO, (finding,), (), {0: 400.0, 1: 100.0})
    assert (judgement.face, judgement.outcome) == (1, Outcome.LIKELY_MANIPULATED)
    larger = judge(panel, Medium.PHOTO, (finding,), (), {0: 400.0, 1: 300.0})
    assert (larger.face, larger.outcome) == (0, Outcome.INCONCLUSIVE)


def test_a_panel_of_another_fusion_has_another_id(two: Path) -> None:
    panel = read_panel(two)
    ids = {panel.id}
    for weights in ({"sees/1": 0.9, "shouts/1": 0.0}, {"sees/1": 1.0, "shouts/1": 0.1}):
        ids.add(panel.with_policy({**panel.policy, "fusion": {"photo": rule(weights)}}).id)
    ids.add(panel.with_policy({**panel.policy, "fusion": {"film": panel.policy["fusion"]["photo"]}}).id)
    assert len(ids) == 4


def test_where_nobody_is_heard_nothing_is_judged(two: Path, real: Path, policy: Callable[..., None]) -> None:
    policy(fusion={"photo": rule({"sees/1": 0.0, "shouts/1": 0.0})})
    finding = detection.inspect(real, bundles=two)
    assert finding.outcome is Outcome.UNABLE_TO_EVALUATE
    assert Code.NO_BUNDLE in codes(finding)


@pytest.mark.parametrize(("holds", "shown"), [(True, True), (False, False)])
def test_the_number_is_a_probability_only_where_the_fused_score_is_one(
    two: Path, real: Path, policy: Callable[..., None], holds: bool, shown: bool
) -> None:
    policy(fusion={"photo": rule({"sees/1": 1.0, "shouts/1": 0.0}, holds=holds)})
    finding = detection.inspect(real, bundles=two)
    assert finding.calibrated is shown
    assert (Code.UNCALIBRATED in codes(finding)) is not shown


@pytest.mark.parametrize(
    "wrong",
    [
        {"radio": rule({"a/1": 1.0})},
        {"film": rule({"a/1": -0.1})},
        {"film": rule({"a/1": "much"})},
        {"film": rule({})},
        {"film": {"weights": {"a/1": 1.0}}},
        {"film": rule({"a/1": 1.0}, combining="by chance")},
        {"film": rule({"a/1": 1.0}, slope=0)},
        {"photo": rule({"a/1": 1.0}), "photo_small_faces": rule({"a/1": 1.0})},
        {"photo_small_faces": rule({"a/1": 1.0}, faces_below=200)},
        {"film": rule({"a/1": 1.0}, faces_below=200)},
        ["film"],
    ],
)
def test_a_fusion_that_makes_no_sense_is_refused(
    wrong: Any, install: Callable[..., Path], policy: Callable[..., None]
) -> None:
    bundles = install("one")
    policy(fusion=wrong)
    with pytest.raises(BadBundle, match=r"panel\.json"):
        read_panel(bundles)


GENERATED = {"auc": 0.81, "auc_ci": [0.78, 0.84], "n_generated": 299, "n_altered": 276, "named": 51, "named_right": 46}


@pytest.mark.parametrize(
    ("offset", "measured", "name"),
    [
        (3.0, GENERATED, "generated"),
        (-3.0, GENERATED, None),  # that a face was altered is never named
        (0.2, GENERATED, None),  # not sure enough
        (3.0, {**GENERATED, "auc": 0.69}, None),  # not measured to hold
    ],
)
def test_a_generated_face_is_named_where_that_is_likely_and_was_measured_to_hold(
    install: Callable[..., Path],
    policy: Callable[..., None],
    fake: Path,
    offset: float,
    measured: Any,
    name: str | None,
) -> None:
    bundles = install("sees")
    kinds = {"photo": {"weights": {"sees/1": 0.0}, "offset": offset, "measured": measured}}
    policy(bundles={"sees": "trust"}, kinds=kinds)
    finding = detection.inspect(fake, bundles=bundles)
    assert finding.outcome is Outcome.LIKELY_MANIPULATED
    assert (finding.kind or {}).get("name") == name
    if name:
        assert finding.kind["measured"] == measured


def test_no_kind_is_named_of_a_face_that_shows_little_or_that_a_bundle_has_not_judged(
    install: Callable[..., Path], policy: Callable[..., None], fake: Path, real: Path
) -> None:
    bundles = install("sees")
    for weights, file in (({"sees/1": 0.0}, real), ({"absent/1": 0.0}, fake)):
        policy(bundles={"sees": "trust"}, kinds={"photo": {"weights": weights, "offset": 9.0, "measured": GENERATED}})
        assert detection.inspect(file, bundles=bundles).kind is None
