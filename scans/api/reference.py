"""The API reference as pages, built from the OpenAPI description."""

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
    ("/cases/{id}", "$CASE"), ("/case-links/{id}", "$LINK"),
    ("/artifacts/{token}", "$TOKEN"),
)  # fmt: skip
SAVED_AS = {"getArtifact": "picture.jpg", "getReport": "report.pdf", "exportCase": "scans.csv"}


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
    rows = [
        documentation.MALFORMED,
        *((status, code, sentence) for code, (status, sentence) in documentation.CODES.items()),
    ]
    codes = [(status, code, _format(sentence)) for status, code, sentence in sorted(rows)]
    return render(request, "api/index.html", {"tags": _tags(), "codes": codes})


@require_safe
def resource(request: HttpRequest, tag: str) -> HttpResponse:
    if tag not in documentation.TAGS:
        raise Http404
    context = {"tag": tag, "said": documentation.TAGS[tag], "operations": operations(tag), "tags": _tags()}
    return render(request, "api/resource.html", context)


@require_safe
def shapes(request: HttpRequest) -> HttpResponse:
    schemas = site.description()["components"]["schemas"]
    rows = [(name, _format(shape.get("description", "")), _fields(shape)) for name, shape in sorted(schemas.items())]
    return render(request, "api/shapes.html", {"shapes": rows, "tags": _tags()})


def operations(tag: str = "") -> list[Operation]:
    return [operation for own_tag, operation in _all() if not tag or own_tag == tag]


@cache
def _all() -> list[tuple[str, Operation]]:
    document = site.description()
    return [
        (verbs[method]["tags"][0], _operation(path, method, verbs[method], document["components"]))
        for path, verbs in document["paths"].items()
        for method in ("get", "post", "put", "patch", "delete")
        if method in verbs
    ]


def _operation(path: str, method: str, operation: dict[str, Any], components: dict[str, Any]) -> Operation:
    text, _blank, scope = operation.get("description", "").partition("\n\nScope: ")
    sent_as, shape = _first(operation.get("requestBody", {}))
    body = components["schemas"].get(_name(shape.get("schema", {})), {})
    answers, refusals = [], []
    for status, answer in operation["responses"].items():
        if "$ref" in answer:
            refused = components["responses"][_name(answer)]
            lines = re.findall(r"^`([a-z_]+)`: (.*)$", refused["description"], re.M)
            refusals += [(status, code, _format(when)) for code, when in lines]
        else:
            answers.append((status, answer["description"], _name(_first(answer)[1].get("schema", {}))))
    return Operation(
        name=operation["operationId"],
        method=method.upper(),
        path=path.removeprefix("/api/v1"),
        said=_format(text),
        scope=scope.strip(".`"),
        parameters=[
            Field(
                parameter["name"],
                _kind(parameter["schema"]),
                parameter.get("required", False),
                _format(parameter.get("description", "")),
            )
            for parameter in operation.get("parameters", [])
        ],
        fields=_fields(body),
        sent_as=sent_as,
        answers=answers,
        refusals=refusals,
        sample=_sample(path, method, operation, sent_as),
    )


def _first(content: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The first type in which something is sent, with its shape."""
    return next(iter(content.get("content", {}).items()), ("", {}))


def _sample(path: str, method: str, operation: dict[str, Any], sent_as: str) -> str:
    """A curl command for the operation. A test runs every one of them."""
    address = path
    for place, variable in VARIABLES:
        if place in path:
            address = path.replace(place, place.rpartition("/")[0] + f"/{variable}")
    parts = ["curl"]
    if operation.get("security") != [{}]:
        parts.append('-H "Authorization: Bearer $KEY"')
    if method != "get":
        parts.append(f"-X {method.upper()}")
    examples = _first(operation.get("requestBody", {}))[1].get("examples", {})
    value: dict[str, Any] = next((example["value"] for example in examples.values()), {})
    if sent_as == "multipart/form-data":
        parts += [
            f"-F {name}=@{value_text}" if name in ("file", "files") else f'-F {name}="{value_text}"'
            for name, value_text in value.items()
        ]
    elif sent_as:
        parts += ["-H 'Content-Type: application/json'", f"-d '{json.dumps(value)}'"]
    if saved_as := SAVED_AS.get(operation["operationId"]):
        parts.append(f"-o {saved_as}")
    address = address.removeprefix("/api/v1")
    return " \\\n  ".join([" ".join(parts[:2]), *parts[2:], f'"$SITE{address}"'])


def _fields(shape: dict[str, Any]) -> list[Field]:
    needed = shape.get("required", [])
    return [
        Field(name, _kind(field), name in needed, _format(field.get("description", "")))
        for name, field in shape.get("properties", {}).items()
    ]


def _kind(schema: dict[str, Any]) -> str:
    """A type in a word or two; of a choice, what can be chosen."""
    for several in ("oneOf", "anyOf", "allOf"):
        if several in schema:
            return " or ".join(_kind(choice) for choice in schema[several])
    if "$ref" in schema:
        return _name(schema)
    if "enum" in schema:
        return ", ".join("null" if value is None else str(value) for value in schema["enum"])
    kinds = schema.get("type", "anything")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    words = [f"list of {_kind(schema['items'])}" if kind == "array" and "items" in schema else kind for kind in kinds]
    return " or ".join(words) + (f" ({schema['format']})" if "format" in schema else "")


def _name(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _format(text: str) -> SafeString:
    """Plain text with `code` in it."""
    return mark_safe(re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text)))  # noqa: S308 (escaped)


def _tags() -> list[tuple[str, str]]:
    return list(documentation.TAGS.items())
