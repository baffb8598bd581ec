"""Webhook addresses at the desk: added, tested, switched off and on, and every message can be sent again."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from scans.models import Delivery, Endpoint, Event

from ..api.receiver import Receiver, listening

pytestmark = pytest.mark.django_db
LIST, LOG = "/admin/scans/endpoint/", "/admin/scans/delivery/"


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.PRIVATE_TARGETS = ["127.0.0.1/32"]
    with listening() as receiver:
        yield receiver


@pytest.fixture
def endpoint(receiver: Receiver, uploader: User) -> Endpoint:
    made: Endpoint = Endpoint.objects.create(owner=uploader, url=receiver.url)
    return made


@pytest.fixture
def act(django_capture_on_commit_callbacks: Callable[..., Any]) -> Callable[..., str]:
    def post(client: Client, where: str, action: str, row: Any) -> str:
        with django_capture_on_commit_callbacks(execute=True):
            answer = client.post(where, {"action": action, "_selected_action": [str(row.pk)]}, follow=True)
        return str(answer.content.decode())

    return post


def test_an_admin_adds_an_address_and_sees_its_secret_once(
    admin: User, uploader: User, receiver: Receiver, as_user: Callable[..., Client]
) -> None:
    client = as_user(admin)
    form = {"owner": uploader.email, "url": receiver.url, "description": "Newsroom", "kinds": ["outcome.changed"]}
    shown = client.post(f"{LIST}add/", form)
    made = Endpoint.objects.get()
    assert (made.owner, made.kinds) == (uploader, ["outcome.changed"])
    assert made.secret in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    for where in (LIST, f"{LIST}{made.pk}/change/"):
        assert made.secret not in client.get(where).content.decode()
    assert Event.objects.filter(kind="setting_changed", actor=admin, content__verb="added").count() == 1


def test_an_address_inside_the_network_is_refused(admin: User, as_user: Callable[..., Client]) -> None:
    form = {"owner": admin.email, "url": "https://127.0.0.1/hook"}
    page = as_user(admin).post(f"{LIST}add/", form).content.decode()
    assert "must be an https address on the internet" in page
    assert not Endpoint.objects.exists()


def test_a_test_message_arrives_and_stands_in_the_log(
    admin: User, endpoint: Endpoint, receiver: Receiver, as_user: Callable[..., Client], act: Callable[..., str]
) -> None:
    client = as_user(admin)
    assert "1 test message is on its way" in act(client, LIST, "send_test", endpoint)
    assert [message["type"] for message in receiver.messages] == ["ping"]
    log = client.get(f"{LOG}?endpoint__id__exact={endpoint.pk}").content.decode()
    assert "Delivered" in log
    assert "1 message will be sent again" in act(client, LOG, "send_again", Delivery.objects.get())
    assert len(receiver.messages) == 2
    assert receiver.messages[0] == receiver.messages[1], "the same message, so that it is known to have come before"


def test_an_address_is_switched_off_and_on(
    admin: User, endpoint: Endpoint, receiver: Receiver, as_user: Callable[..., Client], act: Callable[..., str]
) -> None:
    client = as_user(admin)
    act(client, LIST, "switch_off", endpoint)
    assert endpoint.url in client.get(f"{LIST}?status=disabled").content.decode()
    assert endpoint.url not in client.get(f"{LIST}?status=working").content.decode()
    assert "0 test messages" in act(client, LIST, "send_test", endpoint)
    assert receiver.messages == []
    assert "1 address enabled" in act(client, LIST, "switch_on", endpoint)
    endpoint.refresh_from_db()
    assert (endpoint.disabled_at, endpoint.disabled_why) == (None, "")
    assert "0 addresses enabled" in act(client, LIST, "switch_on", endpoint)


def test_an_auditor_reads_the_log_and_sends_nothing(
    auditor: User, lead: User, endpoint: Endpoint, receiver: Receiver, as_user: Callable[..., Client],
    act: Callable[..., str],
) -> None:  # fmt: skip
    client = as_user(auditor)
    page = client.get(LIST).content.decode()
    assert endpoint.url in page
    assert 'value="send_test"' not in page
    for action in ("send_test", "switch_off", "switch_on"):
        act(client, LIST, action, endpoint)
    assert client.post(f"{LIST}add/", {"owner": auditor.email, "url": endpoint.url}).status_code == 403
    assert as_user(lead).get(LIST).status_code == 403
    assert receiver.messages == []
    assert not Delivery.objects.exists()
    endpoint.refresh_from_db()
    assert endpoint.disabled_at is None
