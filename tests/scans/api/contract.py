"""Holds an answer against the published description: status, type, headers and every field of the body."""

import json
import re
from functools import cache
from typing import Any

import jsonschema_rs

from scans.api import site

OPEN = {"Bundle"}  # told to be open: a card has fields of its own


@cache
def description() -> dict[str, Any]:
    """The published one, and closed: what it does not name may not come."""
    said = site.description()
    for name, shape in said["components"]["schemas"].items():
        if name not in OPEN and shape.get("properties"):
            shape["additionalProperties"] = False
    return said


def operation(method: str, path: str) -> dict[str, Any] | None:
    for template, verbs in description()["paths"].items():
        if "{" not in path and template == path and method.lower() in verbs:
            return dict(verbs[method.lower()])
    for template, verbs in description()["paths"].items():
        pattern = re.sub(r"\\{[^}]+\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, path) and method.lower() in verbs:
            return dict(verbs[method.lower()])
    return None


@cache
def validator(reference: str) -> Any:
    whole = {"$ref": reference, "components": description()["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def hold(method: str, path: str, answer: Any, *, counted: bool = True) -> None:
    """AssertionError where the answer is not as it was told. `counted`: limits are told of; not without Redis."""
    told = operation(method, path)
    if told is None:
        assert answer.status_code in (404, 405), f"{method} {path} is not described"
        return
    where = f"{told['operationId']} {answer.status_code}"
    found = told["responses"].get(str(answer.status_code))
    assert found, f"{where} is not described"
    if "$ref" in found:
        found = description()["components"]["responses"][found["$ref"].rpartition("/")[2]]
    missing = {name for name in found.get("headers", {}) if counted and name not in answer.headers}
    assert not missing, (where, missing)
    content = found.get("content", {})
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    if not content:
        return
    assert kind in content or any(one.endswith("/*") for one in content), (where, kind)
    if kind in ("application/json", "application/problem+json") and not answer.streaming:  # not a file
        body = json.loads(answer.content)
        errors = list(validator(content[kind]["schema"]["$ref"]).iter_errors(body))
        assert not errors, (where, [f"{error.instance_path}: {error.message}" for error in errors][:5])
        if kind == "application/problem+json":
            assert f"`{body['code']}`" in found["description"], (where, body["code"])
