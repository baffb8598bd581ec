"""Evidence, batches, desk, usage: each resource by its own door. Every answer is held against the description."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, User
from accounts.roles import Role
from scans.models import (
    Artifact,
    Batch,
    Decision,
    Event,
    Label,
    Policy,
    ReviewItem,
    ReviewQueue,
    Scan,
)
from scans.review import decisions, queue
from scans.updates import change_feed

from ..conftest import portrait
from .conftest import SCANS, Program
from .test_listing import make
from .test_scans import error

pytestmark = pytest.mark.django_db
V1 = "/api/v1"


# -- Evidence ------------------------------------------------------------------------------------------


def test_faces_and_pictures_are_told_in_pages(own: Program) -> None:
    where = own.submit()["Location"]
    (face,) = own.get(f"{where}/faces").json()["results"]
    assert len(face["landmarks"]) == 5
    assert face["box"][2] > face["box"][0]
    first = own.get(f"{where}/artifacts", limit=1).json()
    kinds = {one["kind"] for one in own.get(f"{where}/artifacts").json()["results"]}
    assert {"preview", "portrait"} <= kinds
    seen, onward = [first["results"][0]["id"]], first["next"]
    while onward:
        part = own.get(onward.removeprefix("http://testserver")).json()
        seen += [one["id"] for one in part["results"]]
        onward = part["next"]
    assert sorted(seen) == sorted(str(one.pk) for one in Artifact.objects.all())
    assert own.get(f"{where}/frames").json()["results"] == [] or own.get(f"{where}/frames").status_code == 200


def test_nobody_between_keeps_what_a_key_reads(own: Program) -> None:
    where = own.submit()["Location"]
    for address in ("/api/v1/scans", where, f"{where}/faces", "/api/v1/me"):
        assert own.get(address)["Cache-Control"] == "private, no-store", address


def test_an_address_of_a_picture_works_without_a_key_and_ends(own: Program, client: Client, time_at: Any) -> None:
    where = own.submit()["Location"]
    address = own.get(f"{where}/artifacts").json()["results"][0]["url"].removeprefix("http://testserver")
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-store"
    assert b"".join(answer)[:2] in (b"\xff\xd8", b"\x89P")
    error(client.get(f"{address}x"), 401, "unauthorized")
    with time_at(timezone.now() + dt.timedelta(minutes=6)):
        error(client.get(address), 401, "unauthorized")


@pytest.fixture
def time_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[dt.datetime], Any]:
    from contextlib import contextmanager

    @contextmanager
    def at(moment: dt.datetime) -> Any:
        with monkeypatch.context() as patched:
            patched.setattr(signing.time, "time", moment.timestamp)
            yield

    return at


def test_a_report_is_issued_and_can_be_checked_by_anybody(own: Program, client: Client) -> None:
    where = own.submit()["Location"]
    pdf = b"".join(own.get(f"{where}/report"))
    assert pdf.startswith(b"%PDF")
    assert b"".join(own.get(f"{where}/report")) == pdf, "nothing has changed: the same one"
    check = f"{V1}/reports/verify"
    said = client.post(check, {"file": SimpleUploadedFile("r.pdf", pdf)}).json()
    assert said["standing"] == "registered"
    assert set(said) == {"object", "standing", "code", "made_at"}
    assert client.post(check, {"code": said["code"].lower()}, content_type="application/json").json() == said
    assert (
        client.post(check, {"code": "AAAA-BBBB-CCCC"}, content_type="application/json").json()["standing"] == "unknown"
    )
    error(client.post(check, {}, content_type="application/json"), 422, "validation_error")
    assert own.get(f"{V1}/reports/{said['code']}").json() == said
    error(own.get(f"{V1}/reports/AAAA-BBBB-CCCC"), 404, "not_found")


def test_it_is_judged_again_by_the_panel_of_today(own: Program) -> None:
    where = own.submit()["Location"]
    answer = own.post(f"{where}/rescore")
    assert answer.status_code == 202
    both = own.get(f"{where}/assessments").json()["results"]
    assert len(both) == 2
    assert both[0]["id"] > both[1]["id"]
    waits = own.submit(portrait(300), judged=False)["Location"]
    error(own.post(f"{waits}/rescore"), 409, "wrong_state")


# -- The site ------------------------------------------------------------------------------------------


def test_what_can_be_judged_and_what_was_measured(own: Program) -> None:
    said = own.get(f"{V1}/capabilities").json()
    assert "jpeg" in said["image_formats"]
    assert "mp4" in said["video_formats"]
    assert said["submit_by_url"] is False
    assert "likely_manipulated" in said["sandbox_scenarios"]
    assert [one["medium"] for one in said["media"]] == ["photo", "film"]
    assert said["media"][0]["not_heard"] == []


def test_policies_tell_what_they_are_part_of(own: Program) -> None:
    Policy.objects.all().delete()
    whole = Policy.objects.create(code="a", title="A", text="x")
    Policy.objects.create(code="b", title="B", text="y", parent=whole)
    Policy.objects.create(code="old", title="Old", text="z", active=False)
    said = own.get(f"{V1}/policies").json()["results"]
    assert [(one["code"], one["parent"]) for one in said] == [("a", None), ("b", "a")]


def test_uploaders_programs_read_what_a_policy_covers_and_reviewers_programs_how_it_is_applied(
    own: Program, desk: Program
) -> None:
    Policy.objects.all().delete()
    text, german = "Covers voices.\n\nUsual action: label.", "Gilt für Stimmen.\n\nÜbliche Maßnahme: kennzeichnen."
    Policy.objects.create(code="a", title="A", title_de="A", text=text, text_de=german)
    read = [program.get(f"{V1}/policies").json()["results"][0] for program in (own, desk)]
    assert [policy["text"] for policy in read] == ["Covers voices.", text]
    assert [policy["translations"]["de"]["text"] for policy in read] == ["Gilt für Stimmen.", german]


def test_usage_tells_what_was_used(own: Program) -> None:
    size = own.submit().json()["media"]["bytes"]
    said = own.get(f"{V1}/usage").json()
    assert said["storage"]["used_bytes"] == size
    assert said["days"] == [{"day": f"{timezone.now():%Y-%m-%d}", "scans": 1, "bytes": size}]
    rates = {one["kind"]: one for one in said["rates"]}
    assert rates["upload"]["used"] == 1
    assert rates["read"]["used"] >= 1


def test_limits_of_a_key_are_set_in_the_admin(
    own: Program, as_user: Callable[..., Client], person: Callable[..., User]
) -> None:
    key = ApiKey.objects.get()
    admin = as_user(person("boss", Role.ADMIN))
    page = f"/admin/accounts/apikey/{key.pk}/change/"
    assert admin.post(page, {"upload_limit": "lots", "read_limit": ""}).status_code == 200
    assert admin.post(page, {"upload_limit": "2/1h", "read_limit": "50/1m"}).status_code == 302
    assert own.submit().headers["RateLimit-Policy"] == '"upload";q=2;w=3600'
    assert own.get(SCANS).headers["RateLimit-Policy"] == '"read";q=50;w=60'
    own.submit(portrait(300))
    answer = own.submit(portrait(310))
    error(answer, 429, "rate_limited")
    assert int(answer["Retry-After"]) >= 1
    key.refresh_from_db()
    assert key.secret_sha256, "nothing else of it was touched"
    auditor = as_user(person("auditor2", Role.AUDITOR))
    assert auditor.post(page, {"upload_limit": "9/1s", "read_limit": ""}).status_code == 403


def test_a_lowered_limit_still_says_when_to_go_on(own: Program) -> None:
    for limit in ("5/1m", "2/1m", "1/1m"):
        ApiKey.objects.update(read_limit=limit)
        answers = [own.get(SCANS) for _ask in range(6)]
        error(answers[-1], 429, "rate_limited")
        assert int(answers[-1]["Retry-After"]) >= 1
        assert answers[-1]["RateLimit"].startswith('"read";r=0;t=')


def test_events_tell_the_history_without_names(own: Program, program: Callable[..., Program], stranger: User) -> None:
    scan = own.submit().json()["id"]
    said = own.get(f"{V1}/events", scan=scan).json()["results"]
    assert [one["kind"] for one in said][:3] == ["queued", "analysing", "analysed"]
    assert {one["by"] for one in said} == {"a person", "the site"}
    assert program(stranger).get(f"{V1}/events", scan=scan).json()["results"] == []


def test_the_description_is_there_without_a_key(client: Client) -> None:
    answer = client.get(f"{V1}/openapi.json")
    assert json.loads(answer.content)["openapi"].startswith("3.1")


# -- Lists ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["scans", "batches", "queue-items", "events", "changes", "webhook-deliveries"])
def test_a_list_asks_no_more_for_many_than_for_few(
    path: str, own: Program, desk: Program, program: Callable[..., Program], person: Callable[..., User],
    moderator: User,
) -> None:  # fmt: skip
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    hooked = program(person("hooked", Role.INTEGRATOR), "scans:read", "scans:write", "webhooks")
    who = {"queue-items": desk, "webhook-deliveries": hooked}.get(path, own)
    counts = []
    for size in (200, 210, 220, 230):
        maker = hooked if path == "webhook-deliveries" else own
        if path == "batches":
            maker.batch([("a.jpg", portrait(size))])
        else:
            scan = Scan.objects.get(pk=maker.submit(portrait(size)).json()["id"])
            queue.add(scan, moderator, ReviewQueue.objects.get(slug="review"))
        if path == "webhook-deliveries":
            from scans.models import Endpoint
            from scans.updates.webhooks import outbox

            outbox.ping(Endpoint.objects.get_or_create(owner=scan.owner, url="https://x.example.org/")[0])
        change_feed.publish()
        with CaptureQueriesContext(connection) as asked:
            answer = who.get(f"{V1}/{path}")
        assert answer.json()["results"]
        counts.append(len(asked))
    assert len(set(counts[1:])) == 1, counts


@pytest.mark.parametrize("said", ["2893-06-27T16:07:57+18:49", "2026-03-01T12:00:00-23:59", "0001-01-01T00:00:00Z"])
def test_a_time_in_any_zone_is_understood(said: str, own: Program) -> None:
    assert own.get(SCANS, created_before=said).status_code == 200


@pytest.mark.parametrize("path", ["scans", "events", "queue-items", "batches"])
def test_pages_lead_forth_and_back(path: str, own: Program, desk: Program, moderator: User, uploader: User) -> None:
    scans = make(uploader, 7)
    for scan in scans:
        Event.objects.create(scan=scan, kind="queued")
        queue.add(scan, moderator, ReviewQueue.objects.get(slug="review"))
        Batch.objects.create(owner=uploader)
    who = desk if path == "queue-items" else own
    pages = [who.get(f"{V1}/{path}", limit=3).json()]
    while pages[-1]["next"]:
        pages.append(who.get(pages[-1]["next"].removeprefix("http://testserver")).json())
    assert len(pages) == 3
    back = [pages[-1]]
    while back[-1]["previous"]:
        back.append(who.get(back[-1]["previous"].removeprefix("http://testserver")).json())
    assert [page["results"] for page in back[::-1]] == [page["results"] for page in pages]
    assert who.get(back[-1]["next"].removeprefix("http://testserver")).json()["results"] == pages[1]["results"]


@pytest.mark.parametrize("state", ["none", "pending", "claimed", "held", "decided", "appealed"])
def test_filters_say_the_same_as_what_is_told(
    state: str, own: Program, moderator: User, uploader: User, person: Callable[..., User]
) -> None:
    from scans.review import appeals

    policy = Policy.objects.create(code="faces", title="Faces", text="x")
    review = ReviewQueue.objects.get(slug="review")
    scans = [Scan.objects.get(pk=own.submit(portrait(200 + 10 * n)).json()["id"]) for n in range(6)]
    ReviewItem.objects.all().delete()
    items = [queue.add(scan, moderator, review) for scan in scans[1:]]
    queue.claim(items[1], moderator)
    decisions.decide(items[2], moderator, Label.MANIPULATED, policy=policy, action="remove")
    for item in items[3:5]:
        decisions.decide(item, moderator, Label.MANIPULATED, policy=policy)
    Decision.objects.update(settles_at=timezone.now())
    appeals.make(Decision.objects.get(scan=scans[5]), uploader, "No.")
    told = {one["id"]: one["review"]["state"] for one in own.get(SCANS).json()["results"]}
    assert sorted(told.values()) == ["appealed", "claimed", "decided", "held", "none", "pending"]
    found = own.get(SCANS, review_state=state).json()["results"]
    assert [one["id"] for one in found] == [pk for pk, said in told.items() if said == state]
    for outcome in ("likely_manipulated", "inconclusive", "little_evidence"):
        listed = {one["id"] for one in own.get(SCANS, effective=outcome).json()["results"]}
        everything = own.get(SCANS).json()["results"]
        assert listed == {one["id"] for one in everything if one["effective"]["outcome"] == outcome}
