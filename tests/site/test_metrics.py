"""What a Prometheus gets, and who gets it."""

import datetime as dt
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from deepfake_site.celery import app
from scans.models import Scan


def test_metrics_are_off_unless_a_token_is_set(client: Client, db) -> None:
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_metrics_need_the_token(client: Client, db, settings) -> None:
    settings.METRICS_TOKEN = "a-token"
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer ä"}).status_code == 401


def test_metrics_count_requests_by_view_and_say_what_waits(client: Client, db, settings) -> None:
    settings.METRICS_TOKEN = "a-token"

    def counted() -> float:
        text = client.get("/metrics", headers={"Authorization": "Bearer a-token"}).content.decode()
        found = re.search(r'site_requests_total\{method="GET",status="200",view="home"\} (\S+)', text)
        return float(found[1]) if found else 0.0

    before = counted()
    client.get("/")
    assert counted() == before + 1
    text = client.get("/metrics", headers={"Authorization": "Bearer a-token"}).content.decode()
    assert 'site_queue_waiting{queue="live"} 0.0' in text
    assert 'site_part_up{part="database"} 1.0' in text
    assert "site_disk_free_bytes" in text


def test_a_made_up_path_or_method_makes_no_new_series(client: Client, db, settings) -> None:
    settings.METRICS_TOKEN = "a-token"
    client.generic("BREW", "/no/such/page/made-up-4711")
    text = client.get("/metrics", headers={"Authorization": "Bearer a-token"}).content.decode()
    assert "made-up-4711" not in text
    assert "BREW" not in text


def test_metrics_answer_with_redis_away(client: Client, db, settings, redis_away) -> None:
    settings.METRICS_TOKEN = "a-token"
    text = client.get("/metrics", headers={"Authorization": "Bearer a-token"}).content.decode()
    assert 'site_part_up{part="broker"} 0.0' in text


@pytest.fixture
def metric(client: Client, db: None, settings: Any) -> Callable[[str, str], float]:
    settings.METRICS_TOKEN = "a-token"

    def read(name: str, queue: str) -> float:
        text = client.get("/metrics", headers={"Authorization": "Bearer a-token"}).content.decode()
        found = re.search(rf'^{name}{{queue="{queue}"}} (\S+)$', text, re.MULTILINE)
        assert found, text
        return float(found[1])

    return read


@pytest.fixture
def empty_queues() -> Iterator[None]:
    yield
    with app.connection_for_write() as connection:
        for queue in ("rerun", "webhooks"):
            connection.default_channel._purge(queue)


@pytest.mark.filterwarnings("ignore::celery.exceptions.AlwaysEagerIgnored")
def test_metrics_say_how_long_the_oldest_message_of_a_queue_has_waited(
    metric: Callable[[str, str], float], empty_queues: None
) -> None:
    assert metric("site_queue_oldest_seconds", "rerun") == 0
    for priority, age in ((3, 100), (9, 500), (9, 20)):
        app.send_task("any", queue="rerun", priority=priority, headers={"sent_at": time.time() - age})
    app.send_task("any", queue="webhooks")
    assert metric("site_queue_waiting", "rerun") == 3
    assert 500 <= metric("site_queue_oldest_seconds", "rerun") < 560
    assert 0 < metric("site_queue_oldest_seconds", "webhooks") < 60
    assert metric("site_queue_oldest_seconds", "post") == 0


def test_a_scan_whose_message_is_lost_counts_as_waiting_since_it_was_queued(
    metric: Callable[[str, str], float], uploader: User
) -> None:
    since = timezone.now() - dt.timedelta(minutes=5)
    Scan.objects.create(owner=uploader, name="a.jpg", sha256="0" * 64, bytes=1, queue="batch", queued_at=since)
    assert metric("site_queue_waiting", "batch") == 0
    assert 300 <= metric("site_queue_oldest_seconds", "batch") < 360


def test_the_metrics_that_the_manual_names_are_there(client: Client, db: None, settings: Any) -> None:
    settings.METRICS_TOKEN = "a-token"
    text = client.get("/metrics", headers={"Authorization": "Bearer a-token"}).content.decode()
    pages = [settings.BASE_DIR / "docs" / name for name in ("administration.md", "deployment/clouds.md")]
    named = {name for page in pages for name in re.findall(r"\bsite_[a-z_]+", page.read_text())}
    assert len(named) > 1
    assert not [name for name in named if f"# HELP {name} " not in text]
