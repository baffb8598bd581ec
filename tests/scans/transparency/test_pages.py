"""The page of the reports: what it shows, of which quarters, and to whom."""

import datetime as dt
import html
import re
from collections.abc import Iterator
from typing import Any

from django.test import Client

from accounts.models import User
from accounts.roles import Role

from .conftest import NOW


def test_the_page_shows_what_the_json_says(quarter_of_work: None, client: Client) -> None:
    report = client.get("/transparency/2026-Q2.json").json()
    page = client.get("/transparency/").content.decode()
    assert "Quarter 2 of 2026" in page
    said = [*report["uploads"].values(), *report["decisions"].values(), *report["feedback"].values()]
    tables = [part for part in [*said, *report["appeals"].values()] if isinstance(part, dict)]
    shown = list(rows(page))
    assert len(shown) == len(tables) == 8
    order = ("by_outcome", "by_kind", "by_source")
    expected = [report["uploads"][name] for name in order] + tables[3:]
    assert [[count for _name, count in table] for table in shown] == [list(table.values()) for table in expected]
    assert dict(shown[3]) == {"Keep": 11, "Label": 0, "Restrict": 0, "Remove": 5}
    for name, total in (("uploads", 20), ("decisions by people", 16), ("appeals", 5)):
        assert re.search(rf"<b>\s*{total}\s*</b> {name}<", page)
    assert "3 days" in page


def rows(page: str) -> Iterator[list[tuple[str, int | None]]]:
    for table in re.findall(r'<table class="counts">.*?</table>', page, re.DOTALL):
        cells = re.findall(r'<th scope="row">(.*?)</th><td class="number">(.*?)</td>', table, re.DOTALL)
        yield [(html.unescape(name), None if "hidden" in cell else int(cell)) for name, cell in cells]


def test_only_quarters_that_are_over_have_a_report(client: Client, quarter_of_work: None, uploaded: Any) -> None:
    uploaded(NOW)
    page = client.get("/transparency/").content.decode()
    assert re.findall(r'href="/transparency/(\d{4}-Q\d)/"', page) == ["2026-Q2"]
    assert client.get("/transparency/2026-Q2/").status_code == 200
    for quarter in ("2026-Q3", "2026-Q1", "2025-Q4", "nonsense"):
        assert client.get(f"/transparency/{quarter}/").status_code == 404
        assert client.get(f"/transparency/{quarter}.json").status_code == 404
    uploaded(dt.datetime(2025, 12, 31, 23, tzinfo=dt.UTC))
    page = client.get("/transparency/").content.decode()
    assert re.findall(r'href="/transparency/(\d{4}-Q\d)/"', page) == ["2026-Q2", "2026-Q1", "2025-Q4"]
    report = client.get("/transparency/2025-Q4.json").json()
    assert report["period"] == {"from": "2025-10-01", "to": "2025-12-31"}
    assert report["uploads"]["total"] is None, "one upload"


def test_a_site_without_a_closed_quarter_says_so(client: Client, db: None) -> None:
    assert "No report yet" in client.get("/transparency/").content.decode()


def test_a_site_may_keep_its_reports_to_the_desk(
    settings: Any, client: Client, as_user: Any, person: Any, quarter_of_work: None, uploader: User, moderator: User
) -> None:
    settings.TRANSPARENCY_PUBLIC = False
    half = person("half", Role.LEAD, second_factor=False)
    where = ("/transparency/", "/transparency/2026-Q2/", "/transparency/2026-Q2.json")
    for browser, status in (
        (client, 404),
        (as_user(uploader), 404),
        (as_user(half), 404),
        (as_user(moderator), 200),
        (as_user(person("auditor", Role.AUDITOR)), 200),
    ):
        assert [browser.get(address).status_code for address in where] == [status] * 3
    assert "/transparency/" not in client.get("/help/").content.decode()
    assert client.get("/capabilities.json").json()["decided_here"] == {}
    settings.TRANSPARENCY_PUBLIC = True
    assert 'href="/transparency/"' in client.get("/help/").content.decode()
    assert list(client.get("/capabilities.json").json()["decided_here"]) == ["2026-Q2"]


def test_a_larger_smallest_count_hides_more(settings: Any, client: Client, quarter_of_work: None) -> None:
    assert client.get("/transparency/2026-Q2.json").json()["appeals"]["total"] == 5
    settings.TRANSPARENCY_MIN_COUNT = 6
    report = client.get("/transparency/2026-Q2.json").json()
    assert report["counts_hidden_below"] == 6
    assert report["appeals"] == {
        "total": None,
        "by_outcome": {"upheld": None, "changed": None, "open": None},
        "median_seconds_to_answer": None,
    }
