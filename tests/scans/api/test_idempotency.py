"""Sent twice, done once, answered twice the same."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from accounts import keys
from accounts.models import User
from scans.models import Feedback, Replay, Scan
from scans.models.replay import ABANDONED, KEPT
from scans.tasks import forget_unfinished

from ..conftest import portrait
from .conftest import SCANS, Program


def hand_in(program: Program, key: str, side: int = 200, **fields: Any) -> Any:
    file = SimpleUploadedFile("photo.jpg", portrait(side))
    with program.run(execute=True):
        return program.client.post(SCANS, {"file": file, **fields}, headers={"Idempotency-Key": key})


@pytest.mark.django_db
def test_the_same_again_makes_one_scan_and_the_same_answer(own: Program) -> None:
    first, again = hand_in(own, "a"), hand_in(own, "a")
    assert Scan.objects.count() == 1
    assert again.content == first.content
    assert again.status_code == first.status_code
    assert again["Location"] == first["Location"]
    assert again["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert "RateLimit" in again
    assert hand_in(own, "b").json()["id"] != first.json()["id"]


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"side": 210}, {"external_id": "x"}])
def test_the_key_of_another_request_is_refused(change: dict[str, Any], own: Program) -> None:
    hand_in(own, "a")
    answer = hand_in(own, "a", **change)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    assert Scan.objects.count() == 1


@pytest.mark.django_db
def test_keys_are_each_persons_own_and_end_after_a_day(
    own: Program, program: Callable[..., Program], stranger: User
) -> None:
    hand_in(own, "a")
    assert hand_in(program(stranger), "a").status_code in (200, 202)
    assert Scan.objects.count() == 2
    Replay.objects.update(begun_at=timezone.now() - KEPT)
    hand_in(own, "a")
    assert Scan.objects.count() == 3
    Replay.objects.update(begun_at=timezone.now() - KEPT)
    forget_unfinished()
    assert not Replay.objects.exists()


@pytest.mark.django_db
def test_a_refusal_is_answered_again_and_what_broke_is_tried_again(own: Program, monkeypatch: Any) -> None:
    def send() -> Any:
        own.client.raise_request_exception = False
        where = f"{SCANS}/{scan.pk}/feedback"
        body = {"label": "other"}
        return own.client.post(where, body, content_type="application/json", headers={"Idempotency-Key": "f"})

    own.submit()
    scan = Scan.objects.get()
    from scans.api import scan_resources as views

    with monkeypatch.context() as patched:
        patched.setattr(views.routing, "feedback_given", lambda *_given: 1 / 0)
        assert send().status_code == 500
    assert not Feedback.objects.exists(), "all or nothing"
    assert send().status_code == 201
    assert send()["Idempotency-Replayed"] == "true"
    assert Feedback.objects.count() == 1
    refused = hand_in(own, "r", metadata="[")
    assert refused.status_code == 422
    assert hand_in(own, "r", metadata="[").content == refused.content


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_what_is_no_key_is_refused(key: str, own: Program) -> None:
    assert hand_in(own, key).status_code == 422


@pytest.mark.django_db
def test_while_the_first_is_on_its_way_the_second_is_told_so_and_a_lost_one_is_taken_up(own: Program) -> None:
    first = hand_in(own, "a")
    Replay.objects.update(status=None, begun_at=timezone.now())
    assert (hand_in(own, "a").status_code, hand_in(own, "a").json()["code"]) == (409, "idempotency_in_progress")
    Replay.objects.update(begun_at=timezone.now() - ABANDONED)
    assert hand_in(own, "a").json()["id"] != first.json()["id"]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_ten_at_the_same_moment_make_one_scan(uploader: User, bundles: Any, settings: Any) -> None:
    settings.LIMITS = {**settings.LIMITS, "upload": {"visitor": "1000/1m"}}
    _key, secret = keys.issue(uploader, name="p", scopes=["scans:read", "scans:write"])
    barrier, answers = threading.Barrier(10), []
    content = portrait(200)

    def send() -> None:
        client = Client(headers={"Authorization": f"Bearer {secret}", "Idempotency-Key": "same"})
        barrier.wait()
        try:
            answers.append(client.post(SCANS, {"file": SimpleUploadedFile("photo.jpg", content)}).status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Scan.objects.count() == 1, connection.vendor
    assert set(answers) <= {200, 202, 409}
    assert len(answers) == 10
