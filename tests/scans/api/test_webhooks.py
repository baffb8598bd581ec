"""Telling programs: signed so that others can verify it, again until it is taken, never to where it must not go."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from accounts.models import User
from accounts.roles import Role
from scans import tasks
from scans.evidence import retention
from scans.models import Delivery, Endpoint, Label, Policy, ReviewItem, ReviewQueue, Scan
from scans.models.webhook import KEPT
from scans.review import appeals, decisions, queue
from scans.updates import change_feed, webhooks

from ..conftest import portrait
from .conftest import Program
from .receiver import Receiver

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_rules")]
ENDPOINTS, DELIVERIES = "/api/v1/webhook-endpoints", "/api/v1/webhook-deliveries"


def endpoint(program: Program, receiver: Receiver, **fields: Any) -> dict[str, Any]:
    answer = program.post(ENDPOINTS, {"url": receiver.url, **fields})
    assert answer.status_code == 201
    made: dict[str, Any] = answer.json()
    return made


def tell() -> None:
    change_feed.publish()
    webhooks.send_due()


def test_what_is_sent_is_verified_by_software_that_knows_nothing_of_us(hooked: Program, receiver: Receiver) -> None:
    made = endpoint(hooked, receiver)
    scan = hooked.submit(external_id="order 7").json()
    tell()
    (headers, body), *more = receiver.got
    assert not more
    said = Webhook(made["secret"]).verify(body, headers)
    assert said["type"] == "scan.completed"
    assert said["id"] == headers["webhook-id"]
    assert said["data"]["scan_id"] == scan["id"]
    assert said["data"]["external_id"] == "order 7"
    assert said["data"]["effective"]["source"] == "model"
    with pytest.raises(WebhookVerificationError):
        Webhook(made["secret"]).verify(body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(made["secret"]).verify(body, {**headers, "webhook-timestamp": "1700000000"})
    log = hooked.get(DELIVERIES).json()["results"]
    assert [(one["state"], one["message_id"], len(one["attempts"])) for one in log] == [
        ("delivered", headers["webhook-id"], 1)
    ]
    assert json.loads(log[0]["body"]) == said


def test_the_secret_is_shown_once_and_two_sign_while_it_changes(hooked: Program, receiver: Receiver) -> None:
    made = endpoint(hooked, receiver)
    where = f"{ENDPOINTS}/{made['id']}"
    assert made["secret"].startswith("whsec_")
    assert "secret" not in hooked.get(where).json()
    assert "secret" not in hooked.get(ENDPOINTS).json()["results"][0]
    new = hooked.post(f"{where}/rotate-secret").json()["secret"]
    hooked.post(f"{where}/ping")
    webhooks.send_due()
    headers, body = receiver.got[-1]
    for secret in (made["secret"], new):
        assert Webhook(secret).verify(body, headers)["type"] == "ping"
    Endpoint.objects.update(old_secret_until=timezone.now())
    hooked.post(f"{where}/ping")
    webhooks.send_due()
    headers, body = receiver.got[-1]
    assert Webhook(new).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(made["secret"]).verify(body, headers)


def test_an_address_hears_of_what_it_asked_for_and_of_its_owner_s_scans_only(
    hooked: Program, receiver: Receiver, program: Callable[..., Program], uploader: User
) -> None:
    endpoint(hooked, receiver, kinds=["scan.cancelled"])
    hooked.submit()
    program(uploader).submit()
    hooked.post(f"{hooked.submit(portrait(300), judged=False)['Location']}/cancel")
    tell()
    assert [one["type"] for one in receiver.messages] == ["scan.cancelled"]


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1/", "https://10.0.0.1/x", "https://localhost/", "http://example.org/", "x", "https://"]
)
def test_where_nothing_may_be_sent_is_refused_when_it_is_said(address: str, hooked: Program) -> None:
    answer = hooked.post(ENDPOINTS, {"url": address})
    assert answer.status_code == 422
    assert answer.json()["code"] == "url_refused"
    assert not Endpoint.objects.exists()


def test_and_again_when_it_is_sent(hooked: Program, receiver: Receiver, settings: Any) -> None:
    endpoint(hooked, receiver)
    hooked.submit()
    settings.PRIVATE_TARGETS = []
    tell()
    assert receiver.got == []
    log = hooked.get(DELIVERIES).json()["results"][0]
    assert log["attempts"][0]["failure"] == "private_address"
    assert log["state"] == "pending"


def test_all_that_is_told_of_a_scan_s_life(hooked: Program, receiver: Receiver, moderator: User, lead: User) -> None:
    endpoint(hooked, receiver)
    scan = Scan.objects.get(pk=hooked.submit().json()["id"])
    tell()
    policy = Policy.objects.create(code="faces", title="Faces", text="x")
    item = queue.add(scan, moderator, ReviewQueue.objects.get(slug="review"))

    def decide(person: User, label: Label, item: ReviewItem) -> Any:
        made = decisions.decide(item, person, label, policy=policy, public_note="Looked at it.")
        scan.decisions.update(settles_at=timezone.now())
        tasks.tell_settled()
        return made

    first = decide(moderator, Label.MANIPULATED, item)
    tell()
    appeals.make(first, hooked_owner(hooked), "No.")
    tell()
    decide(lead, Label.NOT_MANIPULATED, ReviewItem.objects.open().get(scan=scan))
    tell()
    hooked.delete(f"/api/v1/scans/{scan.pk}")
    tell()
    kinds = [one["type"] for one in sorted(receiver.messages, key=lambda one: one["created_at"])]
    for kind in ("scan.completed", "scan.review_required", "decision.final", "appeal.opened", "appeal.decided"):
        assert kinds.count(kind) == (2 if kind == "decision.final" else 1), kinds
    assert kinds.count("outcome.changed") == 2
    assert kinds[-1] == "media.deleted"


def hooked_owner(program: Program) -> User:
    from accounts.models import ApiKey

    return ApiKey.objects.latest("created_at").user


def test_a_batch_is_told_of_once_all_of_it_is_through(hooked: Program, receiver: Receiver) -> None:
    endpoint(hooked, receiver, kinds=["batch.completed"])
    made = hooked.batch([("a.jpg", portrait(200)), ("b.jpg", portrait(210)), ("c.txt", b"no picture")])
    assert made.status_code == 202
    tell()
    tell()
    assert [one["data"]["batch_id"] for one in receiver.messages] == [made.json()["id"]]
    counts = receiver.messages[0]["data"]["counts"]
    assert (counts["total"], counts["analysed"], counts["refused"]) == (3, 2, 1)
    assert hooked.get("/api/v1/changes").json()["results"][-1]["type"] == "batch.completed"


def test_whoever_runs_the_site_sees_them_and_switches_one_off(
    hooked: Program, receiver: Receiver, as_user: Callable[..., Client], person: Callable[..., User]
) -> None:
    made = endpoint(hooked, receiver)
    hooked.post(f"{ENDPOINTS}/{made['id']}/ping")
    webhooks.send_due()
    admin, auditor = as_user(person("boss", Role.ADMIN)), as_user(person("auditor", Role.AUDITOR))
    for client in (admin, auditor):
        assert receiver.url in client.get("/admin/scans/endpoint/").content.decode()
        page = client.get(f"/admin/scans/endpoint/{made['id']}/change/").content.decode()
        assert made["secret"] not in page
        assert "204" in client.get(f"/admin/scans/delivery/{Delivery.objects.get().pk}/change/").content.decode()
    form = {"action": "switch_off", "_selected_action": made["id"]}
    auditor.post("/admin/scans/endpoint/", form)
    assert hooked.get(f"{ENDPOINTS}/{made['id']}").json()["enabled"]
    assert admin.post("/admin/scans/endpoint/", form).status_code == 302
    assert hooked.get(f"{ENDPOINTS}/{made['id']}").json()["disabled_why"] == "operator"
    assert hooked.patch(f"{ENDPOINTS}/{made['id']}", {"enabled": True}).status_code == 409


def test_whoever_leaves_takes_them_along(hooked: Program, receiver: Receiver, integrator: User) -> None:
    endpoint(hooked, receiver)
    assert receiver.url in json.dumps(dict(retention.holder.export(integrator))["webhooks.json"], default=str)
    retention.holder.erase(integrator)
    assert not Endpoint.objects.exists()


def test_the_log_is_kept_for_thirty_days(hooked: Program, receiver: Receiver) -> None:
    endpoint(hooked, receiver)
    hooked.submit()
    tell()
    tasks.forget_unfinished()
    assert Delivery.objects.count() == 1
    Delivery.objects.update(created_at=timezone.now() - KEPT - dt.timedelta(minutes=1))
    tasks.forget_unfinished()
    assert not Delivery.objects.exists()


def test_others_addresses_are_as_absent_as_none(
    hooked: Program, receiver: Receiver, program: Callable[..., Program], person: Callable[..., User]
) -> None:
    made = endpoint(hooked, receiver)
    hooked.post(f"{ENDPOINTS}/{made['id']}/ping")
    delivery = Delivery.objects.get()
    other = program(person("other", Role.INTEGRATOR), "webhooks")
    assert other.get(ENDPOINTS).json()["results"] == []
    assert other.get(DELIVERIES).json()["results"] == []
    for answer in (
        other.get(f"{ENDPOINTS}/{made['id']}"),
        other.patch(f"{ENDPOINTS}/{made['id']}", {"enabled": False}),
        other.delete(f"{ENDPOINTS}/{made['id']}"),
        other.post(f"{ENDPOINTS}/{made['id']}/ping"),
        other.post(f"{ENDPOINTS}/{made['id']}/rotate-secret"),
        other.get(f"{DELIVERIES}/{delivery.pk}"),
        other.post(f"{DELIVERIES}/{delivery.pk}/redeliver"),
    ):
        assert answer.status_code == 404
    assert hooked.delete(f"{ENDPOINTS}/{made['id']}").status_code == 204
    assert not Delivery.objects.exists()
