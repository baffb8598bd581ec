"""The published description is what the code says, tells of everything, and is drawn as pages that need no script."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver
from drf_spectacular.generators import SchemaGenerator

from scans.api import documentation, reference, site, urls

from .contract import description

FILE = "The file is out of date: make api"


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    return site.description()


def operations(told: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, verbs in told["paths"].items():
        for method, operation in verbs.items():
            yield f"{method.upper()} {path}", operation


def test_the_file_says_what_the_code_does(told: dict[str, Any]) -> None:
    made = json.loads(json.dumps(SchemaGenerator().get_schema(public=True), default=str))
    assert made == told, FILE


def test_every_address_is_described(told: dict[str, Any]) -> None:
    known = {path.removeprefix("/api/v1/").replace("{id}", "{}") for path in told["paths"]}
    hidden = {"openapi.json", "docs/", "docs/shapes/", "docs/<slug:tag>/"}
    for one in urls.urlpatterns:
        said = str(one.pattern)
        if said not in hidden:
            for kind in ("<uuid:pk>", "<int:pk>"):
                said = said.replace(kind, "{}")
            said = said.replace("<slug:code>", "{code}").replace("<str:token>", "{token}")
            assert said in known, said
    assert get_resolver() is not None


def test_every_operation_and_field_is_told_of(told: dict[str, Any]) -> None:
    for name, operation in operations(told):
        assert operation["description"], name
        assert operation["tags"][0] in documentation.TAGS, name
        for parameter in operation.get("parameters", []):
            assert parameter.get("description") or parameter["in"] == "path", (name, parameter["name"])
        assert {"400", "401", "403", "429", "500"} <= set(operation["responses"]), name
        if "requestBody" in operation:
            content = operation["requestBody"]["content"]
            assert any("examples" in one for one in content.values()), f"{name} has no example"
    for name, shape in told["components"]["schemas"].items():
        assert shape.get("description"), name
        for field, said in shape.get("properties", {}).items():
            assert said.get("description") or any(one.get("description") for one in said.get("allOf", [])), (
                name,
                field,
            )


def test_every_code_is_told_of_somewhere(told: dict[str, Any]) -> None:
    said = json.dumps(told["components"]["responses"])
    for code in documentation.CODES:
        assert f"`{code}`" in said, code


def test_links_lead_to_operations(told: dict[str, Any]) -> None:
    names = {operation["operationId"] for _name, operation in operations(told)}
    links = [
        link["operationId"]
        for _name, operation in operations(told)
        for answer in operation["responses"].values()
        for link in answer.get("links", {}).values()
    ]
    assert set(links) <= names
    assert len(links) > 50


@pytest.mark.django_db
def test_pages_draw_all_of_it_for_anybody(client: Client, told: dict[str, Any]) -> None:
    index = client.get("/api/v1/docs/").content.decode()
    for code in documentation.CODES:
        assert f"<code>{code}</code>" in index
    drawn = ""
    for tag in documentation.TAGS:
        page = client.get(f"/api/v1/docs/{tag}/")
        assert page.status_code == 200
        assert "default-src 'none'" in page["Content-Security-Policy"]
        drawn += page.content.decode()
    for name, _operation in operations(told):
        method, path = name.split(" ")
        assert f"{method} {path.removeprefix('/api/v1')}</code>" in drawn
    shapes = client.get("/api/v1/docs/shapes/").content.decode()
    for name in told["components"]["schemas"]:
        assert f'id="{name}"' in shapes
    assert client.get("/api/v1/docs/nothing/").status_code == 404
    assert len(reference.operations()) == len(list(operations(told)))
    assert description()["openapi"] == "3.1.1"
