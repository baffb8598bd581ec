import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest
from django.conf import settings as django_settings
from django.core.management import call_command

from detection import Code, Outcome, cli

from . import films


def run(*arguments: object) -> int:
    return cli.main([str(argument) for argument in arguments])


def test_files_are_judged_in_words(fake: Path, install: Callable[..., Path], capsys: Any) -> None:
    assert run(fake, "--bundles", install(), "--stability") == 0
    said = capsys.readouterr().out
    assert "likely manipulated (score 0." in said
    assert "tiny-image/1 (include): ran" in said
    assert "because the score is above the upper cut-off (face 0, tiny-image/1)" in said
    assert "stability:" in said
    assert "content credentials: none" in said


def test_there_are_words_for_every_reason_and_outcome() -> None:
    assert set(cli.BECAUSE) == set(Code)
    assert set(cli.WORDS) == set(Outcome)


def test_or_as_json_one_a_line(fake: Path, real: Path, install: Callable[..., Path], capsys: Any) -> None:
    assert run(fake, real, "--bundles", install(), "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["outcome"] for line in lines] == ["likely_manipulated", "little_evidence"]
    assert [line["file"] for line in lines] == [str(fake), str(real)]


def test_a_refused_file_is_named_and_the_others_go_on(
    fake: Path, install: Callable[..., Path], tmp_path: Path, capsys: Any
) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    assert run(tmp_path / "notes.txt", fake, "--bundles", install()) == 2
    said = capsys.readouterr().out
    assert "notes.txt: refused (unknown_format): This is not a picture or video" in said
    assert "likely manipulated" in said
    assert run(tmp_path / "notes.txt", "--bundles", tmp_path / "bundles", "--json") == 2
    assert json.loads(capsys.readouterr().out)["refused"]["code"] == "unknown_format"


def test_a_folder_is_gone_through(fake: Path, install: Callable[..., Path], tmp_path: Path, capsys: Any) -> None:
    folder = tmp_path / "many"
    (folder / "inner").mkdir(parents=True)
    shutil.copy(fake, folder / "inner" / "one.jpg")
    films.film(folder / "two.mp4", films.portrait(1))
    (folder / ".hidden").write_text("not looked at")
    maps = tmp_path / "maps"
    assert run(folder, "--bundles", install(), "--heatmap", maps, "--json") == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert cv2.imread(str(maps / "one.png")).shape == (320, 320, 3)


def test_the_heat_map_goes_where_it_is_wanted(fake: Path, install: Callable[..., Path], tmp_path: Path) -> None:
    run(fake, "--bundles", install(), "--heatmap", tmp_path / "map.png")
    assert cv2.imread(str(tmp_path / "map.png")).shape == (320, 320, 3)


def test_the_uncalibrated_score_is_not_shown_as_a_number(fake: Path, install: Callable[..., Path], capsys: Any) -> None:
    run(fake, "--bundles", install(calibration=None))
    assert "likely manipulated\n" in capsys.readouterr().out


def test_a_broken_bundle_is_warned_of(fake: Path, install: Callable[..., Path], capsys: Any) -> None:
    root = install()
    (root / "odd").mkdir()
    (root / "odd" / "bundle.json").write_text("[]")
    run(fake, "--bundles", root)
    assert "warning: odd:" in capsys.readouterr().err


def test_it_is_a_management_command_too(
    fake: Path, install: Callable[..., Path], tmp_path: Path, settings: Any, capsys: Any
) -> None:
    settings.BUNDLES_DIR = install()
    call_command("inspect", fake)
    assert "likely manipulated" in capsys.readouterr().out
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(SystemExit) as ended:
        call_command("inspect", tmp_path / "empty.jpg")
    assert ended.value.code == 2


def test_neither_tensorflow_nor_django_is_needed_to_judge(fake: Path, install: Callable[..., Path]) -> None:
    source = (
        "import sys, detection\n"
        "from pathlib import Path\n"
        "assert not {'cv2', 'av', 'onnxruntime'} & set(sys.modules), 'the door is cheap until it is used'\n"
        "finding = detection.inspect(sys.argv[1], bundles=Path(sys.argv[2]))\n"
        "assert finding.score > 0.8\n"
        "assert not {'tensorflow', 'keras', 'django', 'tf2onnx'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", source, str(fake), str(install())],
        cwd=django_settings.BASE_DIR, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_it_runs_as_a_module(fake: Path, install: Callable[..., Path]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "detection", str(fake), "--bundles", str(install()), "--json"],
        cwd=django_settings.BASE_DIR, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["outcome"] == "likely_manipulated"
