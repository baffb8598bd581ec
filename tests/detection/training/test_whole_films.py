"""Whole films as files: real and fake of the same frames, the same every time."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management import call_command

from detection import faces, videos
from detection.limits import Clock, Limits
from detection.media import probe
from detection.training import datasets
from detection.training.face_dataset import part_of


def frames(path: Path) -> list[Any]:
    limits = Limits()
    return [still.pixels for still in videos.sample(probe(path, limits), limits, Clock(60))]


def test_films_of_other_people_are_written_in_pairs_and_listed(folder: Path, tmp_path: Path) -> None:
    out = io.StringIO()
    where: dict[str, Any] = {"faces": [folder], "part": "calibration", "kinds": ["cross_identity"], "each": 2}
    for name in ("one", "two"):
        call_command("generate_films", tmp_path / name, stdout=out, **where)
    assert "Wrote 4 films" in out.getvalue()
    with datasets.items(tmp_path / "one" / "files.csv") as files:
        assert [file.fake for file in files] == [False, True] * 2
        assert {file.manipulation for file in files if file.fake} == {"cross_identity"}
        assert {part_of(file.group) for file in files} == {"calibration"}
        for real, fake in (files[:2], files[2:]):
            assert real.group == fake.group
            shown, faked = frames(real.path), frames(fake.path)
            assert len(shown) == len(faked) >= 20
            assert faces.detect(shown[0]), "a face to judge"
            assert any(np.abs(a.astype(int) - b).mean() > 0.3 for a, b in zip(shown, faked, strict=True))
            assert np.abs(shown[0].astype(int) - shown[12]).mean() > 0.5, "it moves"
            again = tmp_path / "two" / real.name
            assert again.read_bytes() == real.path.read_bytes(), "the same seed gives the same film"
