"""The rules by which scores become an outcome, on findings written by hand: no network runs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from detection import Code, Outcome
from detection.bundle import Bundle, Calibration, read_bundle
from detection.errors import BadBundle
from detection.finding import BundleFinding, Reason
from detection.fusion import Medium
from detection.panel import Judgement, Panel, Weight, judge, read_panel, write_policy

CARD: dict[str, Any] = {
    "format": 1,
    "version": "1",
    "kind": "image",
    "input": {"size": 64, "scaling": "-1..1"},
    "output": {"fake_is": 1},
    "cuts": {"little_below": 0.35, "manipulated_above": 0.8},
    "weights": {"model.onnx": "0" * 64},
}
FUSED = {"weights": {"a/1": 1.0, "b/1": 1.0}, "cuts": {"little_below": 0.4, "manipulated_above": 0.7}, "holds": True}


def add(root: Path, name: str, **changes: Any) -> Bundle:
    (root / name).mkdir()
    (root / name / "bundle.json").write_text(json.dumps({**CARD, "name": name, **changes}))
    return read_bundle(root / name)


@pytest.fixture
def panel(tmp_path: Path) -> Callable[..., Panel]:
    """Bundles a, b and c under a policy."""

    def make(**policy: Any) -> Panel:
        for name in "abc":
            if not (tmp_path / name).exists():
                add(tmp_path, name)
        (tmp_path / "panel.json").write_text(json.dumps(policy))
        return read_panel(tmp_path)

    return make


def finding(panel: Panel, name: str, *scores: float, status: str = "ran", **more: Any) -> BundleFinding:
    bundle, weight = next(member for member in panel.members if member[0].name == name)
    more = {"calibrated": True, "faces": dict(enumerate(scores)), **more}
    return BundleFinding(bundle.identity(), weight.value, status, **more)


def judged(panel: Panel, *findings: BundleFinding, why_not: tuple[Reason, ...] = (), **more: Any) -> Judgement:
    return judge(panel, Medium.PHOTO, findings, why_not, **more)


def codes(judgement: Judgement) -> list[Code]:
    return [reason.code for reason in judgement.reasons]


def test_little_evidence_of_a_panel_with_a_failed_bundle_is_inconclusive(panel: Callable[..., Panel]) -> None:
    three = panel()
    failed = finding(three, "b", status="failed", faces={})
    whole = judged(three, finding(three, "a", 0.1))
    assert (whole.outcome, codes(whole)) == (Outcome.LITTLE_EVIDENCE, [Code.SCORE_LOW])
    partial = judged(three, finding(three, "a", 0.1), failed)
    assert (partial.outcome, codes(partial)) == (Outcome.INCONCLUSIVE, [Code.SCORE_LOW, Code.BUNDLE_FAILED])
    assert partial.reasons[-1].bundle == "b/1"
    assert judged(three, finding(three, "a", 0.9), failed).outcome is Outcome.LIKELY_MANIPULATED


def test_a_bundle_that_is_not_installed_makes_little_evidence_inconclusive_too(panel: Callable[..., Panel]) -> None:
    missing = panel(bundles={"absent": "include"})
    judgement = judged(missing, finding(missing, "a", 0.1))
    assert (judgement.outcome, judgement.reasons[-1].bundle) == (Outcome.INCONCLUSIVE, "absent")
    ignored = panel(bundles={"absent": "ignore"})
    assert judged(ignored, finding(ignored, "a", 0.1)).outcome is Outcome.LITTLE_EVIDENCE


def test_where_no_bundle_fits_it_is_not_applicable_unless_one_failed(panel: Callable[..., Panel]) -> None:
    three = panel()
    unfit = [
        finding(three, name, status="not_applicable", faces={}, reasons=(Reason(Code.NO_FACE),)) for name in ("a", "b")
    ]
    judgement = judged(three, *unfit)
    assert (judgement.outcome, codes(judgement)) == (Outcome.NOT_APPLICABLE, [Code.NO_FACE])
    why_not = judged(three, *unfit, why_not=(Reason(Code.FACE_TOO_SMALL),))
    assert codes(why_not) == [Code.FACE_TOO_SMALL]
    failed = judged(three, *unfit, finding(three, "c", status="failed", faces={}))
    assert (failed.outcome, codes(failed)) == (Outcome.UNABLE_TO_EVALUATE, [Code.BUNDLE_FAILED])


def test_without_a_bundle_nothing_is_evaluated_and_the_broken_ones_are_named() -> None:
    judgement = judged(Panel(broken=(("lost", "no card"),)))
    assert (judgement.outcome, codes(judgement)) == (
        Outcome.UNABLE_TO_EVALUATE,
        [Code.NO_BUNDLE, Code.BUNDLE_FAILED],
    )
    assert judgement.score is None


def test_the_worst_face_decides_and_a_face_before_the_whole_picture(panel: Callable[..., Panel]) -> None:
    three = panel()
    worst = judged(three, finding(three, "a", 0.1, 0.9, 0.5))
    assert (worst.face, worst.score, worst.outcome) == (1, 0.9, Outcome.LIKELY_MANIPULATED)
    same = judged(three, finding(three, "a", faces={None: 0.9, 0: 0.9}))
    assert same.face == 0
    whole = judged(three, finding(three, "a", faces={None: 0.9, 0: 0.85}))
    assert (whole.face, whole.score) == (None, 0.9)


def test_the_mean_counts_where_nobody_is_trusted_and_the_highest_trusted_score_else(
    panel: Callable[..., Panel],
) -> None:
    three = panel(bundles={"c": "ignore"})
    mean = judged(three, finding(three, "a", 0.2), finding(three, "b", 0.6))
    assert (mean.score, mean.bundle, mean.outcome) == (pytest.approx(0.4), "b/1", Outcome.INCONCLUSIVE)
    trusting = panel(bundles={"a": "trust", "b": "trust"})
    scores = [finding(trusting, "a", 0.5), finding(trusting, "b", 0.3), finding(trusting, "c", 0.9)]
    highest = judged(trusting, *scores)
    assert (highest.score, highest.bundle, highest.outcome) == (0.5, "a/1", Outcome.INCONCLUSIVE)
    assert codes(highest) == [Code.SCORE_BETWEEN, Code.BUNDLES_DISAGREE]


def test_two_bundles_disagree_only_where_one_says_fake_and_the_other_real(panel: Callable[..., Panel]) -> None:
    trusting = panel(bundles={"a": "trust"})
    for scores, outcome, disagree in (
        ((0.1, 0.9), Outcome.INCONCLUSIVE, True),  # the trusted one's word, made weaker
        ((0.9, 0.1), Outcome.LIKELY_MANIPULATED, True),  # a doubt clears nobody
        ((0.1, 0.5), Outcome.LITTLE_EVIDENCE, False),
        ((0.9, 0.5), Outcome.LIKELY_MANIPULATED, False),
        ((0.1, 0.2), Outcome.LITTLE_EVIDENCE, False),
    ):
        judgement = judged(trusting, finding(trusting, "a", scores[0]), finding(trusting, "b", scores[1]))
        assert (judgement.outcome, Code.BUNDLES_DISAGREE in codes(judgement)) == (outcome, disagree), scores


def test_fused_bundles_that_contradict_each_other_raise_no_further_doubt(panel: Callable[..., Panel]) -> None:
    weights = {"a/1": 3.0, "b/1": 0.3}
    fused = panel(bundles={"a": "trust", "b": "trust", "c": "include"}, fusion={"photo": {**FUSED, "weights": weights}})
    two = [finding(fused, "a", 0.2), finding(fused, "b", 0.9)]
    judgement = judged(fused, *two)
    assert judgement.outcome is Outcome.LITTLE_EVIDENCE
    assert Code.BUNDLES_DISAGREE in codes(judgement)
    assert judgement.cuts is not None
    assert judgement.cuts.manipulated_above == 0.7, "those of the fusion"
    assert judged(fused, *two, finding(fused, "c", 0.5)).outcome is Outcome.INCONCLUSIVE, "c was not fitted with them"


def test_of_fused_bundles_the_one_whose_score_speaks_most_for_it_is_named(panel: Callable[..., Panel]) -> None:
    fused = panel(fusion={"photo": FUSED})
    assert judged(fused, finding(fused, "a", 0.6), finding(fused, "b", 0.9)).bundle == "b/1"
    assert judged(fused, finding(fused, "a", 0.9), finding(fused, "b", 0.6)).bundle == "a/1"


def test_a_trusted_bundle_beside_the_fused_ones_decides_where_its_score_is_higher(panel: Callable[..., Panel]) -> None:
    fused = panel(bundles={"c": "trust"}, fusion={"photo": FUSED})
    low = judged(fused, finding(fused, "a", 0.5), finding(fused, "b", 0.5), finding(fused, "c", 0.75))
    assert (low.bundle, low.score, low.outcome) == ("c/1", 0.75, Outcome.INCONCLUSIVE), "by its own cut-offs"
    high = judged(fused, finding(fused, "a", 0.9), finding(fused, "b", 0.9), finding(fused, "c", 0.75))
    assert high.bundle in ("a/1", "b/1")
    assert high.score == pytest.approx(81 / 82)
    heard = panel(bundles={"c": "include"}, fusion={"photo": FUSED})
    assert judged(heard, finding(heard, "a", 0.5), finding(heard, "c", 0.75)).bundle == "a/1", "c is only heard"


def test_a_face_unlike_the_training_faces_is_inconclusive_whatever_its_score(panel: Callable[..., Panel]) -> None:
    three = panel()
    for score in (0.1, 0.9):
        strange = judged(three, finding(three, "a", score, unfamiliar=frozenset({0})))
        assert (strange.outcome, codes(strange)[-1]) == (Outcome.INCONCLUSIVE, Code.OUT_OF_DISTRIBUTION)
        assert judged(three, finding(three, "a", score, unfamiliar=frozenset({1}))).outcome is not Outcome.INCONCLUSIVE


def test_the_number_is_a_probability_only_where_the_deciding_score_was_calibrated(panel: Callable[..., Panel]) -> None:
    three = panel()
    assert judged(three, finding(three, "a", 0.5)).calibrated
    plain = judged(three, finding(three, "a", 0.5, calibrated=False))
    assert (plain.calibrated, codes(plain)) == (False, [Code.SCORE_BETWEEN, Code.UNCALIBRATED])


def test_a_bundle_of_weight_0_for_a_size_is_not_heard_of_faces_of_that_size(panel: Callable[..., Panel]) -> None:
    small = {**FUSED, "weights": {"a/1": 0.0, "b/1": 1.0}, "faces_below": 100}
    sized = panel(fusion={"photo": FUSED, "photo_small_faces": small})
    both = [finding(sized, "a", 0.9), finding(sized, "b", 0.1)]
    tiny = judged(sized, *both, heights={0: 99.0})
    assert (tiny.score, tiny.bundle) == (pytest.approx(0.1), "b/1")
    large = judged(sized, *both, heights={0: 100.0})
    assert large.score == pytest.approx(0.5)
    a, b = (bundle for bundle, _ in sized.members[:2])
    assert [sized.counts_for(bundle, Medium.PHOTO, 99.0) for bundle in (a, b)] == [False, True]
    assert sized.counts_for(a, Medium.PHOTO, 100.0)
    assert panel().counts_for(a, Medium.PHOTO, 1.0), "without a fusion all are heard"


def test_a_policy_names_a_version_before_a_name_before_the_default(panel: Callable[..., Panel]) -> None:
    given = panel(bundles={"a/1": "trust", "a": "ignore", "b": "ignore"}, default="trust")
    assert [weight for _, weight in given.members] == [Weight.TRUST, Weight.IGNORE, Weight.TRUST]
    assert [bundle.name for bundle, _ in given.active] == ["a", "c"]
    assert [weight for _, weight in panel().members] == [Weight.INCLUDE] * 3


def test_the_id_of_a_panel_changes_with_whatever_changes_an_outcome_and_with_nothing_else(
    panel: Callable[..., Panel], tmp_path: Path
) -> None:
    cuts = {"little_below": 0.1, "manipulated_above": 0.9}
    policies: list[dict[str, Any]] = [
        {}, {"bundles": {"a": "trust"}}, {"cuts": cuts}, {"cuts": {**cuts, "little_below": 0.2}},
        {"cuts": {**cuts, "manipulated_above": 0.8}}, {"fusion": {"photo": FUSED}},
        {"fusion": {"photo": {**FUSED, "offset": 0.5}}},
    ]  # fmt: skip
    ids = [panel(**policy).id for policy in policies]
    assert len(set(ids)) == len(ids)
    assert all(len(each) == 16 for each in ids)
    assert panel(remark="whatever").id == ids[0]
    turned = {**FUSED, "weights": dict(reversed(FUSED["weights"].items()))}  # type: ignore[attr-defined]
    assert panel(fusion={"photo": turned}).id == ids[5], "the order of what a policy says does not count"
    for changes in ({"cuts": cuts}, {"calibration": {"a": 2.0}}, {"version": "2"}, {"weights": {"model.onnx": "1"}}):
        (tmp_path / "a" / "bundle.json").write_text(json.dumps({**CARD, "name": "a", **changes}))
        assert panel().id not in ids, changes
    (tmp_path / "a" / "bundle.json").write_text(json.dumps({**CARD, "name": "a", "remark": "whatever"}))
    assert panel().id == ids[0]


def test_a_broken_bundle_and_changed_weights_are_faults_of_the_panel(
    panel: Callable[..., Panel], tmp_path: Path
) -> None:
    add(tmp_path, "d", weights={"model.onnx": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"})
    (tmp_path / "d" / "model.onnx").write_bytes(b"")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "bundle.json").write_text("{")
    faults = panel(bundles={"c": "ignore"}).faults()
    assert len(faults) == 2
    assert "card of a" in faults[0]
    assert "b/1 lacks its file model.onnx" in faults[1], "c is ignored, d is whole"
    (tmp_path / "d" / "model.onnx").write_bytes(b"x")
    assert "not the one its card was written for" in panel(bundles={"c": "ignore"}).faults()[-1]


def test_a_change_of_the_policy_leaves_the_rest_of_it_as_it_is(panel: Callable[..., Panel], tmp_path: Path) -> None:
    panel(bundles={"a": "trust"}, remark="kept")
    write_policy(tmp_path, default="ignore")
    written = json.loads((tmp_path / "panel.json").read_text())
    assert written == {"bundles": {"a": "trust"}, "remark": "kept", "default": "ignore"}


def test_what_a_card_leaves_out_has_a_value(tmp_path: Path) -> None:
    bundle = add(tmp_path, "plain")
    assert (bundle.looks_at, bundle.colours, bundle.layout, bundle.margin) == ("face", "rgb", "nhwc", 0.3)
    assert (bundle.fit, bundle.frames, bundle.output, bundle.smallest_face) == ("resize", 1, "probability", 48)
    assert (bundle.film_margins, bundle.film_score, bundle.mirror, bundle.kinds) == ((), "mean", False, ())
    assert bundle.calibration == Calibration(1.0, 0.0, fitted=False, holds=True)
    assert (bundle.runtime, bundle.weights.name, bundle.embedder) == ("onnx", "model.onnx", None)


@pytest.mark.parametrize(
    ("name", "accepted", "refused"),
    [
        ("size", (16, 1024), (15, 1025, 64.0)),
        ("margin", (0, 2), (-0.01, 2.01, True, "0.3")),
        ("frames", (1, 64), (0, 65)),
        ("smallest_face", (8, 1024), (7.9, 1025)),
        ("film_margins", ([0, 2.0],), ([-0.1], [2.1])),
        ("film_score", ("mean", "upper_quarter"), ("median",)),
        ("layout", ("nhwc", "nchw"), ("chw",)),
        ("fit", ("resize", "native"), ("crop",)),
    ],
)
def test_each_number_of_a_card_has_its_limits(
    name: str, accepted: tuple[Any, ...], refused: tuple[Any, ...], tmp_path: Path
) -> None:
    for number, value in enumerate(accepted):
        read = getattr(add(tmp_path, f"good-{number}", input={**CARD["input"], name: value}), name)
        assert read == (tuple(value) if isinstance(value, list) else value)
    for number, value in enumerate(refused):
        with pytest.raises(BadBundle, match="is not valid"):
            add(tmp_path, f"bad-{number}", input={**CARD["input"], name: value})


@pytest.mark.parametrize(("low", "high", "valid"), [(0.0, 1.0, True), (0.5, 0.5, True), (0.51, 0.5, False)])
def test_the_lower_cut_off_is_not_above_the_upper(low: float, high: float, valid: bool, tmp_path: Path) -> None:
    cuts = {"little_below": low, "manipulated_above": high}
    if valid:
        assert add(tmp_path, "a", cuts=cuts).cuts.little_below == low
    else:
        with pytest.raises(BadBundle):
            add(tmp_path, "a", cuts=cuts)


def test_keras_weights_are_used_where_no_others_are_there(tmp_path: Path) -> None:
    keras = add(tmp_path, "keras", weights={"model.keras": "0", "embed.keras": "0"})
    assert (keras.runtime, keras.weights.name) == ("keras", "model.keras")
    assert keras.embedder == tmp_path / "keras" / "embed.keras"
    both = add(tmp_path, "both", weights={"model.keras": "0", "model.onnx": "0", "embed.onnx": "0"})
    assert (both.runtime, both.embedder) == ("onnx", tmp_path / "both" / "embed.onnx")


def test_a_folder_whose_name_begins_with_a_dot_is_no_bundle(panel: Callable[..., Panel], tmp_path: Path) -> None:
    add(tmp_path, "half-copied")
    (tmp_path / "half-copied").rename(tmp_path / ".half-copied")
    assert [bundle.name for bundle, _ in panel().members] == ["a", "b", "c"]
    assert read_panel(tmp_path / "nowhere").members == ()


def test_whatever_in_a_card_can_change_a_score_changes_its_digest(tmp_path: Path) -> None:
    changes: list[dict[str, Any]] = [
        {}, {"version": "2"}, {"kind": "video"}, {"input": {**CARD["input"], "margin": 0.5}},
        {"output": {"fake_is": 0}}, {"out_of_distribution": {"threshold": 1.0}}, {"weights": {"model.onnx": "1"}},
    ]  # fmt: skip
    digests = []
    for change in changes:
        (tmp_path / "a").mkdir(exist_ok=True)
        (tmp_path / "a" / "bundle.json").write_text(json.dumps({**CARD, "name": "a", **change}))
        digests.append(read_bundle(tmp_path / "a").judging_sha256)
    digests.append(add(tmp_path, "b").judging_sha256)
    assert len(set(digests)) == len(digests)
