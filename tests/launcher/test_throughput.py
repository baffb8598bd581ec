"""`manage.py bench --workers`: throughput with workers that it starts beside the database, Redis and store."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.conf import settings
from PIL import Image

from tests.detection import files

from .test_several_machines import Machine, database, listed, machines, store

__all__ = ["database", "machines", "store"]


@pytest.mark.slow
def test_throughput_is_measured_with_workers_that_are_started_and_ended_for_it(
    machines: list[Machine], store: tuple[str, Any], tmp_path: Path
) -> None:
    photo = tmp_path / "photo.jpg"
    Image.fromarray(files.ASTRONAUT).resize((300, 300)).save(photo)
    measure = ("bench", "--workers", str(photo), "--processes", "1", "2", "--quick", "--json")
    earlier = listed(store[1])
    for arguments in (("migrate", "-v0"), measure):
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR, env=machines[0].environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout.splitlines()[-1])
    assert [row["processes"] for row in measured] == [1, 2]
    assert all(row["photos_a_second"] > 0 for row in measured)
    assert "new rows" in done.stdout
    assert listed(store[1]) == earlier
    assert not [process for process in psutil.process_iter() if folder_of(process) == str(machines[0].folder / "var")]


def folder_of(process: psutil.Process) -> str:
    try:
        return process.environ().get("VAR_DIR", "")
    except psutil.Error:
        return ""
