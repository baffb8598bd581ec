"""What those who run the site need without a shell: its health, its settings, a test of its mail."""

import logging
import os
import re
import smtplib
import time
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.utils.translation import gettext, override

from accounts.models import User
from deepfake_site import effective_settings, env, recent_errors, setting_texts
from deepfake_site.celery import SIGN_OF_LIFE
from scans.models import Scan

pytestmark = pytest.mark.django_db
HEALTH, SETTINGS, MAIL = "/admin/system/health/", "/admin/system/settings/", "/admin/system/mail/"


def text_of(client: Client, where: str) -> str:
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", client.get(where).content.decode()).split()))


@pytest.mark.parametrize("where", [HEALTH, SETTINGS, MAIL])
@pytest.mark.parametrize(("who", "status"), [("moderator", 403), ("lead", 403), ("auditor", 200), ("admin", 200)])
def test_those_who_run_the_site_and_auditors_open_its_pages(
    where: str, who: str, status: int, request: pytest.FixtureRequest, as_user: Callable[..., Client]
) -> None:
    client = as_user(request.getfixturevalue(who))
    assert client.get(where).status_code == status
    assert (where in client.get("/admin/").content.decode()) == (status == 200), "the desk leads to it"


def test_health_tells_workers_queues_storage_and_what_failed(
    admin: User, uploader: User, as_user: Callable[..., Client]
) -> None:
    cache.set(SIGN_OF_LIFE.format("analysis"), time.time() - 4, 60)
    failed = Scan.objects.create(owner=uploader, name="a", sha256="0" * 64, bytes=1, status="analysing")
    failed.move("failed")  # type: ignore[arg-type]
    page = text_of(as_user(admin), HEALTH)
    assert re.search(r"Analysis worker Last response ([4-9]|\d\d) seconds ago", page)
    assert "Webhook worker No response" in page
    assert re.search(r"live analysis \d+", page)
    assert re.search(r"of [\d.,]+ \wB free", page)
    assert "1 Could not be analysed, 24 hours" in page
    assert re.search(r"Redis \d+\.\d+", page)
    assert re.search(r"(SQLite|PostgreSQL) \d+", page)


def test_the_last_errors_of_all_processes_are_listed_and_no_more_than_are_kept(
    admin: User, as_user: Callable[..., Client]
) -> None:
    client = as_user(admin)
    assert "No errors in the last seven days." in text_of(client, HEALTH)
    logger = logging.Logger("somewhere")
    logger.addHandler(recent_errors.Handler(logging.ERROR))
    logger.warning("only a warning")
    for number in range(recent_errors.KEPT + 5):
        try:
            raise ValueError(f"number {number}")
        except ValueError:
            logger.exception("It broke.")
    page = text_of(client, HEALTH)
    assert "It broke. error: ValueError: number 34" in page
    assert "only a warning" not in page
    assert page.count("It broke.") == recent_errors.KEPT
    logger.error("The same.")
    logger.error("The same.")
    assert "The same. × 2" in text_of(client, HEALTH)


def test_without_redis_the_page_says_so_and_an_error_is_no_second_error(
    admin: User, as_user: Callable[..., Client], redis_away: None
) -> None:
    logger = logging.Logger("somewhere")
    logger.addHandler(recent_errors.Handler(logging.ERROR))
    logger.error("It broke.")
    page = text_of(as_user(admin), HEALTH)
    assert "Redis Can't be reached" in page
    assert "The message broker can't be reached." in page
    assert "Cache Down" in page


def test_each_setting_says_where_its_value_comes_from_and_no_secret_is_shown(
    admin: User, as_user: Callable[..., Client], settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("APPEAL_DAYS=91\nSITE_NAME=From the file\n")
    monkeypatch.setitem(os.environ, "APPEAL_DAYS", "")
    del os.environ["APPEAL_DAYS"]
    monkeypatch.setenv("SITE_NAME", "From outside")
    monkeypatch.setattr(env, "_in_file", {})
    env.read_file(tmp_path / ".env")
    settings.APPEAL_DAYS, settings.SITE_NAME = 91, "From outside"
    settings.DATABASE_URL = "postgresql://site:hunter2@db/site"
    monkeypatch.setenv("EMAIL_PASSWORD", "hunter3")
    page = text_of(as_user(admin), SETTINGS)
    for line in (
        r"APPEAL_DAYS [^|]*? 91 File \.env",
        r"SITE_NAME [^|]*? From outside Environment",
        r"EMAIL_PASSWORD [^|]*? set, not shown Environment",
        r"TRASH_DAYS [^|]*? 7 Default",
        r"SECRET_KEY [^|]*? set, not shown",
        r"postgresql://•••@db/site",
    ):
        assert re.search(line, page), line
    assert "hunter" not in page
    assert settings.SECRET_KEY not in page


def test_all_settings_that_are_documented_are_on_the_page() -> None:
    named = {one.name for _title, entries in effective_settings.sections() for one in entries}
    written = set(re.findall(r"^([A-Z0-9_]+)=", Path(".env.example").read_text(), re.MULTILINE))
    assert named == written
    assert {one.name for _title, entries in effective_settings.sections() for one in entries if one.is_hidden} >= {
        "SECRET_KEY"
    }


def test_every_setting_is_described_in_german(admin: User, as_user: Callable[..., Client]) -> None:
    with override("de"):
        english = [text for text in setting_texts.TEXTS if gettext(text) == text]
    assert not english
    page = as_user(admin).get(SETTINGS, headers={"Accept-Language": "de"}).content.decode()
    assert "Megabyte an Dateien, die eine Person behalten darf" in page
    assert "The largest file" not in page


def test_a_test_mail_goes_to_whoever_asks_and_a_refusal_is_shown(
    admin: User, auditor: User, as_user: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = as_user(admin)
    page = client.post(MAIL, {"to": "somebody@else.example"}, follow=True).content.decode()
    assert f"Sent to {admin.email}" in page
    assert [message.to for message in mail.outbox] == [[admin.email]]

    def refuse(*_messages: Any) -> int:
        raise smtplib.SMTPAuthenticationError(535, b"wrong password")

    monkeypatch.setattr(EmailBackend, "send_messages", refuse)
    assert "wrong password" in client.post(MAIL, follow=True).content.decode()
    assert as_user(auditor).post(MAIL).status_code == 403
