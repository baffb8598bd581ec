"""One line per request, with an id that goes everywhere and no secrets."""

import json
import logging

import pytest
from django.test import Client


def said(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, object]]:
    """What the site's own handler would write about this event."""
    formatter = next(h.formatter for h in logging.getLogger().handlers if h.get_name() == "stderr")
    assert formatter
    lines = [json.loads(formatter.format(record)) for record in caplog.records]
    return [line for line in lines if line["event"] == event]


def test_a_request_id_is_taken_over_and_given_back(client: Client, db) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": "caller-0815"})["X-Request-ID"] == "caller-0815"


@pytest.mark.parametrize("offered", ["", "short", "x" * 65, 'quo"te-and-more', "two words here", "täterätätä"])
def test_an_odd_request_id_is_replaced(client: Client, db, offered: str) -> None:
    given = client.get("/healthz", headers={"X-Request-ID": offered})["X-Request-ID"]
    assert given != offered
    assert len(given) == 32


def test_a_request_leaves_one_json_line_without_what_is_secret_in_its_address(client: Client, db, caplog) -> None:
    client.get("/accounts/confirm-email/MTpzZWNyZXQ:1x:abc/?token=hush", headers={"X-Request-ID": "caller-0815"})
    (line,) = said(caplog, "request")
    assert (line["request_id"], line["method"], line["status"]) == ("caller-0815", "GET", 200)
    assert "MTpzZWNyZXQ" not in str(line)
    assert "hush" not in str(line)


def test_the_next_request_has_an_id_of_its_own(client: Client, db, caplog) -> None:
    client.get("/api/v1/me", headers={"X-Request-ID": "caller-0815"})
    client.get("/api/v1/me")
    assert len({line["request_id"] for line in said(caplog, "request")}) == 2


def test_health_checks_do_not_fill_the_log(client: Client, db, caplog) -> None:
    client.get("/healthz")
    assert said(caplog, "request") == []
