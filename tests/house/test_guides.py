"""The guides that say how to add something, followed to the letter in a copy of the repository."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
COPIED = (
    "accounts",
    "deepfake_site",
    "detection",
    "scans",
    "tests",
    "ml_models",
    "templates",
    "static",
    "locale",
    ".env.example",
    "README.md",
    "docs",
    "manage.py",
    "pyproject.toml",
    "CHANGELOG.md",
)
STEP = re.compile(
    r'^ *<!-- edit: (?:new file|before "(?P<anchor>[^\n]+)") -->\n'
    r' *```\w+ title="(?P<file>[^"]+)"\n(?P<text>.*?)^ *```$'
    r"|^ *```bash\n(?P<commands>.*?)^ *```$",
    re.DOTALL | re.MULTILINE,
)
RESULTS = {
    "training/add-a-network": ["var/bundles/separable/CARD.md", "var/bundles/separable/model.onnx"],
    "training/add-a-data-set": ["var/example.csv", "var/example-faces/faces.csv"],
    "training/add-a-kind-of-fake": ["var/sheet.png"],
    "contributing/add-a-review-reason": ["scans/migrations/*_reason_several_faces.py"],
    "contributing/add-an-api-field": ["scans/api/openapi.json"],
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the tree with an environment that leads to the packages of this one."""
    house = tmp_path / "house"
    house.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, house / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, house)
    (house / ".venv" / "bin").mkdir(parents=True)
    python = house / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return house


def test_every_guide_is_followed() -> None:
    guides = {str(path.relative_to(ROOT / "docs").with_suffix("")) for path in ROOT.glob("docs/*/add-*.md")}
    assert guides == set(RESULTS)


@pytest.mark.slow
@pytest.mark.parametrize("guide", RESULTS)
def test_a_newcomer_who_does_what_the_guide_says_gets_what_it_promises(guide: str, copy: Path) -> None:
    steps = list(STEP.finditer((ROOT / "docs" / f"{guide}.md").read_text()))
    assert len(steps) >= 3
    for step in steps:
        if step["commands"]:
            run(step["commands"], copy)
        else:
            edit(copy / step["file"], step["text"], step["anchor"])
    assert [name for name in RESULTS[guide] if not list(copy.glob(name))] == []


def edit(path: Path, text: str, anchor: str | None) -> None:
    """Write the block as a new file, or above the line that begins with `anchor`, as far indented as that line."""
    block = textwrap.dedent(text)
    if anchor is None:
        path.write_text(block)
        return
    before, line = path.read_text(), anchor.replace('\\"', '"')
    assert before.count(f"\n{line}") == 1, f"{path.name} has not one line that begins with {line!r}"
    indent = line[: len(line) - len(line.lstrip())]
    gap = ("\n" if indent else "\n\n") if block.startswith("def ") else ""
    path.write_text(before.replace(f"\n{line}", f"\n{textwrap.indent(block, indent)}{gap}{line}"))


def run(commands: str, house: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "EMBEDDED": "1",
        "VAR_DIR": str(house / "var"),
        "CUDA_VISIBLE_DEVICES": "",
    }
    for line in filter(None, map(str.strip, commands.splitlines())):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", line],
            cwd=house,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
