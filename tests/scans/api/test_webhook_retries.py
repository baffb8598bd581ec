"""Webhooks that are not taken: sent again, given up, switched off, and never sent twice."""

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.db import connections
from django.utils import timezone

from accounts.models import User
from scans.models import Delivery, Endpoint
from scans.updates import change_feed, webhooks
from scans.updates.webhooks.sending import PAUSES

from ..conftest import portrait
from .conftest import Program
from .receiver import Receiver, listening
from .test_webhooks import DELIVERIES, ENDPOINTS, endpoint, tell

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_rules")]


def later(**by: int) -> None:
    """As if so much time had passed for what waits."""
    for row in Delivery.objects.filter(state="pending"):
        Delivery.objects.filter(pk=row.pk).update(next_at=row.next_at - dt.timedelta(**by))


@pytest.mark.parametrize("first", [500, 404, "drop", "rubbish", "redirect", 301])
def test_what_is_not_taken_is_sent_again_under_the_same_id(
    first: Any, hooked: Program, receiver: Receiver, integrator: User
) -> None:
    endpoint(hooked, receiver)
    receiver.answers = [first]
    hooked.submit()
    tell()
    one = Delivery.objects.get()
    assert (one.state, one.tries) == ("pending", 1)
    assert Endpoint.objects.get().failing_since is not None
    webhooks.send_due()
    assert len(receiver.got) == 1, "not before its time"
    later(seconds=5)
    webhooks.send_due()
    assert len(receiver.got) == 2
    assert receiver.got[0][0]["webhook-id"] == receiver.got[1][0]["webhook-id"]
    assert receiver.got[0][1] == receiver.got[1][1]
    assert receiver.elsewhere == [], "redirects are not followed"
    one.refresh_from_db()
    assert one.state == "delivered"
    assert Endpoint.objects.get().failing_since is None


def test_it_is_given_up_after_the_last_pause_and_can_be_sent_again_by_hand(hooked: Program, receiver: Receiver) -> None:
    endpoint(hooked, receiver)
    hooked.submit()
    receiver.answers = [503] * (len(PAUSES) + 1)
    change_feed.publish()
    waits = []
    for _try in range(len(PAUSES) + 1):
        before = timezone.now()
        webhooks.send_due()
        one = Delivery.objects.get()
        if one.next_at:
            waits.append(round((one.next_at - before).total_seconds()))
        later(hours=11)
    assert waits == [5, 300, 1800, 7200, 18000, 36000, 36000]
    assert one.state == "dead"
    assert len(receiver.got) == 8
    log = hooked.get(f"{DELIVERIES}/{one.pk}").json()
    assert [tried["status"] for tried in log["attempts"]] == [503] * 8
    again = hooked.post(f"{DELIVERIES}/{one.pk}/redeliver")
    assert again.status_code == 202
    webhooks.send_due()
    assert hooked.get(f"{DELIVERIES}/{one.pk}").json()["state"] == "delivered"
    assert len({headers["webhook-id"] for headers, _body in receiver.got}) == 1


def test_who_answers_gone_is_switched_off_and_its_owner_told(
    hooked: Program, receiver: Receiver, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    gone = endpoint(hooked, receiver)
    other = endpoint(hooked, receiver, kinds=["endpoint.disabled"])
    hooked.submit()
    receiver.answers = [410]
    with django_capture_on_commit_callbacks(execute=True):
        tell()
    said = hooked.get(f"{ENDPOINTS}/{gone['id']}").json()
    assert (said["enabled"], said["disabled_why"]) == (False, "gone")
    assert len(mail.outbox) == 1
    assert receiver.url in mail.outbox[0].body
    webhooks.send_due()
    told = receiver.messages[-1]
    assert (told["type"], told["data"]["endpoint_id"]) == ("endpoint.disabled", gone["id"])
    assert hooked.get(f"{ENDPOINTS}/{other['id']}").json()["enabled"]
    hooked.submit(portrait(300))
    tell()
    assert len(receiver.got) == 2, "nothing more is sent there"
    assert hooked.post(f"{ENDPOINTS}/{gone['id']}/ping").status_code == 409
    assert hooked.patch(f"{ENDPOINTS}/{gone['id']}", {"enabled": True}).json()["enabled"]
    hooked.submit(portrait(310))
    tell()
    assert receiver.messages[-1]["type"] == "scan.completed"


def test_who_takes_nothing_for_days_is_switched_off(
    hooked: Program, receiver: Receiver, django_capture_on_commit_callbacks: Callable[..., Any], settings: Any
) -> None:
    endpoint(hooked, receiver)
    hooked.submit()
    receiver.answers = [500, 500]
    tell()
    Endpoint.objects.update(failing_since=timezone.now() - dt.timedelta(days=settings.WEBHOOK_PATIENCE_DAYS))
    later(minutes=10)
    with django_capture_on_commit_callbacks(execute=True):
        webhooks.send_due()
    assert Endpoint.objects.get().disabled_why == "failing"
    assert len(mail.outbox) == 1


def test_one_that_fails_does_not_hold_the_others_up(hooked: Program, receiver: Receiver, settings: Any) -> None:
    with listening() as broken:
        endpoint(hooked, broken)
        endpoint(hooked, receiver)
        broken.answers = [500] * 50
        for size in range(200, 212):
            hooked.submit(portrait(size))
        tell()
        assert len(broken.got) <= 10
        while Delivery.objects.due().exists():
            webhooks.send_due()
        assert len(receiver.got) == 12


def test_two_senders_send_it_once(hooked: Program, receiver: Receiver) -> None:
    endpoint(hooked, receiver)
    hooked.submit()
    change_feed.publish()
    from scans.updates.webhooks import sending

    both = [list(Delivery.objects.due()), list(Delivery.objects.due())]
    assert [bool(sending._begin_attempt(delivery)) for delivery in both[0]] == [True]
    assert [bool(sending._begin_attempt(delivery)) for delivery in both[1]] == [False], "somebody has it"


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_an_address_may_go_while_something_is_sent_there(hooked: Program, receiver: Receiver) -> None:
    made = endpoint(hooked, receiver)
    other = endpoint(hooked, receiver)
    receiver.answers = ["late"]
    webhooks.ping(Endpoint.objects.get(pk=made["id"]))
    sending = threading.Thread(target=_send_in_a_thread)
    sending.start()
    while not receiver.got:
        receiver.came.wait(10)
    assert hooked.delete(f"{ENDPOINTS}/{made['id']}").status_code == 204
    receiver.release.set()
    sending.join(30)
    assert not sending.is_alive()
    assert not Delivery.objects.exists()
    webhooks.ping(Endpoint.objects.get(pk=other["id"]))
    assert webhooks.send_due() == 1


def _send_in_a_thread() -> None:
    try:
        webhooks.send_due()
    finally:
        connections.close_all()


def test_what_a_sender_died_over_is_sent_by_the_next(hooked: Program, receiver: Receiver) -> None:
    endpoint(hooked, receiver)
    hooked.submit()
    change_feed.publish()
    from scans.updates.webhooks import sending

    assert all(sending._begin_attempt(delivery) for delivery in Delivery.objects.due().select_related("endpoint"))
    assert webhooks.send_due() == 0, "somebody has it"
    later(seconds=61)
    assert webhooks.send_due() == 1
    assert Delivery.objects.get().state == "delivered"


@pytest.mark.parametrize("first", [503, 204])
def test_a_clock_that_is_set_back_holds_no_message_up(
    first: int, hooked: Program, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it was two hours ahead, one attempt failed, and another message was written and not sent."""
    made = Endpoint.objects.get(pk=endpoint(hooked, receiver)["id"])

    class Ahead(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:
            return dt.datetime.now(tz) + dt.timedelta(hours=2)

    with monkeypatch.context() as clock:
        clock.setattr(timezone, "datetime", Ahead)
        webhooks.ping(made)
        receiver.answers = [first]
        webhooks.send_due()
        webhooks.ping(made)
    assert len(receiver.got) == 1
    webhooks.send_due()
    assert set(Delivery.objects.values_list("state", flat=True)) == {"delivered"}
    assert len(receiver.got) == (3 if first == 503 else 2)
    assert len({headers["webhook-id"] for headers, _body in receiver.got}) == 2


def test_a_message_that_was_sent_in_vain_waits_its_pause_and_no_longer(hooked: Program, receiver: Receiver) -> None:
    """Also where the clock is set back while a later pause lasts."""
    endpoint(hooked, receiver)
    hooked.submit()
    receiver.answers = [503] * 3
    change_feed.publish()
    for _try in range(3):
        webhooks.send_due()
        later(minutes=29)
    assert Delivery.objects.get().tries == 3
    assert webhooks.send_due() == 0, "a minute of its half-hour is left"
    later(minutes=-31)
    assert webhooks.send_due() == 1, "it never waits longer than its pause"
