"""Watching through a camera: pictures come one by one, something is said of them, and then they are kept or gone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import Acceptance, User
from scans import tasks
from scans.models import Live, LivePicture, Scan, Source
from scans.models.live import SILENCE
from scans.uploads import live

from ..conftest import portrait

pytestmark = pytest.mark.django_db
PROGRAM = {"accept": "application/json"}


@pytest.fixture
def begun(ann: Client) -> str:
    answer = ann.post("/scans/live/", headers=PROGRAM)
    assert answer.status_code == 201
    return str(answer.json()["url"])


@pytest.fixture
def send(ann: Client, begun: str, django_capture_on_commit_callbacks: Callable[..., Any]) -> Callable[..., Any]:
    def one(content: bytes = b"", client: Client = ann) -> Any:
        picture = SimpleUploadedFile("picture.jpg", content or portrait(320), "image/jpeg")
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(begun, {"picture": picture}, headers=PROGRAM)

    return one


def stored(media: Path) -> list[Path]:
    return [path for path in (media / "live").rglob("*") if path.is_file()]


def test_what_is_said_of_a_picture_comes_with_the_next(send: Callable[..., Any], bundles: Path) -> None:
    first = send()
    assert first.status_code == 200
    assert "Waiting for the first result" in first.json()["html"]
    second = send().json()
    assert second["pictures"] == 2
    assert 'class="badge outcome' in second["html"]
    assert "from the latest picture" in second["html"]
    assert "from the latest 2 pictures" in send().json()["html"]


def test_without_a_model_it_says_so(send: Callable[..., Any]) -> None:
    send()
    assert "No model is installed on this site." in send().json()["html"]


def test_no_look_is_asked_for_while_one_is_under_way(send: Callable[..., Any], bundles: Path) -> None:
    send()
    Live.objects.update(asked_at=timezone.now(), estimate={})
    send()
    assert Live.objects.get().estimate == {}
    Live.objects.update(asked_at=None)
    send()
    assert Live.objects.get().estimate["pictures"] == 3


def test_kept_it_is_one_scan(
    send: Callable[..., Any], begun: str, ann: Client, bundles: Path, own_media: Path,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:  # fmt: skip
    for _ in range(3):
        send()
    assert len(stored(own_media)) == 3
    with django_capture_on_commit_callbacks(execute=True):
        answer = ann.post(f"{begun}keep/", headers=PROGRAM)
    scan = Scan.objects.get()
    assert (answer.status_code, answer.json()["url"]) == (201, f"/scans/{scan.pk}/")
    assert scan.source == Source.CAMERA
    assert scan.assessment.inspection["media"]["frames"] == 3
    assert not Live.objects.exists()
    assert not stored(own_media)


def test_thrown_away_nothing_is_left(send: Callable[..., Any], begun: str, ann: Client, own_media: Path) -> None:
    send()
    assert ann.post(f"{begun}drop/").status_code == 204
    assert not Live.objects.exists()
    assert not LivePicture.objects.exists()
    assert not stored(own_media)
    assert send().status_code == 404
    assert not Scan.objects.exists()


def test_a_closed_page_is_forgotten(send: Callable[..., Any], own_media: Path) -> None:
    send()
    tasks.forget_unfinished()
    assert Live.objects.exists()
    Live.objects.update(heartbeat_at=timezone.now() - SILENCE)
    tasks.forget_unfinished()
    assert not Live.objects.exists()
    assert not stored(own_media)


def test_one_camera_a_person_and_two_minutes(
    send: Callable[..., Any], ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST", 2)
    assert [send().status_code for _ in range(3)] == [200, 200, 409]
    ann.post("/scans/live/")
    assert Live.objects.count() == 1
    assert not LivePicture.objects.exists()


def test_rubbish_is_no_picture(send: Callable[..., Any], ann: Client, begun: str) -> None:
    assert send(b"no jpeg").status_code == 415
    assert send(b"\xff\xd8\xff" + b"\0" * (5 << 20)).status_code == 413
    assert ann.post(begun, headers=PROGRAM).status_code == 422
    assert ann.post(f"{begun}keep/", headers=PROGRAM).status_code == 422
    assert not LivePicture.objects.exists()


def test_it_is_nobody_elses(send: Callable[..., Any], begun: str, bob: Client) -> None:
    send()
    assert send(client=bob).status_code == 404
    assert bob.post(f"{begun}keep/").status_code == 404
    assert bob.post(f"{begun}drop/").status_code == 404
    assert LivePicture.objects.count() == 1


def test_too_many_pictures_a_minute_wait(settings: Any, send: Callable[..., Any]) -> None:
    settings.LIMITS = {**settings.LIMITS, "live": {"visitor": "3/1m"}}
    answers = [send() for _ in range(4)]
    assert [answer.status_code for answer in answers][-1] == 429
    assert int(answers[-1]["Retry-After"]) > 0


def test_who_did_not_accept_the_rules_hands_in_nothing(ann: Client, uploader: User) -> None:
    Acceptance.objects.all().delete()
    asked = ann.get("/scans/new/")
    assert (asked.status_code, asked["Location"]) == (302, "/rules/?next=%2Fscans%2Fnew%2F")
    for where in ("/scans/new/", "/scans/camera/", "/scans/batches/", "/scans/tus/", "/scans/live/"):
        refused = ann.post(where, headers=PROGRAM)
        assert (refused.status_code, refused.json()["code"]) == (403, "rules"), where
    page = ann.get("/rules/?next=/scans/camera/").content.decode()
    assert "I accept these rules" in page
    accepted = ann.post("/rules/", {"next": "/scans/camera/"})
    assert accepted["Location"] == "/scans/camera/"
    assert ann.get("/scans/camera/").status_code == 200
    assert uploader.acceptances.get().version in page
    assert "I accept these rules" not in ann.get("/rules/").content.decode()


def test_a_new_version_asks_again(ann: Client, monkeypatch: pytest.MonkeyPatch, client: Client) -> None:
    from accounts import rules

    monkeypatch.setattr(rules, "VERSION", "2030-01")
    assert ann.get("/scans/new/").status_code == 302
    assert client.get("/rules/").status_code == 200, "open to everyone"
    assert client.post("/rules/")["Location"].startswith("/accounts/login/")
    assert ann.post("/rules/", {"next": "//elsewhere.example/"})["Location"] == "/scans/new/"
