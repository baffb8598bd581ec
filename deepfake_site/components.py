"""What this installation is made of: pinned Python packages with their licences, files of others, and model weights."""

import json
import uuid
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from django.conf import settings

NAMESPACE = uuid.UUID("6f1c6f0e-2a53-5c1e-9d0f-6d3f3f1f0a55")  # of the serial numbers
# Files of others that lie in the tree. Each licence is beside them.
VENDORED = (
    ("lucide", "ISC", "static/icons"),
    ("inter", "OFL-1.1", "static/fonts"),
    ("uplot", "MIT", "static/uplot"),
)
CLASSIFIER = "License :: OSI Approved :: "


def pinned() -> Iterator[tuple[str, str]]:
    """Name and version of every package in constraints.txt."""
    for line in (settings.BASE_DIR / "constraints.txt").read_text().splitlines():
        requirement = line.partition("#")[0].partition(";")[0].strip()
        name, _, version = requirement.partition("==")
        if version:
            yield name, version


def purl(name: str, version: str) -> str:
    return f"pkg:pypi/{name.lower().replace('_', '-')}@{version}"


def licence_of(name: str) -> str:
    """As the package's metadata has it; empty where it is not installed or says nothing."""
    try:
        package = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    classifiers = [line.removeprefix(CLASSIFIER) for line in package.get_all("Classifier") or () if CLASSIFIER in line]
    fields = [(package.get_all(field) or [""])[0] for field in ("License-Expression", "License")]
    named = fields[0] or ", ".join(classifiers) or fields[1]
    return str(named).strip().splitlines()[0][:120] if named.strip() else ""


def bill(bundles: Path) -> dict[str, Any]:
    """A CycloneDX 1.6 document. The same installation gives the same document."""
    components = [*_packages(), *_vendored(), *_bundles(bundles)]
    content = json.dumps(components, sort_keys=True)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, content)}",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "deepfake_site", "version": settings.VERSION}},
        "components": components,
    }


def _packages() -> Iterable[dict[str, Any]]:
    for name, version in pinned():
        reference = purl(name, version)
        yield {
            "type": "library", "bom-ref": reference, "name": name, "version": version, "purl": reference,
            "licenses": _licences(licence_of(name)),
        }  # fmt: skip


def _vendored() -> Iterable[dict[str, Any]]:
    for name, licence, folder in VENDORED:
        yield {"type": "library", "bom-ref": folder, "name": name, "licenses": _licences(licence)}


def _bundles(folder: Path) -> Iterable[dict[str, Any]]:
    for path in sorted(folder.glob("*/bundle.json")):
        card = json.loads(path.read_text())
        yield {
            "type": "machine-learning-model",
            "bom-ref": f"model:{card['name']}/{card['version']}",
            "name": card["name"],
            "version": str(card["version"]),
            "licenses": _licences(str(card.get("licence", ""))),
            "components": [
                {"type": "file", "name": name, "hashes": [{"alg": "SHA-256", "content": digest}]}
                for name, digest in sorted(card.get("weights", {}).items())
            ],
        }


def _licences(name: str) -> list[dict[str, Any]]:
    return [{"license": {"name": name}}] if name else []
