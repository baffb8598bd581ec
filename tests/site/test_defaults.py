"""What every answer carries, and how the site starts when nobody said anything."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.test import Client

pytestmark = pytest.mark.slow  # starts processes
PRODUCTION = {
    "SECRET_KEY": "abcdefghij" * 6,
    "ALLOWED_HOSTS": "moderation.example.org",
    "REDIS_URL": "redis://redis.internal:6379",
}


def run(code: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, *code],
        env={**keep, "DJANGO_SETTINGS_MODULE": "deepfake_site.settings", **environment},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


START = ["-c", "from deepfake_site.wsgi import application"]


@pytest.mark.parametrize("missing", PRODUCTION)
def test_production_refuses_to_start_without_what_it_needs_and_says_what_to_do(missing: str, tmp_path) -> None:
    environment = {name: value for name, value in PRODUCTION.items() if name != missing}
    done = run(START, VAR_DIR=str(tmp_path), **environment)
    assert done.returncode != 0
    sentence = done.stderr.strip().splitlines()[-1]
    assert f"{missing} is not set." in sentence
    assert "example" in sentence or "make run" in sentence


def test_production_starts_with_them(tmp_path) -> None:
    done = run(START, VAR_DIR=str(tmp_path), **PRODUCTION)
    assert done.returncode == 0, done.stderr


def test_a_short_secret_is_refused(tmp_path) -> None:
    assert "too short" in run(START, VAR_DIR=str(tmp_path), **{**PRODUCTION, "SECRET_KEY": "x"}).stderr


def test_djangos_own_deployment_check_is_clean(tmp_path) -> None:
    done = run(
        ["manage.py", "check", "--deploy", "--fail-level", "WARNING", "-t", "security"],
        VAR_DIR=str(tmp_path),
        **PRODUCTION,
    )
    assert done.returncode == 0, done.stderr


def test_a_folder_where_nothing_is_configured_works_for_people_only(tmp_path) -> None:
    assert run(["manage.py", "check"], VAR_DIR=str(tmp_path)).returncode == 0
    assert run(START, VAR_DIR=str(tmp_path)).returncode != 0
    assert run(["manage.py", "check"], VAR_DIR=str(tmp_path), DEBUG="0").returncode != 0


@pytest.mark.parametrize(("name", "said"), [("DEBUG", "maybe"), ("TRUSTED_PROXIES", "one"), ("EMAIL_PORT", "smtp")])
def test_a_setting_that_makes_no_sense_is_named(name: str, said: str, tmp_path) -> None:
    done = run(START, VAR_DIR=str(tmp_path), **{**PRODUCTION, name: said})
    assert f"{name} is {said!r}" in done.stderr


def test_counts_below_five_can_not_be_published(tmp_path) -> None:
    done = run(START, VAR_DIR=str(tmp_path), **PRODUCTION, TRANSPARENCY_MIN_COUNT="4")
    assert "TRANSPARENCY_MIN_COUNT is too small" in done.stderr


def test_a_secret_can_lie_in_a_file(tmp_path) -> None:
    (tmp_path / "key").write_text("y" * 60 + "\n")
    environment = {name: value for name, value in PRODUCTION.items() if name != "SECRET_KEY"}
    code = ["-c", "from django.conf import settings; print(settings.SECRET_KEY)"]
    done = run(code, VAR_DIR=str(tmp_path), SECRET_KEY_FILE=str(tmp_path / "key"), **environment)
    assert done.stdout.strip() == "y" * 60


def test_every_page_carries_the_strict_headers(client: Client, db) -> None:
    for where in ("/", "/accounts/login/", "/no/such/page/"):
        headers = client.get(where).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize("where", ["/healthz", "/readyz", "/metrics"])
def test_what_machines_ask_carries_them_too(client: Client, db, settings, where: str) -> None:
    settings.METRICS_TOKEN = "" if where == "/metrics" else "token"
    headers = client.get(where).headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT"])
def test_nothing_is_echoed(client: Client, method: str) -> None:
    answer = client.generic(method, "/")
    assert answer.status_code == 405
    assert method not in answer["Allow"]
    assert "GET" in answer["Allow"]


def test_with_https_pages_redirect_to_it_and_the_api_refuses(client: Client, db, settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    for page in ("/help/", "/api/v1/docs/"):
        assert client.get(page)["Location"] == f"https://testserver{page}"
    for method in ("GET", "POST"):
        answer = client.generic(method, "/api/v1/scans", headers={"authorization": "Bearer dfm_live_x"})
        assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
        assert "https://" in answer.json()["detail"]
    assert client.get("/api/v1/scans", secure=True).status_code == 401


def test_with_https_cookies_are_secure_and_browsers_remember_it(tmp_path) -> None:
    code = """
import django; django.setup()
from django.test import Client
r = Client().get("/i18n/setlang/", secure=True, headers={"host": "moderation.example.org"})
print(r["Strict-Transport-Security"])
from django.conf import settings as s
print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY, s.SESSION_COOKIE_NAME)
print(s.LANGUAGE_COOKIE_NAME, s.THEME_COOKIE_NAME, s.LIBRARY_VIEW_COOKIE_NAME)
print(Client().get("/accounts/login/", headers={"host": "moderation.example.org"})["Location"])
"""
    said = run(["-c", code], VAR_DIR=str(tmp_path), **PRODUCTION).stdout.splitlines()
    assert said == [
        "max-age=31536000; includeSubDomains; preload",
        "True True True __Host-session",
        "__Host-django_language __Host-theme __Host-library_view",
        "https://moderation.example.org/accounts/login/",
    ]


def test_the_theme_is_remembered_and_leads_nowhere_else(client: Client, db) -> None:
    response = client.post("/theme/", {"theme": "dark", "next": "/accounts/login/"})
    assert response["Location"] == "/accounts/login/"
    assert 'data-theme="dark"' in client.get("/accounts/login/").content.decode()
    assert client.post("/theme/", {"theme": "dark", "next": "https://evil.example"})["Location"] == "/"
    client.post("/theme/", {"theme": "<script>"})
    assert 'data-theme="dark"' in client.get("/accounts/login/").content.decode()
