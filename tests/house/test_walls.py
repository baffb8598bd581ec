"""The house's own rules, kept by the command that everybody runs anyway."""

import ast
import io
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

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


def test_no_room_has_more_than_320_lines() -> None:
    lines = {str(path.relative_to(HOUSE)): len(path.read_text().splitlines()) for path in sources(*OURS, "tests")}
    assert not [name for name, count in lines.items() if count > 320], "split them by noun"


def blocks(path: Path, size: int = 12) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Every run of so many lines of code, without blank lines, comments and imports, and where it begins."""
    lines = [(number, line.strip()) for number, line in enumerate(path.read_text().splitlines(), 1)]
    code = [(number, line) for number, line in lines if line and not line.startswith(("#", "import ", "from "))]
    for start in range(len(code) - size + 1):
        yield code[start][0], tuple(line for _, line in code[start : start + size])


def test_no_block_of_twelve_lines_stands_twice() -> None:
    pages = [path for folder in ("templates", "static") for path in (HOUSE / folder).rglob("*")]
    places: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for path in [*sources(*OURS), *(page for page in pages if page.suffix in (".html", ".css", ".js"))]:
        for number, block in blocks(path):
            places[block].append(f"{path.relative_to(HOUSE)}:{number}")
    assert len(places) > 10_000
    assert not [where for where in places.values() if len(where) > 1]


@pytest.mark.django_db
def test_migrations_are_in_step() -> None:
    call_command("makemigrations", check=True, dry_run=True, stdout=io.StringIO())


def test_migrations_that_were_squashed_lead_to_the_same_models() -> None:
    """A site that has run some of them goes on with each of the others."""
    loader = MigrationLoader(None, replace_migrations=False)
    squashed = {key for key, migration in loader.disk_migrations.items() if migration.replaces}
    assert squashed
    reached = loader.project_state([key for key in loader.graph.leaf_nodes() if key not in squashed])
    changes = MigrationAutodetector(reached, ProjectState.from_apps(apps)).changes(loader.graph)
    assert changes == {}


def test_no_secret_is_in_the_source() -> None:
    for path in sources(*OURS):
        text = path.read_text()
        assert "django-insecure" not in text, path
        assert "BEGIN PRIVATE KEY" not in text, path


def test_no_template_takes_text_for_markup() -> None:
    """Markup is made by format_html, which escapes what it is given."""
    templates = sorted((HOUSE / "templates").rglob("*.html"))
    assert len(templates) > 50
    unsafe = re.compile(r"\|\s*safe(seq)?\b|autoescape\s+off")
    assert [str(path) for path in templates if unsafe.search(path.read_text())] == []
