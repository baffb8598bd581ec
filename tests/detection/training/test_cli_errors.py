"""Errors of commands are one sentence, never a traceback."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from detection.management.cli_errors import command_errors


def test_who_stops_a_command_is_told_whether_it_resumes() -> None:
    with (
        pytest.raises(CommandError, match=r"^Stopped\. Run the command again to resume") as stopped,
        command_errors(resumes=True),
    ):
        raise KeyboardInterrupt
    assert stopped.value.returncode == 130
    with pytest.raises(CommandError, match=r"^Stopped\.$"), command_errors():
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["preview_fakes", "no/sheet.png", "--faces", "FACES", "--columns", "1"], "can't be written"),
        (["preview_fakes", "sheet.png", "--faces", "FACES", "--columns", "0"], "not a whole number of 1 or more"),
        (["preview_fakes", "sheet.png", "--faces", "nowhere"], "no faces.csv in nowhere"),
        (["generate_fakes", "out", "--faces", "nowhere"], "no faces.csv in nowhere"),
        (["generate_fakes", "out", "--faces", "FACES", "--plan", "gone.json"], "No such file"),
        (["fit_thresholds", "gone.csv"], "No such file"),
        (["fit_thresholds", "gone.csv", "--false-alarms", "0"], "not a share between 0 and 1"),
        (["train_decoders", "--faces", "nowhere"], "no faces.csv in nowhere"),
        (["train_image", "run", "--demo", "--plan", "gone.json"], "No such file"),
        (
            ["train_image", "run", "--faces", "FACES", "--redrawn", "nowhere", "--init", "FACES/demo.zip"],
            "no folder nowh",
        ),
        (["export_bundle", "nowhere", "--faces", "FACES"], "no training in nowhere"),
        (["export_bundle", "nowhere", "--faces", "FACES", "--missed", "2"], "not a share between 0 and 1"),
        (["write_card", "nowhere"], "can't be read"),
        (["prepare_faces", "nowhere", "out"], "neither a folder"),
        (["prepare_faces", "FACES", "FACES/demo.zip"], "no files in a known layout"),
        (["evaluate", "FACES", "--limit", "-3"], "not a whole number of 1 or more"),
        (["evaluate", "nowhere.csv"], "No such file"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    words: list[str], said: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError, match=said):
        call_command(*[word.replace("FACES", str(folder)) for word in words], stdout=io.StringIO())
