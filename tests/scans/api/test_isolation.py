"""A receiver that never comes to an end delays its own messages and nobody else's."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from scans import tasks
from scans.models import Attempt, Delivery, Endpoint
from scans.updates import webhooks
from scans.updates.webhooks import sending

from . import hostile
from .receiver import Receiver, listening


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.PRIVATE_TARGETS = ["127.0.0.1/32"]
    with listening() as found:
        yield found


@pytest.fixture
def endpoint(person: Callable[..., User]) -> Callable[..., Endpoint]:
    def make(owner: str, url: str) -> Endpoint:
        of = User.objects.filter(email=f"{owner}@example.org").first() or person(owner, Role.INTEGRATOR)
        made: Endpoint = Endpoint.objects.create(owner=of, url=url.replace("https:", "http:"))
        return made

    return make


@pytest.mark.django_db
def test_a_hostile_receiver_delays_no_other_message(
    endpoint: Callable[..., Endpoint], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every way of never ending, five older messages to each, all of one owner; and one message to somebody else."""
    with ExitStack() as stack:
        for how in hostile.WAYS:
            bad = endpoint("hostile", stack.enter_context(hostile.listening(how)))
            for _ in range(5):
                webhooks.ping(bad)
        webhooks.ping(endpoint("good", receiver.url))
        monkeypatch.setattr(sending, "LONGEST", 0.5)
        began = time.monotonic()
        webhooks.send_due()
        took = time.monotonic() - began
    assert len(receiver.got) == 1
    assert receiver.times[0] - began < 5, "not after the others"
    assert took < 10, "the run ends, however they behave"
    assert not Attempt.objects.filter(failure=Attempt.UNDER_WAY).exists()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_what_becomes_due_while_others_hang_is_sent_at_once(
    endpoint: Callable[..., Endpoint], receiver: Receiver
) -> None:
    with listening() as slow:
        slow.answers = ["late"] * 4
        webhooks.ping(endpoint("slow", slow.url))

        def run() -> None:
            try:
                webhooks.send_due()
            finally:
                connections.close_all()

        worker = threading.Thread(target=run)
        worker.start()
        assert slow.came.wait(10)
        hanging = Attempt.objects.get()
        assert (hanging.failure, hanging.status) == (Attempt.UNDER_WAY, None), "written down before it begins"
        began = time.monotonic()
        webhooks.ping(endpoint("good", receiver.url))
        assert receiver.came.wait(sending.SECONDS)
        assert time.monotonic() - began < sending.SECONDS
        assert worker.is_alive(), "the slow one hangs still"
        slow.release.set()
        worker.join(30)
    assert Delivery.objects.filter(state="delivered", endpoint__url=receiver.url).exists()


@pytest.mark.django_db
def test_an_attempt_whose_worker_died_stays_in_the_log_and_the_message_is_sent_again(
    endpoint: Callable[..., Endpoint], receiver: Receiver
) -> None:
    delivery = webhooks.ping(endpoint("good", receiver.url))
    assert sending._begin_attempt(delivery), "and here its worker is killed"
    assert webhooks.send_due() == 0, "the lease runs"
    Delivery.objects.update(next_at=timezone.now())
    assert webhooks.send_due() == 1
    assert list(Attempt.objects.values_list("failure", "status")) == [(Attempt.INTERRUPTED, None), ("", 204)]
    assert len(receiver.got) == 1


@pytest.mark.django_db
def test_an_address_in_trouble_is_not_hammered_and_others_of_its_owner_go_on(
    endpoint: Callable[..., Endpoint], receiver: Receiver
) -> None:
    with listening() as broken:
        broken.answers = [500] * 50
        bad, good = endpoint("ann", broken.url), endpoint("ann", receiver.url)
        for _ in range(8):
            webhooks.ping(bad)
            webhooks.ping(good)
        webhooks.send_due()
        assert len(broken.got) <= 2
        assert len(receiver.got) == 8


@pytest.mark.django_db
def test_receivers_that_hang_do_not_delay_the_good_one_of_the_same_owner(
    endpoint: Callable[..., Endpoint], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All addresses are new, and the messages to those that hang are older."""
    with ExitStack() as stack:
        for how in hostile.WAYS:
            bad = endpoint("ann", stack.enter_context(hostile.listening(how)))
            for _ in range(5):
                webhooks.ping(bad)
        good = endpoint("ann", receiver.url)
        for _ in range(3):
            webhooks.ping(good)
        monkeypatch.setattr(sending, "SECONDS", 6.0)
        monkeypatch.setattr(sending, "LONGEST", 5.0)
        webhooks.send_due()
    assert len(receiver.got) == 3, "all, before the first of the others was given up"


@pytest.mark.django_db
def test_a_hundred_addresses_that_hang_delay_neither_their_owner_s_good_one_nor_other_people(
    endpoint: Callable[..., Endpoint], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, other = endpoint("ann", receiver.url), endpoint("ben", receiver.url)
    webhooks.ping(good)
    webhooks.send_due()
    with hostile.listening("silent") as hanging:
        for _ in range(100):
            webhooks.ping(endpoint("ann", hanging))
        for _ in range(3):
            webhooks.ping(good)
            webhooks.ping(other)
        monkeypatch.setattr(sending, "SECONDS", 6.0)
        monkeypatch.setattr(sending, "LONGEST", 5.0)
        webhooks.send_due()
    assert len(receiver.got) == 7, "all, before the first of the others was given up"
    assert Attempt.objects.filter(delivery__endpoint__url=hanging).count() <= sending.NEW.of_owner < sending.AT_ONCE / 2


@pytest.mark.django_db
def test_an_address_that_failed_once_does_not_wait_for_people_whose_addresses_hang(
    endpoint: Callable[..., Endpoint], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In each of many hanging addresses older messages wait, and all of them are known to fail."""
    with hostile.listening("silent") as hanging:
        for name in ("ann", "ben", "carl", "dora"):
            for _ in range(10):
                webhooks.ping(endpoint(name, hanging))
        webhooks.ping(endpoint("eve", receiver.url))
        Endpoint.objects.update(failing_since=timezone.now())
        monkeypatch.setattr(sending, "SECONDS", 2.0)
        monkeypatch.setattr(sending, "LONGEST", 3.0)
        began = time.monotonic()
        webhooks.send_due()
    assert len(receiver.got) == 1
    assert receiver.times[0] - began < 2 * sending.SECONDS


def test_publishing_waits_for_nobody_else_s_machine(settings: Any) -> None:
    worker = {queue: name for name, queues in settings.QUEUES.items() for queue in queues}
    sends = {worker[tasks.send_webhooks.queue]}
    assert sends.isdisjoint({worker[one.queue] for one in (tasks.publish, tasks.rescue, tasks.tell_settled)})
