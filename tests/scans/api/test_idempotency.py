"""Sent twice, done once, answered twice the same."""

import datetime as dt
import io
import threading
from collections.abc import Callable
from typing import Any

import pytest
from celery import current_app
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.test import Client, RequestFactory
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.utils import timezone

from accounts import keys, rules
from accounts.models import User
from deepfake_site.wsgi import application
from scans.models import Batch, Feedback, Replay, Scan
from scans.models.replay import ABANDONED, KEPT
from scans.tasks import forget_unfinished, rescue
from scans.uploads import intake

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


class Killed(BaseException):
    """What ends a process: nothing of ours is run any more."""


@pytest.mark.django_db
def test_killed_before_it_was_done_the_first_is_in_progress_for_a_while_and_then_taken_up(
    own: Program, monkeypatch: Any
) -> None:
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(intake.tasks, "send", raise_killed)
        hand_in(own, "a")
    assert not Scan.objects.exists()
    assert (hand_in(own, "a").status_code, hand_in(own, "a").json()["code"]) == (409, "idempotency_in_progress")
    Replay.objects.update(begun_at=timezone.now() - ABANDONED)
    assert hand_in(own, "a").status_code == 202
    assert Scan.objects.count() == 1


@pytest.mark.django_db
def test_killed_while_it_waits_for_the_result_the_same_key_gives_the_same_scan(own: Program, monkeypatch: Any) -> None:
    own.client.defaults["HTTP_IDEMPOTENCY_KEY"] = "a"
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr("scans.api.waiting.time.sleep", raise_killed)
        own.submit(judged=False, query="?wait=30")
    again = own.submit(judged=False, query="?wait=30")
    assert again.json()["id"] == str(Scan.objects.get().pk)
    assert (again.status_code, again["Idempotency-Replayed"]) == (202, "true")


@pytest.mark.django_db
def test_what_breaks_after_it_was_done_does_not_have_it_done_again(own: Program, monkeypatch: Any) -> None:
    own.client.defaults["HTTP_IDEMPOTENCY_KEY"] = "a"
    own.client.raise_request_exception = False
    with monkeypatch.context() as patched:
        patched.setattr("scans.api.waiting.time.sleep", lambda _seconds: 1 / 0)
        assert own.submit(judged=False, query="?wait=30").status_code == 500
    assert own.submit(judged=False, query="?wait=30").json()["id"] == str(Scan.objects.get().pk)


@pytest.mark.django_db
def test_a_slow_first_request_that_was_overtaken_does_nothing(own: Program, monkeypatch: Any) -> None:
    accepted = rules.accepted
    answers = []

    def slowly(person: Any) -> bool:
        Replay.objects.update(begun_at=timezone.now() - ABANDONED)
        monkeypatch.setattr(rules, "accepted", accepted)
        answers.append(hand_in(own, "a"))
        return accepted(person)

    monkeypatch.setattr(rules, "accepted", slowly)
    answers.append(hand_in(own, "a"))
    assert [answer.status_code for answer in answers] == [202, 409]
    assert hand_in(own, "a").json()["id"] == answers[0].json()["id"] == str(Scan.objects.get().pk)


@pytest.mark.django_db
def test_a_batch_that_broke_off_is_gone_on_with_where_it_was(own: Program, monkeypatch: Any) -> None:
    files = [("a.jpg", portrait(200)), ("no.jpg", b"no picture"), ("b.jpg", portrait(210)), ("c.jpg", portrait(220))]
    own.client.defaults["HTTP_IDEMPOTENCY_KEY"] = "a"
    send = intake.tasks.send

    def send_twice(scan: Scan) -> None:
        if scan.name == "c.jpg":
            raise Killed
        send(scan)

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(intake.tasks, "send", send_twice)
        own.batch(files)
    assert sorted(Scan.objects.values_list("name", flat=True)) == ["a.jpg", "b.jpg"]
    assert own.batch(files).status_code == 409
    Replay.objects.update(begun_at=timezone.now() - ABANDONED)
    answer = own.batch(files)
    assert sorted(Scan.objects.values_list("name", flat=True)) == ["a.jpg", "b.jpg", "c.jpg"]
    batch = Batch.objects.get()
    assert (answer.status_code, answer.json()["id"]) == (202, str(batch.pk))
    assert [refusal["name"] for refusal in batch.refused] == ["no.jpg"]
    assert batch.sealed_at
    assert own.batch(files).content == answer.content


class EndingRedis(io.BytesIO):
    """A body whose last piece comes when Redis has died."""

    def __init__(self, content: bytes, redis: Any) -> None:
        super().__init__(content)
        self.redis = redis

    def read(self, size: int | None = -1) -> bytes:
        self.redis.stop()
        return super().read(size)


@pytest.mark.django_db
def test_redis_dying_in_the_middle_of_an_upload_costs_nothing(own: Program, redis: Any) -> None:
    current_app.conf.task_always_eager = False
    body = encode_multipart(BOUNDARY, {"file": SimpleUploadedFile("photo.jpg", portrait())})
    own.client.counted = False  # limits can't be told without Redis
    try:
        with own.run(execute=True):
            answer = own.client.generic(
                "POST", SCANS, CONTENT_TYPE=MULTIPART_CONTENT, CONTENT_LENGTH=len(body),
                headers={"Idempotency-Key": "a"}, **{"wsgi.input": EndingRedis(body, redis)},
            )  # fmt: skip
    finally:
        current_app.conf.task_always_eager = True
        redis.start()
    assert answer.status_code == 202
    scan = Scan.objects.get()
    assert hand_in(own, "a", side=400).json()["id"] == answer.json()["id"] == str(scan.pk)
    Scan.objects.update(sent_at=timezone.now() - dt.timedelta(minutes=1))
    with own.run(execute=True):
        rescue()
    scan.refresh_from_db()
    assert (scan.status, scan.assessments.count()) == ("analysed", 1)


def raise_killed(*_given: Any, **_options: Any) -> None:
    raise Killed


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


def test_a_sign_in_that_broke_off_is_refused_without_an_alarm(db: None, caplog: Any) -> None:
    statuses: list[str] = []
    environ = RequestFactory().generic("POST", "/accounts/login/").environ | {
        "CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": "1000",
        "wsgi.input": io.BytesIO(b"login=ann@exam"),
    }  # fmt: skip
    b"".join(application(environ, lambda status, headers: statuses.append(status)))
    assert statuses[0].startswith("400")
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def sent_to_the_server(program: Program, path: str, body: bytes, key: str, arrived: int) -> str:
    """The status, from the application that gunicorn serves, of a request of which only `arrived` bytes come."""
    statuses: list[str] = []
    environ = RequestFactory().generic("POST", path, content_type=MULTIPART_CONTENT).environ
    environ |= {
        "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body[:arrived]), "HTTP_IDEMPOTENCY_KEY": key,
        "CONTENT_TYPE": MULTIPART_CONTENT, "HTTP_AUTHORIZATION": program.client.defaults["HTTP_AUTHORIZATION"],
    }  # fmt: skip
    with program.run(execute=True):
        b"".join(application(environ, lambda status, headers: statuses.append(status)))
    return statuses[0]


@pytest.mark.django_db(
    transaction=True, serialized_rollback=True
)  # the server closes its connection after each request
@pytest.mark.parametrize("share", [0.5, 0.999])
def test_an_upload_that_broke_off_makes_no_scan_and_leaves_its_key_free(own: Program, share: float) -> None:
    body = encode_multipart(BOUNDARY, {"file": SimpleUploadedFile("photo.jpg", portrait()), "external_id": "x" * 99})
    assert sent_to_the_server(own, SCANS, body, "a", int(len(body) * share)).startswith("400")
    assert not Scan.objects.exists()
    assert sent_to_the_server(own, SCANS, body, "a", len(body)).startswith("202")
    assert Scan.objects.count() == 1
