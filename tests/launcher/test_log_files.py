"""Where the processes of `manage.py up` write their logs."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from deepfake_site import processes


@pytest.mark.parametrize("files", ["1", "0"])
def test_logs_go_to_files_or_to_the_journal_where_the_account_cannot_change_them(
    files: str, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    settings.VAR_DIR = tmp_path
    (tmp_path / "log").mkdir()
    monkeypatch.setenv("LOG_FILES", files)
    child = processes.child("web", [sys.executable, "-c", "print('a line')"], dict(os.environ))
    child.start()
    assert child.process
    child.process.wait(20)
    written = [path.read_text() for path in (tmp_path / "log").iterdir()]
    assert (written, capfd.readouterr().out) == ((["a line\n"], "") if files == "1" else ([], "a line\n"))
