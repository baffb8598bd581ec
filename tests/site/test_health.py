"""Whether the site says honestly what works."""

import datetime as dt
import time

import pytest
from django.core import checks
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from deepfake_site import health
from deepfake_site.celery import SIGN_OF_LIFE
from scans.models import Scan, Status


@pytest.fixture(autouse=True)
def workers() -> None:
    for kind in ("analysis", "post", "webhooks"):
        cache.set(SIGN_OF_LIFE.format(kind), time.time(), 30)


@pytest.fixture
def bundles_installed(monkeypatch) -> None:
    """A registry of checks in which nothing is wrong with the bundles."""
    monkeypatch.setattr(checks.registry.registry, "registered_checks", set())


def ask(client: Client) -> tuple[int, str, dict[str, str]]:
    response = client.get("/readyz")
    said = response.json()
    return response.status_code, said["state"], said["parts"]


def test_alive_means_that_this_process_answers_whatever_else_is_broken(client: Client, redis_away) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")


def test_ready_when_every_part_works(client: Client, db, bundles_installed) -> None:
    status, state, parts = ask(client)
    assert (status, state) == (200, "ok"), parts
    workers = {"analysis_worker", "post_worker", "webhooks_worker"}
    assert set(parts) == {"database", "cache", "broker", "disk", "bundles", "queue", *workers}


def test_without_bundles_it_is_degraded_and_still_ready(client: Client, db, settings, tmp_path) -> None:
    settings.BUNDLES_DIR = tmp_path
    status, state, parts = ask(client)
    assert (status, state, parts["bundles"]) == (200, "degraded", "degraded")


def test_without_an_analysis_worker_it_is_not_ready(client: Client, db) -> None:
    cache.delete(SIGN_OF_LIFE.format("analysis"))
    status, state, parts = ask(client)
    assert (status, state, parts["analysis_worker"]) == (503, "down", "down")


@pytest.mark.parametrize("kind", ["post", "webhooks"])
def test_without_the_worker_for_mail_or_webhooks_it_is_only_degraded(kind: str, client: Client, db) -> None:
    cache.delete(SIGN_OF_LIFE.format(kind))
    assert ask(client)[2][f"{kind}_worker"] == "degraded"


def test_without_redis_cache_and_broker_are_down_and_the_rest_is_told(client: Client, db, redis_away) -> None:
    status, _state, parts = ask(client)
    assert status == 503
    assert (parts["cache"], parts["broker"], parts["database"]) == ("down", "down", "ok")


def test_a_full_disk_is_down(client: Client, db, settings) -> None:
    settings.MIN_FREE_DISK_MB = 10**9
    assert ask(client)[2]["disk"] == "down"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/api/v1/healthz", "/api/v1/readyz"])
def test_monitors_may_only_look(client: Client, db, path: str) -> None:
    assert client.post(path).status_code == 405
    assert "no-store" in client.get(path)["Cache-Control"]


def test_a_load_balancer_may_ask_by_address_and_without_tls(client: Client, db, settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    for path in ("/healthz", "/readyz"):
        assert client.get(path, headers={"host": "10.0.0.7:8000"}).status_code == 200
    assert client.get("/accounts/login/", headers={"host": "10.0.0.7:8000"}).status_code == 400


def test_a_part_that_breaks_is_down_and_never_a_500() -> None:
    def strange() -> str:
        raise KeyError("?")

    assert health.state_of(strange) == "down"


def test_a_queue_that_nobody_works_on_is_degraded(client: Client, uploader) -> None:
    long_ago = timezone.now() - dt.timedelta(seconds=health.STANDSTILL + 1)
    waiting = Scan.objects.create(owner=uploader, name="a.jpg", sha256="0" * 64, bytes=1, queued_at=long_ago)
    assert ask(client)[2]["queue"] == "degraded"
    Scan.objects.create(
        owner=uploader, name="b.jpg", sha256="0" * 64, bytes=1, status=Status.ANALYSING, heartbeat_at=timezone.now()
    )
    assert ask(client)[2]["queue"] == "ok", "a worker is at another one"
    Scan.objects.filter(status=Status.ANALYSING).update(status=Status.FAILED)
    assert ask(client)[2]["queue"] == "degraded"
    Scan.objects.filter(pk=waiting.pk).update(queued_at=timezone.now())
    assert ask(client)[2]["queue"] == "ok"
