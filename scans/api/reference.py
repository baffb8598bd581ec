"""The reference that people read: drawn from the description, so that neither says what the other doesn't."""

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from . import documentation, site

# What stands for the ids in the examples; the first that fits.
VARIABLES = (
    ("/scans/{id}", "$SCAN"), ("/batches/{id}", "$BATCH"), ("/queue-items/{id}", "$ITEM"), ("/reports/{code}", "$CODE"),
    ("/webhook-endpoints/{id}", "$ENDPOINT"), ("/webhook-deliveries/{id}", "$DELIVERY"),
    ("/artifacts/{token}", "$TOKEN"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: str
    needed: bool
    said: SafeString


@dataclass(frozen=True, slots=True)
class Operation:
    name: str
    method: str
    path: str
    said: SafeString
    scope: str
    parameters: list[Field]
    fields: list[Field]
    sent_as: str
    answers: list[tuple[str, str, str]]  # status, sentence, shape
    refusals: list[tuple[str, str, SafeString]]  # status, code, when
    sample: str


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    rows = [documentation.MALFORMED, *((status, code, said) for code, (status, said) in documentation.CODES.items())]
    codes = [(status, code, _written(said)) for status, code, said in sorted(rows)]
    return render(request, "api/index.html", {"tags": _tags(), "codes": codes})


@require_safe
def resource(request: HttpRequest, tag: str) -> HttpResponse:
    if tag not in documentation.TAGS:
        raise Http404
    context = {"tag": tag, "said": documentation.TAGS[tag], "operations": operations(tag), "tags": _tags()}
    return render(request, "api/resource.html", context)


@require_safe
def shapes(request: HttpRequest) -> HttpResponse:
    found = site.description()["components"]["schemas"]
    rows = [(name, _written(shape.get("description", "")), _fields(shape)) for name, shape in sorted(found.items())]
    return render(request, "api/shapes.html", {"shapes": rows, "tags": _tags()})


def operations(tag: str = "") -> list[Operation]:
    return [one for mine, one in _all() if not tag or mine == tag]


@cache
def _all() -> list[tuple[str, Operation]]:
    said = site.description()
    return [
        (verbs[method]["tags"][0], _operation(path, method, verbs[method], said["components"]))
        for path, verbs in said["paths"].items()
        for method in ("get", "post", "patch", "delete")
        if method in verbs
    ]


def _operation(path: str, method: str, told: dict[str, Any], known: dict[str, Any]) -> Operation:
    text, _blank, scope = told.get("description", "").partition("\n\nScope: ")
    sent_as, shape = _first(told.get("requestBody", {}))
    body = known["schemas"].get(_name(shape.get("schema", {})), {})
    answers, refusals = [], []
    for status, answer in told["responses"].items():
        if "$ref" in answer:
            refused = known["responses"][_name(answer)]
            lines = re.findall(r"^`([a-z_]+)`: (.*)$", refused["description"], re.M)
            refusals += [(status, code, _written(when)) for code, when in lines]
        else:
            answers.append((status, answer["description"], _name(_first(answer)[1].get("schema", {}))))
    return Operation(
        name=told["operationId"],
        method=method.upper(),
        path=path.removeprefix("/api/v1"),
        said=_written(text),
        scope=scope.strip(".`"),
        parameters=[
            Field(one["name"], _kind(one["schema"]), one.get("required", False), _written(one.get("description", "")))
            for one in told.get("parameters", [])
        ],
        fields=_fields(body),
        sent_as=sent_as,
        answers=answers,
        refusals=refusals,
        sample=_sample(path, method, told, sent_as),
    )


def _first(said: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The first type in which something is sent, with its shape."""
    return next(iter(said.get("content", {}).items()), ("", {}))


def _sample(path: str, method: str, told: dict[str, Any], sent_as: str) -> str:
    """A command that works: a test runs every one of them."""
    address = path
    for place, variable in VARIABLES:
        if place in path:
            address = path.replace(place, place.rpartition("/")[0] + f"/{variable}")
    parts = ["curl"]
    if told.get("security") != [{}]:
        parts.append('-H "Authorization: Bearer $KEY"')
    if method != "get":
        parts.append(f"-X {method.upper()}")
    examples = _first(told.get("requestBody", {}))[1].get("examples", {})
    value: dict[str, Any] = next((one["value"] for one in examples.values()), {})
    if sent_as == "multipart/form-data":
        parts += [
            f"-F {name}=@{said}" if name in ("file", "files") else f'-F {name}="{said}"' for name, said in value.items()
        ]
    elif sent_as:
        parts += ["-H 'Content-Type: application/json'", f"-d '{json.dumps(value)}'"]
    if told["operationId"] in ("getArtifact", "getReport"):
        parts.append("-o picture.jpg" if told["operationId"] == "getArtifact" else "-o report.pdf")
    address = address.removeprefix("/api/v1")
    return " \\\n  ".join([" ".join(parts[:2]), *parts[2:], f'"$SITE{address}"'])


def _fields(shape: dict[str, Any]) -> list[Field]:
    needed = shape.get("required", [])
    return [
        Field(name, _kind(one), name in needed, _written(one.get("description", "")))
        for name, one in shape.get("properties", {}).items()
    ]


def _kind(said: dict[str, Any]) -> str:
    """A type in a word or two; of a choice, what can be chosen."""
    for several in ("oneOf", "anyOf", "allOf"):
        if several in said:
            return " or ".join(_kind(one) for one in said[several])
    if "$ref" in said:
        return _name(said)
    if "enum" in said:
        return ", ".join("null" if one is None else str(one) for one in said["enum"])
    kinds = said.get("type", "anything")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    words = [f"list of {_kind(said['items'])}" if one == "array" and "items" in said else one for one in kinds]
    return " or ".join(words) + (f" ({said['format']})" if "format" in said else "")


def _name(said: dict[str, Any]) -> str:
    return str(said.get("$ref", "")).rpartition("/")[2]


def _written(said: str) -> SafeString:
    """Plain text with `code` in it."""
    return mark_safe(re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(said)))  # noqa: S308 (escaped)


def _tags() -> list[tuple[str, str]]:
    return list(documentation.TAGS.items())
