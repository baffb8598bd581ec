"""README and manual: they build, lead somewhere, are in step with the code, and name commands that exist."""

import ast
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.core.management.base import BaseCommand

from deepfake_site import reference

ROOT = Path(settings.BASE_DIR)
PAPERS = [
    *sorted(ROOT.glob("*.md")),
    *sorted(ROOT.glob("docs/**/*.md")),
    *sorted(ROOT.glob("ml_models/**/*.md")),
    *sorted(ROOT.glob(".github/*.md")),
]
GUIDES = [*ROOT.glob("docs/*/add-*.md")]  # tests/house/test_guides.py follows them
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"```\w*[^\n]*\n(.*?)```|`([^`\n]+)`|^(?: {4}|\t)(\S.*)$", re.DOTALL | re.MULTILINE)


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_generated_parts_are_in_step_with_the_code() -> None:
    call_command("write_docs", check=True, stdout=io.StringIO())


def test_a_part_that_is_out_of_date_is_found_and_renewed() -> None:
    page = "before\n<!-- begin states -->\nold\n<!-- end states -->\nafter\n"
    renewed = reference.renewed(page)
    assert "old" not in renewed
    assert "| `analysing` | " in renewed
    assert renewed.startswith("before\n<!-- begin states -->\n")
    assert renewed.endswith("<!-- end states -->\nafter\n")


def test_every_setting_has_a_comment_of_its_own() -> None:
    previous, lacking = "", []
    for line in (ROOT / ".env.example").read_text().splitlines():
        if re.match(r"[A-Z0-9_]+=", line) and not (previous.startswith("#") and not previous.startswith("# --")):
            lacking.append(line)
        previous = line
    assert not lacking


@pytest.mark.parametrize(("module", "name"), [("image", "Plan"), ("samples", "Recipe")])
def test_every_field_of_a_training_plan_is_explained(module: str, name: str) -> None:
    tree = ast.parse((ROOT / "detection" / "training" / f"{module}.py").read_text())
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    fields = [node.target.id for node in body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)]
    assert len(fields) > 5
    page = (ROOT / "docs" / "training" / "index.md").read_text()
    rows = "".join(line.split("|")[1] for line in page.splitlines() if line.startswith("|"))
    assert [field for field in fields if f"`{field}`" not in rows] == []


def test_the_manual_builds_without_a_dead_link_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    mkdocs = Path(sys.executable).with_name("mkdocs")
    built = subprocess.run(
        [mkdocs, "build", "--quiet", "--site-dir", tmp_path / "manual"],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    pages = list((tmp_path / "manual").rglob("*.html"))
    assert len(pages) > 30
    loads = re.compile(r'<(?:script|img|link|iframe)\b[^>]*\b(?:src|href)="(https?:)?//[^"]*"')
    assert not [(page.name, load[0]) for page in pages for load in loads.finditer(page.read_text())]


def built_in(path: Path) -> bool:
    """Whether docs/_hooks.py puts the page there while the manual is built."""
    page = str(path.resolve()).removeprefix(f"{ROOT}/docs/")
    return (
        page in ("changelog.md", "models/bundles.md") or (ROOT / "ml_models" / page.removeprefix("models/")).is_file()
    )


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_between_files_leads_to_one(paper: Path) -> None:
    targets = {link.partition("#")[0] for link in LINK.findall(paper.read_text()) if "://" not in link} - {""}
    dead = [
        target for target in targets if not (paper.parent / target).exists() and not built_in(paper.parent / target)
    ]
    assert not dead


def commands() -> Iterator[tuple[str, str]]:
    """Each command line that a paper names, with the paper."""
    for paper in PAPERS:
        if "experiments" in paper.parts or paper.name == "CHANGELOG.md" or paper in GUIDES:
            continue
        for match in CODE.finditer(paper.read_text()):
            for line in next(group for group in match.groups() if group).splitlines():
                yield str(paper.relative_to(ROOT)), line.strip()


def test_every_make_target_that_a_paper_names_exists() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)) | {".venv/site"}
    named = {
        (paper, target)
        for paper, line in commands()
        for target in re.findall(r"^(?:[A-Z]+=\S+ )*make ([\w./-]+)", line)
    }
    assert len(named) > 10
    assert not [(paper, target) for paper, target in named if target not in targets]


@cache
def command(name: str) -> BaseCommand:
    app = get_commands()[name]
    return load_command_class(app, name) if isinstance(app, str) else app


def test_every_management_command_that_a_paper_names_takes_its_options() -> None:
    wrong, seen = [], 0
    for paper, line in commands():
        if not (match := re.match(r"(?:\S*python3? |docker compose exec \w+ python )?manage\.py (\w+)(.*)", line)):
            continue
        name, rest = match[1], re.split(r" [>|] | # ", match[2])[0]
        arguments = shlex.split(rest, comments=True)
        seen += 1
        try:
            parser = command(name).create_parser("manage.py", name)
            if arguments:  # a name alone only says which command
                parser.parse_args(arguments)
        except (CommandError, KeyError) as error:
            wrong.append(f"{paper}: {line}: {error}")
    assert seen > 30
    assert not wrong, "\n".join(wrong)


def test_every_step_of_a_training_is_a_command_that_takes_its_options() -> None:
    given = ("FILES=films", "FACES=one two", "INIT=first.h5", "INIT_LICENCE=MIT", "LICENCE=MIT", "AUTOENCODER=taef2")
    script = subprocess.run(
        ["make", "--dry-run", "--always-make", "train", *given], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.replace("\\\n", " ")
    shell = {"d": "run", "name": "new", "part": "train", "samples": "9", "faces": "one two"}
    shell |= {"redrawn": "--redrawn again", "bundle": "--bundle new --bundles folder"}
    steps = []
    for line in re.findall(r"\$manage (\w+ [^;>|]+)", script):
        text = re.sub(r"\$\(nproc\)", "2", line)
        steps.append(shlex.split(re.sub(r"\$(\w+)", lambda match: shell[match[1]], text)))
    for name, *arguments in steps:
        command(name).create_parser("manage.py", name).parse_args(arguments)
    names = [name for name, *_ in steps]
    assert names[0] == "prepare_faces"
    assert names[-1] == "compare"
    assert "train_cached" in names


def test_every_file_that_the_manual_names_is_there() -> None:
    named = re.compile(r"`((?:deepfake_site|accounts|scans|detection|ml_models|tests|deploy|clients|docs)/[\w./-]*)`")
    made_by_readers = {"detection/training/colour_shift.py"}
    lacking = [
        (str(paper.relative_to(ROOT)), name)
        for paper in PAPERS
        if "experiments" not in paper.parts and paper.name != "CHANGELOG.md"
        for name in named.findall(paper.read_text())
        if not (ROOT / name).exists() and name not in made_by_readers
    ]
    assert not lacking


def test_every_threat_names_a_test_that_exists() -> None:
    rows = [
        line for line in (ROOT / "docs/threat-model.md").read_text().splitlines() if re.match(r"\| [STRIDE] \|", line)
    ]
    assert len(rows) > 50
    lacking = []
    for row in rows:
        path, _, name = row.split("|")[-2].strip(" `").partition("::")
        file = ROOT / "tests" / path
        if not (file.is_file() and re.search(rf"def {re.escape(name)}\(", file.read_text())):
            lacking.append(row)
    assert not lacking, "\n".join(lacking)


STANDINGS = ("met", "not applicable", "operator", "open")


def test_every_requirement_has_a_standing_and_its_test_exists() -> None:
    """docs/asvs.md: one row a requirement, and a summary that counts them."""
    summary, *chapters = (ROOT / "docs/asvs.md").read_text().partition("## Summary")[2].split("\n## ")
    counted: dict[str, list[int]] = {}
    wrong, numbers = [], []
    for chapter in chapters:
        rows = [
            [cell.strip() for cell in line.strip("| ").split(" | ")]
            for line in chapter.splitlines()
            if re.match(r"\| \d", line)
        ]
        for row in rows:
            number, requirement, standing, how, test = row
            numbers.append(number)
            path, _, name = test.strip("`").partition("::")
            file = ROOT / "tests" / path
            known = bool(name) and file.is_file() and re.search(rf"def {re.escape(name)}\(", file.read_text())
            reasons = ("—",) if standing == "not applicable" else ("no test",)
            if standing not in STANDINGS or not how or not (known or test in reasons) or len(requirement.split()) > 12:
                wrong.append(" | ".join(row))
        counted[chapter.splitlines()[0]] = [sum(row[2] == standing for row in rows) for standing in STANDINGS]
    assert not wrong, "\n".join(wrong)
    assert len(numbers) == len(set(numbers)) == 253  # of levels 1 and 2
    counted["all"] = [sum(column) for column in zip(*counted.values(), strict=True)]
    stated = re.findall(r"^\| ([^|]+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", summary, re.MULTILINE)
    assert {name: [int(figure) for figure in figures] for name, *figures in stated} == counted


def test_every_experiment_is_listed_with_its_page_and_the_next_number_is_free() -> None:
    index = (ROOT / "docs/experiments/index.md").read_text()
    listed: dict[str, set[int]] = {}
    for numbers, page in re.findall(r"^\| ([\d, to]+) \| \[[^]]+\]\((\S+\.md)\)", index, re.M):
        spans = [part.split(" to ") for part in numbers.split(", ")]
        listed[page] = {number for span in spans for number in range(int(span[0]), int(span[-1]) + 1)}
    written = {
        path.name: {int(number) for number in re.findall(r"^## (\d+) ", path.read_text(), re.M)}
        for path in (ROOT / "docs/experiments").glob("*.md")
        if path.name != "index.md"
    }
    assert listed == written
    assert f"The next free number is {max(number for page in written.values() for number in page) + 1}." in index
