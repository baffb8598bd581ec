"""How the frames of a film become the score of a face, and how an image network looks at them."""

from collections.abc import Callable
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

import detection
from detection.errors import BadBundle
from detection.panel import read_panel

from . import films


@pytest.fixture
def briefly_manipulated(tmp_path: Path) -> Path:
    """Six seconds, of which two show traces of a manipulation."""
    return films.film(tmp_path / "briefly.mp4", films.portrait(6, manipulated=(2, 4)))


def log_odds(score: float) -> float:
    return float(np.log(score / (1 - score)))


def test_the_upper_quarter_of_the_places_shows_a_manipulation_that_the_mean_hides(
    install: Callable[..., Path], briefly_manipulated: Path
) -> None:
    install("mean")
    bundles = install("upper", input={"film_score": "upper_quarter"})
    mean, upper = detection.inspect(briefly_manipulated, bundles=bundles).bundles
    assert [score for *_, score in mean.frames] == [score for *_, score in upper.frames], "each frame as before"
    scores = [log_odds(min(max(score, 1e-4), 1 - 1e-4)) for *_, score in upper.frames]
    places = sorted(float(np.mean(scores[start : start + 4])) for start in range(0, len(scores), 4))
    expected = float(np.mean(places[-(len(places) // 4) :]))
    assert log_odds(upper.faces[0]) == pytest.approx(expected, abs=0.05)
    assert upper.faces[0] > 0.8 > mean.faces[0]


def test_one_photo_is_scored_alike_by_either(install: Callable[..., Path], fake: Path) -> None:
    install("mean")
    bundles = install("upper", input={"film_score": "upper_quarter", "film_margins": [0.6, 0.9]})
    mean, upper = detection.inspect(fake, bundles=bundles).bundles
    assert mean.faces == upper.faces


def test_each_frame_is_looked_at_with_the_next_margin(install: Callable[..., Path], tmp_path: Path) -> None:
    still = next(iter(films.portrait(1)))
    film = films.film(tmp_path / "still.mp4", chain([still] * 24))
    install("near", input={"margin": 0.2})
    install("far", input={"margin": 0.5})
    bundles = install("turns", input={"margin": 0.2, "film_margins": [0.2, 0.5]})
    finding = detection.inspect(film, bundles=bundles)
    far, near, turns = ([score for *_, score in result.frames] for result in finding.bundles)
    assert turns[0::2] == pytest.approx(near[0::2], abs=1e-5)
    assert turns[1::2] == pytest.approx(far[1::2], abs=1e-5)
    assert near != pytest.approx(far, abs=1e-3), "or this would show nothing"


@pytest.mark.parametrize("wrong", [{"film_score": "worst"}, {"film_margins": [-0.1]}, {"film_margins": 0.3}])
def test_a_card_that_makes_no_sense_is_refused(install: Callable[..., Path], wrong: dict[str, object]) -> None:
    panel = read_panel(install("odd", input=wrong))
    assert [name for name, _ in panel.broken] == ["odd"]
    with pytest.raises(BadBundle):
        detection.read_bundle(install("again", input=wrong) / "again")
