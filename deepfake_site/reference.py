"""The generated parts of README.md and docs/: tables made from the code and from files that commands write."""

import ast
import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from accounts import roles
from scans.models import TRANSITIONS, Status

ROOT = Path(settings.BASE_DIR)
APPS = ("deepfake_site", "accounts", "scans", "detection")
BLOCK = re.compile(r"<!-- begin (\w+) -->\n.*?<!-- end \1 -->", re.DOTALL)
KIND_OF_READER = {
    "text": "text",
    "flag": "1 or 0",
    "whole": "whole number",
    "numbers": "pairs like `a=1,b=2`",
    "listing": "list, separated by commas",
}


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    cells = [[str(cell).replace("|", "\\|") for cell in row] for row in (head, ["---"] * len(head), *rows)]
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)


def pages() -> list[Path]:
    """The pages that have generated parts."""
    return [
        path
        for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
        if "<!-- begin " in path.read_text()
    ]


def renewed(text: str) -> str:
    """The page with its generated parts as they should be. Raises KeyError for a part that nothing generates."""
    return BLOCK.sub(lambda match: f"<!-- begin {match[1]} -->\n{PARTS[match[1]]()}<!-- end {match[1]} -->", text)


# -- Settings ------------------------------------------------------------------------------------------


def settings_tables() -> str:
    """A table for each section of .env.example: name, default, what it does."""
    readers = setting_readers()
    text = ""
    for title, entries in documented_settings():
        rows = []
        for name, example, comment in entries:
            kind, default = readers[name]
            rows.append((f"`{name}`", f"`{default or example}`" if default or example else "", f"{comment} *({kind})*"))
        text += f"## {title}\n\n{table(('Setting', 'Default', 'What it does'), rows)}\n"
    return text


def documented_settings() -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Sections of .env.example, each with its settings: name, value, and the comment above it; none where it lacks."""
    sections: list[tuple[str, list[tuple[str, str, str]]]] = []
    comment: list[str] = []
    example = ROOT / ".env.example"
    for line in example.read_text().splitlines() if example.is_file() else ():
        if line.startswith("# -- "):
            sections.append((line.strip("# -"), []))
            comment = []
        elif line.startswith("#"):
            comment.append(line.removeprefix("#").strip())
        elif "=" in line:
            name, value = line.split("=", 1)
            sections[-1][1].append((name, value, " ".join(comment)))
            comment = []
        else:
            comment = []
    return sections


@lru_cache(1)
def setting_readers() -> dict[str, tuple[str, str]]:
    """By the name of each setting: its kind, and its default where that is a constant."""
    read: dict[str, tuple[str, str]] = {}
    for call in _calls():
        function, arguments = call.func, call.args
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if name not in KIND_OF_READER or not arguments or not isinstance(arguments[0], ast.Constant):
            continue
        defaults = [*arguments[1:], *(word.value for word in call.keywords if word.arg == "default")]
        default = str(defaults[0].value) if defaults and isinstance(defaults[0], ast.Constant) else ""
        read.setdefault(
            str(arguments[0].value), (KIND_OF_READER[name], {"True": "1", "False": "0"}.get(default, default))
        )
    return read


def _calls() -> Iterator[ast.Call]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            text = path.read_text()
            if "env" in text:  # only there settings are read
                yield from (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))


# -- People, states, commands, API ---------------------------------------------------------------------


def permissions_table() -> str:
    held = [(name, roles.PERMISSIONS[name]) for name in sorted(roles.PERMISSIONS)]
    return _by_role("permission", held)


def scopes_table() -> str:
    return _by_role("scope", roles.SCOPES.items())


def _by_role(what: str, held: Iterable[tuple[str, frozenset[Any]]]) -> str:
    all_roles = list(roles.Role)
    rows = [(f"`{name}`", *("✓" if role in holders else "" for role in all_roles)) for name, holders in held]
    return table((what, *(role.value for role in all_roles)), rows)


def states_table() -> str:
    rows = [
        (f"`{status.value}`", ", ".join(f"`{after.value}`" for after in Status if status in TRANSITIONS.get(after, ())))
        for status in Status
    ]
    return table(("status", "may become"), rows)


def commands_table() -> str:
    """Every management command with its first words, read from its source."""
    rows = []
    for app in APPS:
        for path in sorted((ROOT / app / "management" / "commands").glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "help":
                    rows.append((f"`{path.stem}`", app, ast.literal_eval(node.value)))
    return table(("`manage.py …`", "of", "does"), rows)


def operations_table() -> str:
    described = json.loads((ROOT / "scans" / "api" / "openapi.json").read_text())
    rows = []
    for path, operations in described["paths"].items():
        for method in ("get", "post", "patch", "put", "delete"):
            if operation := operations.get(method):
                first = operation.get("description", "").split("\n")[0].split(". ")[0].rstrip(".")
                rows.append((f"`{method.upper()} {path.removeprefix('/api/v1')}`", first))
    return table(("operation", "does"), rows)


# -- Models ------------------------------------------------------------------------------------------


def evaluations() -> list[dict[str, Any]]:
    """What `evaluate` measured, the best first, sets without fakes last."""
    stored = [json.loads(path.read_text()) for path in (ROOT / "ml_models" / "evaluations").glob("*.json")]
    return sorted(stored, key=lambda figures: -(figures["auc"] or 0))


def detects_table() -> str:
    """What the panel tells apart and what it doesn't, a line for each set of files."""
    rows = []
    for figures in evaluations():
        fakes = figures["outcomes"]["fake"]
        rows.append(
            (
                figures["source"].split(" (")[0].split(":")[0],
                f"{figures['n_real']} and {figures['n_fake']}",
                _in_words(figures),
                _auc(figures),
                f"{fakes.get('likely_manipulated', 0)} of {figures['n_fake']}" if figures["n_fake"] else "",
                _share(figures["false_alarms"], figures["false_alarms_ci"]),
            )
        )
    head = ("files", "real and fake", "told apart", "AUC (95 % interval)", "fakes called likely manipulated")
    return table((*head, "real files called likely manipulated"), rows)


def _in_words(figures: dict[str, Any]) -> str:
    if figures["auc"] is None:
        return "real files only"
    low, high = figures["auc_ci"]
    if low <= 0.5:
        return "**no: worse than chance**" if high < 0.5 else "**not shown: chance is within the interval**"
    trivial = max(max(value, 1 - value) for value in figures["baselines"].values())
    return "better than chance" + (", but file size or sharpness alone tells more" if trivial > figures["auc"] else "")


def _auc(figures: dict[str, Any]) -> str:
    return f"{figures['auc']:.3f} ({_interval(figures['auc_ci'], 3)})" if figures["auc"] is not None else ""


def _interval(bounds: Sequence[float], digits: int) -> str:
    return f"{bounds[0]:.{digits}f} to {bounds[1]:.{digits}f}"


def _share(value: float, bounds: Sequence[float]) -> str:
    return f"{100 * value:.1f} % ({_interval([100 * bound for bound in bounds], 1)})"


def evaluations_tables() -> str:
    return "\n".join(_evaluation(figures) for figures in evaluations())


def _evaluation(figures: dict[str, Any]) -> str:
    source = figures["source"]
    rows = [("Real files", figures["n_real"]), ("Fake files", figures["n_fake"])]
    rows.append(("Judged", f"{100 * figures['coverage']:.1f} %"))
    if figures["auc"] is not None:
        rows.append(("AUC", _auc(figures)))
    rows.append(("False alarms", _share(figures["false_alarms"], figures["false_alarms_ci"])))
    rows.append(("Inconclusive", f"{100 * figures['inconclusive']:.1f} %"))
    for label, outcomes in figures["outcomes"].items():
        if outcomes:
            rows.append((f"Outcomes of {label} files", ", ".join(f"{_plain(k)} {n}" for k, n in outcomes.items())))
    if figures["ece"] is not None:
        rows.append(("Calibration error", f"{figures['ece']:.2f}"))
    for name, value in figures["baselines"].items():
        if value is not None:
            named = {"bytes": "File size"}.get(name, name.capitalize())
            rows.append((f"{named} alone (AUC)", f"{max(value, 1 - value):.2f}"))
    text = f"### {source[0].upper()}{source[1:]}\n\n{table(('', ''), rows)}"
    kinds = figures["per_manipulation"]
    if len(kinds) > 1:
        by_kind = [
            (name, kind["n"], f"{kind['auc']:.2f} ({_interval(kind['auc_ci'], 2)})") for name, kind in kinds.items()
        ]
        text += "\n" + table(("manipulation", "fakes judged", "AUC (95 % interval)"), by_kind)
    return text


def _plain(word: str) -> str:
    return word.replace("_", " ")


def training_data_table() -> str:
    """The collections of ml_models/training-data.csv.gz, with how many of their crops were used for what."""
    text = gzip.decompress((ROOT / "ml_models" / "training-data.csv.gz").read_bytes()).decode()
    collections: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        where = "/".join(row["origin"].split("/")[:5]) if "://" in row["origin"] else ""
        collections.setdefault((row["source"], where, row["licence"], row["known"]), []).append(row)
    rows = []
    for (source, where, licence, known), crops in sorted(collections.items()):
        bundles = sorted({label for crop in crops for label in crop["bundles"].split()})
        trained = sum(crop["part"] == "train" for crop in crops)
        link = f"[{source}]({where})" if where else source
        rows.append((link, licence, known, trained, len(crops) - trained, ", ".join(bundles)))
    return table(("collection", "licence", "known", "crops to train", "crops to check and calibrate", "weights"), rows)


PARTS: dict[str, Callable[[], str]] = {
    "settings": settings_tables,
    "permissions": permissions_table,
    "scopes": scopes_table,
    "states": states_table,
    "commands": commands_table,
    "operations": operations_table,
    "detects": detects_table,
    "evaluations": evaluations_tables,
    "training_data": training_data_table,
}
