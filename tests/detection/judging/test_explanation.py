"""A heat map is shown only if it can be shown to mean something; otherwise its place says why it is empty."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import pytest

import detection
from detection import Code, explain, networks, stability
from detection.bundle import Thresholds
from detection.runtime import Runner

from . import faking, films
from .test_bundle_import import add
from .test_inspection import codes


def test_the_map_of_a_manipulated_face_lies_on_the_manipulation(fake: Path, install: Callable[..., Path]) -> None:
    finding = detection.inspect(fake, bundles=install())
    slot = finding.heatmap
    assert slot.status == "available", slot
    assert "does not show where an edit is" in slot.sentence
    assert slot.content["checks"]["drop_top"] > slot.content["checks"]["drop_random"]
    assert slot.content["checks"]["like_untrained"] <= 0.9
    assert slot.png is not None
    drawn = cv2.imdecode(np.frombuffer(slot.png, np.uint8), cv2.IMREAD_UNCHANGED)
    warmth = drawn[..., 3].astype(int)  # the warmer, the less transparent
    tampered = np.zeros(warmth.shape, bool)
    tampered[147:265, 92:228] = True  # where faking.paste puts its traces, in a crop with this margin
    assert warmth[tampered].mean() > 3 * max(1.0, warmth[~tampered].mean())


def test_the_map_says_which_part_of_the_picture_it_lies_on(fake: Path, install: Callable[..., Path]) -> None:
    finding = detection.inspect(fake, bundles=install())
    slot = finding.heatmap
    assert slot.status == "available", slot.sentence
    assert slot.ground is not None
    box = np.array(slot.content["box"]).round().astype(int)
    picture = cv2.imread(str(fake))
    ground = cv2.imdecode(np.frombuffer(slot.ground, np.uint8), cv2.IMREAD_COLOR)

    def apart(left: int, top: int, right: int, bottom: int) -> float:
        part = cv2.resize(picture[max(0, top) : bottom, max(0, left) : right], ground.shape[1::-1])
        return float(np.abs(part.astype(int) - ground.astype(int)).mean())

    moved = [apart(*(box + step)) for step in ((12, 0, 12, 0), (-12, 0, -12, 0), (0, 12, 0, 12), (0, -12, 0, -12))]
    assert apart(*box) < 0.3 * min(moved)


def test_it_is_the_same_every_time(fake: Path, install: Callable[..., Path]) -> None:
    bundles = install()
    one, other = (detection.inspect(fake, bundles=bundles).heatmap for _ in range(2))
    assert one.png == other.png


def test_of_a_video_it_is_drawn_at_the_worst_frame(tmp_path: Path, install: Callable[..., Path]) -> None:
    path = films.film(tmp_path / "v.mp4", films.portrait(3, manipulated=(0, 3)))
    finding = detection.inspect(path, bundles=install())
    assert finding.heatmap.content.get("frame") == finding.worst_frame


def test_where_a_network_over_time_decides_the_map_is_of_one_that_looks_at_frames(
    tmp_path: Path, model: Any, install: Callable[..., Path], policy: Callable[..., None]
) -> None:
    bundles = install()
    keras.Sequential(
        [keras.Input((4, 32)), keras.layers.GlobalAveragePooling1D(), keras.layers.Dense(1, activation="sigmoid")]
    ).save(tmp_path / "mean.keras")
    networks.embedding_of(model).save(tmp_path / "embed.keras")
    add(
        tmp_path / "mean.keras", bundles, kind="video", embedder=tmp_path / "embed.keras",
        scaling="-1..1", margin=0.2,
    )  # fmt: skip
    policy(bundles={"theirs": "trust"})
    path = films.film(tmp_path / "v.mp4", films.portrait(3, manipulated=(0, 3)))
    finding = detection.inspect(path, bundles=bundles)
    assert finding.deciding_bundle == "theirs/1"
    slot = finding.heatmap
    assert slot.content["bundle"] == "tiny-image/1"
    assert slot.content["decided"] is False
    assert "The network that decided looks at several frames and has no heat map. tiny-image/1 looks" in slot.sentence
    policy(bundles={"theirs": "trust", "tiny-image": "ignore"})
    alone = detection.inspect(path, bundles=bundles).heatmap
    assert alone.status == "not_available"
    assert alone.content == {}


def test_a_map_that_an_untrained_network_gives_too_is_kept_back(
    fake: Path, install: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Runner, "scrambled", property(lambda self: self))
    slot = detection.inspect(fake, bundles=install()).heatmap
    assert slot.status == "failed_check"
    assert slot.png is None
    assert "untrained network" in slot.sentence


def test_a_map_that_marks_what_does_not_matter_is_kept_back(
    fake: Path, install: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    upright = explain._towards_fake
    monkeypatch.setattr(explain, "_towards_fake", lambda bundle, cam: -upright(bundle, cam))
    slot = detection.inspect(fake, bundles=install()).heatmap
    assert slot.status == "failed_check"
    assert slot.png is None
    assert "no more than" in slot.sentence


def test_not_asked_for_is_said_so(fake: Path, install: Callable[..., Path]) -> None:
    finding = detection.inspect(fake, bundles=install(), heatmap=False)
    assert finding.heatmap.status == "not_run"
    assert finding.stability.status == "not_run"


def test_a_picture_judged_as_a_whole_has_none(fake: Path, install: Callable[..., Path]) -> None:
    finding = detection.inspect(fake, bundles=install(input={"looks_at": "whole"}))
    assert finding.score is not None
    assert finding.deciding_face is None
    assert finding.heatmap.status == "not_available"


def test_five_harmless_variants_are_scored_on_request(fake: Path, install: Callable[..., Path]) -> None:
    finding = detection.inspect(fake, bundles=install(), check_stability=True)
    variants = {variant["name"]: variant["score"] for variant in finding.stability.content["variants"]}
    assert variants.keys() == {"unchanged", *stability.VARIANTS}
    assert len(stability.VARIANTS) == 5
    assert variants["unchanged"] == pytest.approx(finding.score, abs=1e-5)
    spread = max(variants.values()) - min(variants.values())
    assert finding.stability.content["spread"] == pytest.approx(spread, abs=1e-5)
    assert (Code.UNSTABLE in codes(finding)) is not finding.stability.content["stable"]


def test_a_score_that_falls_over_is_said_to(
    fake: Path, install: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = faking.crop(faking.photo(np.random.default_rng(1), manipulated=False))
    monkeypatch.setitem(stability.VARIANTS, "mirrored", lambda crop: real)
    finding = detection.inspect(fake, bundles=install(), check_stability=True)
    assert not finding.stability.content["stable"]
    assert Code.UNSTABLE in codes(finding)


@pytest.mark.parametrize(
    ("unchanged", "variants", "unstable"),
    [
        (0.95, (0.95, 0.94, 0.96, 0.95, 0.93), False),
        (0.95, (0.89, 0.94, 0.96, 0.95, 0.93), False),  # one falls a little below the upper cut-off
        (0.95, (0.89, 0.88, 0.96, 0.95, 0.93), False),
        (0.95, (0.89, 0.88, 0.85, 0.95, 0.93), True),  # most do
        (0.95, (0.45, 0.94, 0.96, 0.95, 0.93), True),  # one leads to the opposite
        (0.45, (0.55, 0.44, 0.46, 0.45, 0.43), False),
        (0.45, (0.55, 0.56, 0.57, 0.45, 0.43), True),
        (0.45, (0.95, 0.44, 0.46, 0.45, 0.43), True),
        (0.70, (0.95, 0.72, 0.71, 0.45, 0.69), True),
    ],
)
def test_a_score_is_unstable_where_changes_lead_to_the_opposite_or_most_to_another_outcome(
    unchanged: float, variants: tuple[float, ...], unstable: bool
) -> None:
    scores = {"unchanged": unchanged, **dict(zip(stability.VARIANTS, variants, strict=True))}
    assert stability.is_unstable(scores, Thresholds(0.5, 0.9)) is unstable


def test_variants_keep_the_size_of_a_crop() -> None:
    crop = faking.crop(faking.ASTRONAUT)
    for name, change in stability.VARIANTS.items():
        assert change(crop).shape == crop.shape, name
        assert change(crop).dtype == np.uint8, name
