"""Several bundles, one outcome: who decides, who is only heard, and what happens when one fails."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import detection
from detection import Code, Outcome
from detection.bundle import Thresholds
from detection.errors import BadBundle

from .test_inspection import codes

SHIFTED = {"a": 1.0, "b": -60.0}  # a calibration under which nothing is ever suspicious
RAISED = {"a": 1.0, "b": 60.0}


@pytest.mark.parametrize(
    ("score", "outcome"),
    [
        (0.0, Outcome.LITTLE_EVIDENCE),
        (0.3499, Outcome.LITTLE_EVIDENCE),
        (0.35, Outcome.INCONCLUSIVE),
        (0.8, Outcome.INCONCLUSIVE),
        (0.8001, Outcome.LIKELY_MANIPULATED),
        (1.0, Outcome.LIKELY_MANIPULATED),
    ],
)
def test_a_score_on_either_cut_is_inconclusive(score: float, outcome: Outcome) -> None:
    assert Thresholds(0.35, 0.8).outcome(score) is outcome


def test_every_bundle_is_listed_with_its_weights_and_its_score(fake: Path, install: Callable[..., Path]) -> None:
    install("one")
    finding = detection.inspect(fake, bundles=install("two", calibration=SHIFTED))
    assert [one.bundle.label for one in finding.bundles] == ["one/1", "two/1"]
    first, second = finding.bundles
    assert first.score is not None
    assert second.score is not None
    assert first.score > 0.8 > 0.1 > second.score
    assert first.score_raw == second.score_raw
    assert len(first.bundle.sha256) == 64
    assert first.milliseconds > 0
    assert finding.panel["bundles"] == {"one/1": "include", "two/1": "include"}


def test_the_word_of_a_trusted_bundle_decides(
    fake: Path, install: Callable[..., Path], policy: Callable[..., None]
) -> None:
    install("one")
    bundles = install("two", calibration=SHIFTED)
    policy(bundles={"one": "trust"})
    finding = detection.inspect(fake, bundles=bundles)
    assert finding.outcome is Outcome.LIKELY_MANIPULATED
    assert finding.deciding_bundle == "one/1"
    assert finding.score == finding.bundles[0].score
    assert Code.BUNDLES_DISAGREE in codes(finding)


def test_one_that_is_only_heard_can_raise_a_doubt_and_no_more(
    real: Path, install: Callable[..., Path], policy: Callable[..., None]
) -> None:
    install("one")
    bundles = install("two", calibration=RAISED)
    policy(bundles={"one": "trust", "two": "include"})
    finding = detection.inspect(real, bundles=bundles)
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert Code.BUNDLES_DISAGREE in codes(finding)


def test_an_ignored_one_does_not_run(fake: Path, install: Callable[..., Path], policy: Callable[..., None]) -> None:
    install("one")
    bundles = install("two", calibration=SHIFTED)
    policy(bundles={"two/1": "ignore"})
    finding = detection.inspect(fake, bundles=bundles)
    assert finding.bundles[1].status == "ignored"
    assert finding.bundles[1].score is None
    assert finding.outcome is Outcome.LIKELY_MANIPULATED


def test_the_panels_own_cuts_come_before_the_bundles(
    fake: Path, install: Callable[..., Path], policy: Callable[..., None]
) -> None:
    bundles = install("one")
    policy(cuts={"little_below": 0.0, "manipulated_above": 1.0})
    finding = detection.inspect(fake, bundles=bundles)
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert finding.cuts == (0.0, 1.0)


def test_cut_offs_are_those_of_the_policy_then_of_the_fusion_then_of_the_bundle_that_decides(
    install: Callable[..., Path], policy: Callable[..., None]
) -> None:
    install("one", cuts={"little_below": 0.1, "manipulated_above": 0.2})
    bundles = install("two", cuts={"little_below": 0.3, "manipulated_above": 0.4})
    fusion = {"photo": {"weights": {"one/1": 1.0}, "cuts": {"little_below": 0.5, "manipulated_above": 0.6}}}
    policy(bundles={"one": "trust", "two": "trust"}, fusion=fusion)
    panel = detection.read_panel(bundles)
    photo, film = detection.Medium.PHOTO, detection.Medium.FILM
    assert panel.decide_cuts(photo) == (Thresholds(0.5, 0.6), "panel.json")
    assert panel.decide_cuts(photo, "one/1") == (Thresholds(0.5, 0.6), "panel.json")
    assert panel.decide_cuts(photo, "two/1") == (Thresholds(0.3, 0.4), "two/bundle.json"), "it is not fused"
    assert panel.decide_cuts(film) == (Thresholds(0.1, 0.2), "one/bundle.json"), "nothing is fused there"
    policy(bundles={"one": "trust"}, fusion=fusion, cuts={"little_below": 0.7, "manipulated_above": 0.8})
    panel = detection.read_panel(bundles)
    for label in ("", "one/1", "two/1"):
        assert panel.decide_cuts(photo, label) == (Thresholds(0.7, 0.8), "panel.json")


def test_the_policy_has_an_id_that_changes_with_it(install: Callable[..., Path]) -> None:
    panel = detection.read_panel(install("one"))
    other = panel.with_policy({"bundles": {"one": "trust"}})
    assert panel.id != other.id
    assert panel.id == detection.read_panel(panel.members[0][0].folder.parent).id


def test_a_bundle_that_fails_is_named_and_the_others_go_on(fake: Path, install: Callable[..., Path]) -> None:
    bundles = install("one")
    install("two")
    (bundles / "two" / "model.onnx").write_bytes(b"no longer what it was")
    (bundles / "three").mkdir()
    (bundles / "three" / "bundle.json").write_text("{")
    finding = detection.inspect(fake, bundles=bundles)
    assert finding.outcome is Outcome.LIKELY_MANIPULATED
    failed = {reason.bundle for reason in finding.reasons if reason.code is Code.BUNDLE_FAILED}
    assert failed == {"two/1", "three"}
    assert next(one for one in finding.bundles if one.bundle.name == "two").status == "failed"


def test_if_all_fail_it_is_unable_to_evaluate(fake: Path, install: Callable[..., Path]) -> None:
    bundles = install("one")
    (bundles / "one" / "model.onnx").unlink()
    finding = detection.inspect(fake, bundles=bundles)
    assert finding.outcome is Outcome.UNABLE_TO_EVALUATE
    assert finding.score is None
    assert codes(finding) == {Code.BUNDLE_FAILED}


@pytest.mark.parametrize(
    "said",
    [
        {"bundles": {"one": "love"}},
        {"cuts": {"little_below": 0.9, "manipulated_above": 0.1}},
        {"cuts": {"little_below": 0.9}},
        {"default": "?"},
        {"bundles": ["one"]},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(
    said: dict[str, object], install: Callable[..., Path], policy: Callable[..., None]
) -> None:
    bundles = install("one")
    policy(**said)
    with pytest.raises(BadBundle, match=r"panel\.json"):
        detection.read_panel(bundles)


def test_an_uncalibrated_bundle_is_said_to_be_one(fake: Path, install: Callable[..., Path]) -> None:
    finding = detection.inspect(fake, bundles=install("one", calibration=None))
    assert Code.UNCALIBRATED in codes(finding)
    assert finding.bundles[0].score == finding.bundles[0].score_raw


def describe_training_faces(bundles: Path, name: str) -> None:
    file = bundles / "one" / name
    np.savez(file, mean=np.full(32, 1e3, np.float32), precision=np.ones(32, np.float32))
    card = json.loads((bundles / "one" / "bundle.json").read_text())
    card["weights"][name] = hashlib.sha256(file.read_bytes()).hexdigest()
    card["out_of_distribution"] = {"threshold": 10.0}
    (bundles / "one" / "bundle.json").write_text(json.dumps(card))


def test_a_renamed_description_of_the_training_faces_is_the_same_panel(install: Callable[..., Path]) -> None:
    bundles = install("one", output={"is": "probability"})
    ids = []
    for name in ("familiar.npz", "training_distribution.npz"):
        card = json.loads((bundles / "one" / "bundle.json").read_text())
        card["weights"].pop("familiar.npz", None)
        (bundles / "one" / "bundle.json").write_text(json.dumps(card))
        describe_training_faces(bundles, name)
        ids.append(detection.read_panel(bundles).id)
    assert ids[0] == ids[1]


@pytest.mark.parametrize("name", ["training_distribution.npz", "familiar.npz"])
def test_a_face_unlike_all_it_was_trained_on_is_inconclusive(
    name: str, fake: Path, install: Callable[..., Path]
) -> None:
    bundles = install("one", output={"is": "probability"})
    describe_training_faces(bundles, name)
    finding = detection.inspect(fake, bundles=bundles)
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert Code.OUT_OF_DISTRIBUTION in codes(finding)
    assert finding.score is not None
    assert finding.score > 0.8, "the score is shown as it is; only the outcome is held back"
