"""Handing in, reading, listing, cancelling and deleting by a program with a key."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Acceptance, User
from accounts.roles import Role
from scans.models import Label, Outcome, Policy, Reason, ReviewItem, ReviewQueue, Scan
from scans.review import decisions, queue

from .conftest import SCANS, Program

pytestmark = pytest.mark.django_db


def error(answer: Any, status: int, code: str) -> dict[str, Any]:
    said: dict[str, Any] = answer.json()
    assert (answer.status_code, said["code"], answer["Content-Type"]) == (status, code, "application/problem+json")
    assert {"type", "title", "status", "detail", "request_id"} <= said.keys()
    return said


def test_a_photo_is_handed_in_and_read(own: Program) -> None:
    answer = own.submit(external_id="order 7", metadata=json.dumps({"page": 3}))
    assert answer.status_code in (200, 202)
    said = own.get(answer["Location"]).json()
    assert (said["object"], said["status"], said["progress"]) == ("scan", "analysed", 1.0)
    assert (said["external_id"], said["metadata"]) == ("order 7", {"page": 3})
    assert said["media"]["mime"] == "image/jpeg"
    assert (said["media"]["width"], said["media"]["height"]) == (400, 400)
    assert said["assessment"]["outcome"] in Outcome.values
    assert said["assessment"]["models"][0]["name"] == "bright"
    assert len(said["assessment"]["models"][0]["weights_sha256"]) == 64
    assert said["assessment"]["faces"]["count"] == 1
    assert said["effective"]["source"] == "model"
    assert said["effective"]["outcome"] == said["assessment"]["outcome"]


def test_what_is_not_done_yet_says_where_it_stands_and_when_to_ask_again(own: Program) -> None:
    answer = own.submit(judged=False)
    assert answer.status_code == 202
    assert int(answer["Retry-After"]) >= 1
    said = answer.json()
    assert (said["status"], said["queue_position"], said["assessment"]) == ("queued", 0, None)
    assert said["effective"] == {
        "outcome": None, "source": "model", "label": None, "action": None, "decision_id": None, "since": None,
    }  # fmt: skip
    version = said["version"]
    cancelled = own.post(f"{answer['Location']}/cancel").json()
    assert cancelled["status"] == "cancelled"
    assert cancelled["version"] > version
    error(own.post(f"{answer['Location']}/cancel"), 409, "wrong_state")


def test_the_same_file_again_is_known(own: Program) -> None:
    first = own.submit().json()
    again = own.submit()
    assert again.status_code == 200
    assert again.json()["media"]["deduplicated_from"] == first["id"]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"no picture", 415, "unsupported_media"),
        (b"", 422, "empty"),
        (b"\xff\xd8\xff" + b"0" * (3 << 20), 413, "file_too_large"),
    ],
)
def test_what_can_t_be_taken_is_refused_with_a_code(
    content: bytes, status: int, code: str, own: Program, settings: Any
) -> None:
    settings.MAX_UPLOAD_MB = 2
    said = error(own.submit(content), status, code)
    assert said["errors"][0]["pointer"] == "/file"
    assert not Scan.objects.exists()


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"metadata": "[1]"}, "/metadata"), ({"metadata": "{"}, "/metadata"),
        ({"external_id": "x" * 121}, "/external_id"),
        ({"metadata": json.dumps({"x": "y" * 2050})}, "/metadata"), ({"external_id": "a\0b"}, "/external_id"),
    ],
)  # fmt: skip
def test_notes_that_do_not_fit_are_refused(fields: dict[str, str], pointer: str, own: Program) -> None:
    assert error(own.submit(**fields), 422, "validation_error")["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    "notes", [{"mood": "\U0001f600 \u00fc"}, {"path": "C:\\udata\\u0000"}, {"a": [None, 1.5, {"b": ""}]}, {}]
)
def test_notes_come_back_as_they_were(notes: dict[str, Any], own: Program) -> None:
    said = own.get(own.submit(metadata=json.dumps(notes))["Location"]).json()
    assert said["metadata"] == notes


@pytest.mark.parametrize(
    "notes", ['{"a": "\\u0000"}', '{"a": "\\ud800"}', '{"\\u0000": 1}', '{"a": NaN}', '{"a":' + "[" * 990]
)
def test_notes_that_no_database_keeps_are_refused(notes: str, own: Program) -> None:
    assert error(own.submit(metadata=notes), 422, "validation_error")["errors"][0]["pointer"] == "/metadata"


def test_what_is_nested_without_end_is_refused(own: Program) -> None:
    for body in (
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"url": "https://x/", "metadata": {"a":' + "[" * 5000 + "]" * 5000 + "}}",
    ):
        assert own.client.post(SCANS, body, content_type="application/json").status_code in (400, 422)


def test_no_file_and_no_multipart_are_refused(own: Program) -> None:
    error(own.post(SCANS, {}), 422, "validation_error")
    answer = own.client.post(SCANS, "nonsense", content_type="text/plain")
    error(answer, 415, "unsupported_media")


def test_who_has_not_accepted_the_rules_hands_nothing_in(own: Program, uploader: User) -> None:
    Acceptance.objects.all().delete()
    error(own.submit(), 403, "rules_not_accepted")
    assert own.get(SCANS).status_code == 200


def test_without_a_key_nothing_opens(client: Client, own: Program) -> None:
    one = own.submit().json()["id"]
    for where in (SCANS, f"{SCANS}/{one}", f"{SCANS}/{one}/assessments", "/api/v1/bundles"):
        error(client.get(where), 401, "unauthorized")
    error(client.post(SCANS, {}), 401, "unauthorized")
    error(client.delete(f"{SCANS}/{one}"), 401, "unauthorized")


def test_a_scope_opens_its_verbs_only(program: Callable[..., Program], uploader: User, bundles: Any) -> None:
    reads, writes = program(uploader, "scans:read"), program(uploader, "scans:write")
    error(reads.submit(), 403, "forbidden")
    where = writes.submit()["Location"]
    error(writes.get(where), 403, "forbidden")
    assert reads.get(where).status_code == 200
    error(reads.delete(where), 403, "forbidden")


def test_another_persons_scan_is_not_there(
    own: Program, program: Callable[..., Program], stranger: User, moderator: User
) -> None:
    where = own.submit()["Location"]
    others = program(stranger)
    for path in (where, f"{where}/assessments", f"{where}/decisions", f"{where}/appeals"):
        error(others.get(path), 404, "not_found")
    for path in (f"{where}/cancel", f"{where}/feedback", f"{where}/appeals"):
        error(others.post(path, {"text": "x", "label": "other"}), 404, "not_found")
    error(others.delete(where), 404, "not_found")
    assert others.get(SCANS).json()["results"] == []
    assert program(moderator).get(where).status_code == 404, "without the desk's scope a key sees its person's own"
    desk = program(moderator, "scans:read", "review:read")
    assert desk.get(where).status_code == 200
    assert error(own.get(f"{SCANS}/{uuid.uuid4()}"), 404, "not_found")


def test_deleting_leaves_a_tombstone(own: Program) -> None:
    where = own.submit()["Location"]
    assert own.delete(where).status_code == 202
    said = error(own.get(where), 410, "gone")["receipt"]
    assert said["status"] == "deleted"
    assert said["media"]["deleted_at"]
    assert len(said["media"]["sha256"]) == 64
    assert own.get(SCANS).json()["results"] == [said], "lists tell of it, too"
    error(own.delete(where), 410, "gone")
    for part in ("assessments", "frames", "faces", "artifacts", "decisions", "appeals", "report"):
        error(own.get(f"{where}/{part}"), 410, "gone")
    error(own.post(f"{where}/appeals", {"text": "x"}), 410, "gone")
    error(own.post(f"{where}/feedback", {"label": "missed", "comment": ""}), 410, "gone")


def test_a_program_reads_when_the_trash_is_purged_and_deletes_from_it_at_once(
    own: Program, uploader: User, as_user: Callable[..., Client]
) -> None:
    where = own.submit()["Location"]
    as_user(uploader).post(f"/scans/{where.rpartition('/')[2]}/delete/")
    assert own.get(SCANS).json()["results"] == []
    said = own.get(where).json()
    assert said["purge_at"]
    assert said["status"] == "analysed"
    assert own.delete(where).status_code == 202
    assert error(own.get(where), 410, "gone")["receipt"]["purge_at"] is None


# -- People ------------------------------------------------------------------------------------------


def test_a_decision_counts_when_it_has_settled_and_names_nobody(
    own: Program, moderator: User, uploader: User, settings: Any
) -> None:
    where = own.submit()["Location"]
    scan = Scan.objects.get()
    item = ReviewItem.objects.open().filter(scan=scan).first() or queue.add(
        scan, moderator, ReviewQueue.objects.get(slug="review")
    )
    assert own.get(where).json()["review"]["state"] == "pending"
    queue.claim(item, moderator)
    assert own.get(where).json()["review"]["state"] == "claimed"
    policy = Policy.objects.create(code="faces", title="Faces", text="x")
    decisions.decide(item, moderator, Label.MANIPULATED, policy=policy, public_note="A seam.")
    assert own.get(where).json()["effective"]["source"] == "model"
    assert own.get(f"{where}/decisions").json()["results"] == []
    scan.decisions.update(settles_at=timezone.now())
    said = own.get(where)
    assert said.json()["effective"]["outcome"] == "likely_manipulated"
    assert (said.json()["effective"]["source"], said.json()["review"]["state"]) == ("human", "decided")
    one = own.get(f"{where}/decisions").json()["results"][0]
    assert (one["label"], one["policy"], one["note_public"], one["status"]) == (
        "manipulated", "faces", "A seam.", "final",
    )  # fmt: skip
    assert moderator.email not in said.content.decode() + json.dumps(one)
    appealed = own.post(f"{where}/appeals", {"text": "It is my own face."})
    assert appealed.status_code == 201
    assert own.get(where).json()["review"]["state"] == "appealed"
    error(own.post(f"{where}/appeals", {"text": "Again."}), 409, "no_appeal")
    error(own.post(f"{where}/appeals", {"text": " "}), 422, "validation_error")
    waiting = own.get(f"{where}/appeals").json()["results"][0]
    assert (waiting["status"], waiting["outcome"], waiting["answer"]) == ("open", None, None)


def test_feedback_brings_it_to_people(own: Program) -> None:
    where = own.submit()["Location"]
    assert own.post(f"{where}/feedback", {"label": "false_alarm", "comment": "Mine."}).status_code == 201
    assert Reason.FEEDBACK in own.get(where).json()["review"]["reason_codes"]
    error(own.post(f"{where}/feedback", {"label": "ugly"}), 422, "validation_error")
    error(own.post(f"{where}/feedback", {"label": ["x"]}), 422, "validation_error")


# -- Limits ------------------------------------------------------------------------------------------


def test_limits_are_told_on_every_answer_and_held(own: Program, settings: Any) -> None:
    settings.LIMITS = {**settings.LIMITS, "upload": {"visitor": "2/1m"}}
    for left in (1, 0):
        answer = own.submit()
        assert answer["RateLimit"].startswith(f'"upload";r={left};t=')
        assert answer["RateLimit-Policy"] == '"upload";q=2;w=60'
        assert answer["X-RateLimit-Remaining"] == str(left)
    answer = own.submit()
    error(answer, 429, "rate_limited")
    assert int(answer["Retry-After"]) >= 1
    assert own.get(SCANS)["RateLimit-Policy"].startswith('"read";')


def test_what_can_t_be_counted_is_not_taken_and_reading_goes_on(own: Program, redis_away: None) -> None:
    own.client.counted = False
    answer = own.submit()
    error(answer, 503, "unavailable")
    assert int(answer["Retry-After"]) >= 1
    assert own.get(SCANS).status_code == 200


@pytest.mark.parametrize("wait", ["-1", "x", "nan", "inf"])
def test_a_wait_that_is_none_is_refused(wait: str, own: Program) -> None:
    error(own.get(own.submit(judged=False)["Location"], wait=wait), 422, "validation_error")


def test_waiting_ends_with_the_time_and_only_some_may(own: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    from scans.api import waiting

    where = own.submit(judged=False)["Location"]
    assert own.get(where, wait="0.2").json()["status"] == "queued"
    monkeypatch.setattr(waiting._parked, "acquire", lambda blocking: False)
    assert own.get(where, wait="30").json()["status"] == "queued", "at once"


def test_cards_are_told_as_they_are(own: Program) -> None:
    assert [one["label"] for one in own.get("/api/v1/bundles").json()["results"]] == ["bright/1"]


def test_a_session_needs_its_token(as_user: Callable[..., Client], uploader: User, person: Callable[..., User]) -> None:
    signed_in = as_user(uploader)
    assert signed_in.get(SCANS).status_code == 200
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(person("other", Role.UPLOADER))
    assert strict.post(SCANS, {}).status_code == 403


@pytest.mark.parametrize(("word", "means"), [("False", False), ("True", True), ("false", False), ("on", True)])
def test_a_client_made_of_the_description_says_true_and_false_as_its_language_does(
    word: str, means: bool, own: Program
) -> None:
    scan = own.submit(consents_to_training=word)
    assert scan.status_code in (200, 202), scan.json()
    assert Scan.objects.get(pk=scan.json()["id"]).consents_to_training is means
    error(own.submit(consents_to_training="perhaps"), 422, "validation_error")
