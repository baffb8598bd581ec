"""How much waits in each of the workers' queues, and for how long: what one scales workers by."""

import json
import time
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Min
from django.utils import timezone

from scans.models import Scan

from .celery import SENT_AT, app


class Waiting(NamedTuple):
    messages: int
    seconds: float  # since the oldest was sent; 0 if nothing waits


def waiting() -> dict[str, Waiting]:
    """By the messages that no worker has taken yet; of scans also by their rows, whose messages may be lost."""
    by_queue = {}
    with app.connection_for_read() as connection:
        channel = connection.default_channel
        for name in (queue for queues in settings.QUEUES.values() for queue in queues):
            by_queue[name] = Waiting(channel._size(name), _age(channel, name))
    now = timezone.now()
    for name, oldest in Scan.objects.waiting().values_list("queue").annotate(Min("queued_at")):
        if name in by_queue:
            seconds = (now - oldest).total_seconds()
            by_queue[name] = by_queue[name]._replace(seconds=max(by_queue[name].seconds, seconds))
    return by_queue


def _age(channel: Any, name: str) -> float:
    """Of the oldest message: each priority has a list, from whose end workers take."""
    with channel.conn_or_acquire() as client, client.pipeline() as pipe:
        for priority in channel.priority_steps:
            pipe.lindex(channel._q_for_pri(name, priority), -1)
        last = [json.loads(message)["headers"] for message in pipe.execute() if message]
    return max((time.time() - headers[SENT_AT] for headers in last if SENT_AT in headers), default=0.0)
