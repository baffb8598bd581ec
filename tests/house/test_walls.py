"""The house's own rules, kept by the command that everybody runs anyway."""

import ast
import io
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

HOUSE = Path(settings.BASE_DIR)
OURS = ("deepfake_site", "accounts", "scans", "detection")


def sources(*folders: str) -> list[Path]:
    return [p for folder in folders for p in sorted((HOUSE / folder).rglob("*.py")) if "migrations" not in p.parts]


def imports(path: Path) -> set[str]:
    tree = ast.walk(ast.parse(path.read_text()))
    names = set()
    for node in tree:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module or "")
    return names


def test_nobody_climbs_the_stairs_backwards() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=HOUSE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", sources("detection"), ids=lambda p: str(p.relative_to(HOUSE)))
def test_the_detector_knows_django_only_at_its_edge(path: Path) -> None:
    at_the_edge = path.name in ("apps.py", "checks.py") or "management" in path.parts
    assert at_the_edge or not {name for name in imports(path) if name.split(".")[0] == "django"}


@pytest.mark.parametrize("path", sources(*OURS), ids=lambda p: str(p.relative_to(HOUSE)))
def test_no_room_is_named_after_nothing(path: Path) -> None:
    assert path.stem not in {"util", "utils", "helper", "helpers", "common", "core", "misc", "mixins", "services"}


@pytest.mark.django_db
def test_migrations_are_in_step() -> None:
    call_command("makemigrations", check=True, dry_run=True, stdout=io.StringIO())


def test_no_secret_is_in_the_source() -> None:
    for path in sources(*OURS):
        text = path.read_text()
        assert "django-insecure" not in text, path
        assert "BEGIN PRIVATE KEY" not in text, path
