import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

import detection
from detection import Code, Outcome
from detection.finding import Finding

from . import faking, films
from .conftest import save


def codes(finding: Finding) -> set[Code]:
    return {reason.code for reason in finding.reasons}


def test_without_bundles_nothing_is_judged_and_it_says_so(real: Path, tmp_path: Path) -> None:
    finding = detection.inspect(real, bundles=tmp_path / "none")
    assert finding.outcome is Outcome.UNABLE_TO_EVALUATE
    assert codes(finding) == {Code.NO_BUNDLE}
    assert finding.score is None
    assert len(finding.faces) == 1, "faces are found all the same"
    assert finding.heatmap.status == "not_available"
    assert finding.heatmap.png is None


def test_a_manipulated_face_scores_high_and_a_real_one_low(
    real: Path, fake: Path, install: Callable[..., Path]
) -> None:
    bundles = install()
    high, low = detection.inspect(fake, bundles=bundles), detection.inspect(real, bundles=bundles)
    assert high.outcome is Outcome.LIKELY_MANIPULATED
    assert low.outcome is Outcome.LITTLE_EVIDENCE
    assert high.score is not None
    assert low.score is not None
    assert high.score > 0.8 > 0.35 > low.score
    assert Code.SCORE_HIGH in codes(high)
    assert Code.SCORE_LOW in codes(low)
    assert high.deciding_bundle == "tiny-image/1"
    assert high.deciding_face == 0


def test_the_same_file_gives_the_same_answer_every_time_and_on_any_number_of_threads(
    fake: Path, install: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from detection import faces, runtime

    bundles = install()
    first = detection.inspect(fake, bundles=bundles)
    again = detection.inspect(fake, bundles=bundles)
    monkeypatch.setattr(runtime, "THREADS", 1)
    monkeypatch.setattr(runtime, "_open", type(runtime._open)())
    faces._nets.cache_clear()
    alone = detection.inspect(fake, bundles=bundles)
    faces._nets.cache_clear()
    assert first.score == again.score
    assert first.score == pytest.approx(alone.score, abs=1e-4)
    assert [f.to_dict()["box"] for f in first.faces] == [f.to_dict()["box"] for f in alone.faces]


def test_the_worst_face_decides(tmp_path: Path, install: Callable[..., Path]) -> None:
    chance = np.random.default_rng(9)
    pictures = [faking.photo(chance, manipulated=m)[:370, :370] for m in (False, True, False)]
    finding = detection.inspect(save(tmp_path / "three.jpg", np.hstack(pictures)), bundles=install())
    assert len(finding.faces) == 3
    scores = {face.id: face.score for face in finding.faces}
    assert finding.deciding_face == max(scores, key=lambda face: scores[face] or 0)
    left = next(face for face in finding.faces if face.id == finding.deciding_face).sightings[0].box[0]
    assert 370 < left < 740
    assert finding.score == max(score for score in scores.values() if score is not None)
    assert finding.outcome is Outcome.LIKELY_MANIPULATED


@pytest.mark.parametrize("fit", ["resize", "native"])
def test_a_large_photo_is_judged_as_its_smaller_copy_is(fit: str, tmp_path: Path, install: Callable[..., Path]) -> None:
    """Its face has more pixels than the network looks at, so less of it is decoded; but for one that wants them all."""
    picture = faking.photo(np.random.default_rng(8), manipulated=True)
    large = cv2.resize(
        picture, (3000, round(3000 * picture.shape[0] / picture.shape[1])), interpolation=cv2.INTER_CUBIC
    )
    bundles = install(input={"fit": fit})
    jpeg = detection.inspect(save(tmp_path / "large.jpg", large), bundles=bundles)
    lossless = detection.inspect(save(tmp_path / "large.png", large), bundles=bundles)
    assert jpeg.score == pytest.approx(lossless.score, abs=0.05)
    assert jpeg.media["width"] == 3000
    for one, other in zip(jpeg.faces[0].sightings[0].box, lossless.faces[0].sightings[0].box, strict=True):
        assert one == pytest.approx(other, abs=40), "in pixels of the original"


def test_a_picture_without_a_face_is_not_applicable(nobody: Path, install: Callable[..., Path]) -> None:
    finding = detection.inspect(nobody, bundles=install())
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert codes(finding) == {Code.NO_FACE}
    assert finding.score is None


def spoiled(how: str) -> np.ndarray:
    picture = faking.photo(np.random.default_rng(3), manipulated=False)
    if how == "small":
        return cv2.copyMakeBorder(cv2.resize(picture, (130, 130)), 200, 200, 200, 200, cv2.BORDER_REPLICATE)
    if how == "blurred":
        return cv2.GaussianBlur(picture, (0, 0), 6)
    if how == "dark":
        return (picture * 0.17).astype(np.uint8)
    raise AssertionError(how)


@pytest.mark.parametrize(
    ("how", "code"),
    [("small", Code.FACE_TOO_SMALL), ("blurred", Code.FACE_BLURRED), ("dark", Code.FACE_TOO_DARK)],
)
def test_a_face_that_can_not_be_judged_is_said_to_be_one(
    how: str, code: Code, tmp_path: Path, install: Callable[..., Path]
) -> None:
    finding = detection.inspect(save(tmp_path / "spoiled.png", spoiled(how)), bundles=install())
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert code in codes(finding)
    assert finding.score is None
    assert finding.faces[0].score is None
    assert not finding.faces[0].applicable


def test_that_holds_in_a_video_too(tmp_path: Path, install: Callable[..., Path]) -> None:
    dark = [spoiled("dark")[:384, :384]] * 24
    finding = detection.inspect(films.film(tmp_path / "dark.mp4", dark), bundles=install())
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert Code.FACE_TOO_DARK in codes(finding) or Code.NO_FACE in codes(finding)
    grey = [np.full((240, 320, 3), 90, np.uint8)] * 12
    finding = detection.inspect(films.film(tmp_path / "grey.mp4", grey), bundles=tmp_path / "bundles")
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert codes(finding) == {Code.NO_FACE}


def test_a_video_is_one_track_with_scores_over_time_and_suspicious_segments(
    tmp_path: Path, install: Callable[..., Path]
) -> None:
    path = films.film(tmp_path / "half.mp4", films.portrait(14, manipulated=(7, 14)))
    finding = detection.inspect(path, bundles=install())
    assert finding.media["kind"] == "video"
    assert [face.id for face in finding.faces if face.score is not None] == [finding.deciding_face]
    early = [frame.score for frame in finding.frames if frame.time < 6.5]
    late = [frame.score for frame in finding.frames if frame.time > 7.5]
    assert len(early) > 8
    assert len(late) > 8
    assert np.mean(late) > 0.6 > 0.3 > np.mean(early)
    assert finding.segments
    assert all(segment.start >= 6.5 for segment in finding.segments)
    assert sum(segment.end - segment.start for segment in finding.segments) > 3
    worst = next(frame for frame in finding.frames if frame.index == finding.worst_frame)
    best = next(frame for frame in finding.frames if frame.index == finding.best_frame)
    assert worst.time > 6.9 > best.time
    assert 1 <= len(finding.portraits) <= 6
    assert finding.portraits[0].score == max(p.score or 0 for p in finding.portraits)
    assert cv2.imdecode(np.frombuffer(finding.portraits[0].jpeg, np.uint8), 1).shape == (224, 224, 3)


def test_a_video_of_one_frame_is_judged_like_the_image(tmp_path: Path, install: Callable[..., Path]) -> None:
    picture = faking.photo(np.random.default_rng(4), manipulated=True)[:384, :384]
    bundles = install()
    still = detection.inspect(save(tmp_path / "still.png", picture), bundles=bundles)
    moving = detection.inspect(films.film(tmp_path / "one.mp4", [picture]), bundles=bundles)
    assert moving.outcome is still.outcome
    assert moving.score == pytest.approx(still.score, abs=0.1), "what H.264 does to a picture"


def test_two_people_are_two_tracks(tmp_path: Path, install: Callable[..., Path]) -> None:
    frames = [np.hstack([p[:, 20:340], p[:, 320:0:-1]]) for p in films.portrait(3)]
    finding = detection.inspect(films.film(tmp_path / "two.mp4", frames), bundles=install())
    assert len(finding.faces) == 2
    assert all(len(face.sightings) > 20 for face in finding.faces)


def test_an_animated_picture_is_a_short_video(tmp_path: Path, install: Callable[..., Path]) -> None:
    from PIL import Image

    frames = [Image.fromarray(np.roll(p, number, axis=1)) for number, p in enumerate(films.portrait(1))]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=80)
    finding = detection.inspect(tmp_path / "a.gif", bundles=install())
    assert finding.media["kind"] == "video"
    assert finding.media["animated"]
    assert len(finding.frames) == 12
    assert finding.frames[-1].time == pytest.approx(0.88)


def test_progress_rises_from_nothing_to_one(tmp_path: Path, install: Callable[..., Path]) -> None:
    told: list[float] = []
    path = films.film(tmp_path / "p.mp4", films.portrait(2))
    detection.inspect(path, bundles=install(), progress=told.append)
    assert told == sorted(told)
    assert told[0] == 0.0
    assert told[-1] == 1.0
    assert len(told) > 10


def test_whoever_is_told_of_progress_can_end_it(tmp_path: Path, install: Callable[..., Path]) -> None:
    class Cancelled(Exception):
        pass

    def stop(share: float) -> None:
        if share > 0.3:
            raise Cancelled

    path = films.film(tmp_path / "p.mp4", films.portrait(2))
    with pytest.raises(Cancelled):
        detection.inspect(path, bundles=install(), progress=stop)


def test_time_runs_out_with_a_name(fake: Path, install: Callable[..., Path]) -> None:
    with pytest.raises(detection.DetectionError) as refusal:
        detection.inspect(fake, bundles=install(), limits=detection.Limits(wall_seconds=0))
    assert refusal.value.code == "out_of_time"


def test_a_finding_can_be_written_down_as_json(fake: Path, install: Callable[..., Path]) -> None:
    finding = detection.inspect(fake, bundles=install(), check_stability=True)
    said = json.loads(json.dumps(finding.to_dict()))
    assert said["outcome"] == "likely_manipulated"
    assert said["score"] == pytest.approx(finding.score, abs=1e-5)
    assert said["bundles"][0]["bundle"]["sha256"]
    assert str(fake) not in json.dumps(said), "no path of this machine"
