"""What a Prometheus gets, and who gets it."""

import re

from django.test import Client


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
