"""What the installation consists of is listed with licences, and checked for known vulnerabilities."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command


@pytest.fixture
def osv() -> Iterator[tuple[str, list[Any]]]:
    """A server with the API of osv.dev, for which one version of Django is vulnerable."""
    asked: list[Any] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            queries = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
            asked.extend(query["package"]["purl"] for query in queries)
            results = [{"vulns": [{"id": "X-1"}]} if "pkg:pypi/pillow@" in purl else {} for purl in asked]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"results": results}).encode())

        def log_message(self, *_parts: Any) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", asked
        server.shutdown()


def test_every_package_and_model_is_in_the_list_with_its_licence(tmp_path: Path) -> None:
    call_command("write_sbom", tmp_path / "one.json")
    call_command("write_sbom", tmp_path / "two.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    bill = json.loads((tmp_path / "one.json").read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    components = {each["name"].lower(): each for each in bill["components"]}
    assert components["django"]["purl"] == f"pkg:pypi/django@{components['django']['version']}"
    assert "BSD" in components["django"]["licenses"][0]["license"]["name"]
    folder = Path(settings.BASE_DIR) / "ml_models"
    for card in (json.loads(path.read_text()) for path in folder.glob("*/bundle.json")):
        model = components[card["name"]]
        assert model["licenses"][0]["license"]["name"] == card["licence"]
        assert {file["hashes"][0]["content"] for file in model["components"]} == set(card["weights"].values())
    references = [each["bom-ref"] for each in bill["components"]]
    assert len(references) == len(set(references)) > 150


def test_a_package_with_a_known_vulnerability_fails_the_check(osv: tuple[str, list[Any]]) -> None:
    address, asked = osv
    with pytest.raises(CommandError, match=r"(?i)pillow \S+: X-1"):
        call_command("check_vulnerabilities", address=address)
    assert len(asked) > 100


def test_without_a_network_the_check_says_that_nothing_was_checked() -> None:
    with pytest.raises(CommandError, match="nothing was checked") as failure:
        call_command("check_vulnerabilities", address="http://127.0.0.1:9/")
    assert failure.value.returncode == 3
