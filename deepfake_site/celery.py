"""The workers' door, and the sign of life that /readyz looks for."""

import os
import time
from typing import Any

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deepfake_site.settings")

app = Celery("deepfake_site")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

SIGN_OF_LIFE = "worker-alive:{}"
SENT_AT = "sent_at"  # a header of every message
ALIVE_FOR = 30  # seconds; Celery's own heart beats every two


@signals.worker_ready.connect
@signals.heartbeat_sent.connect
def _alive(sender: Any, **_: Any) -> None:
    """Note that a worker of this kind (`analysis@host`, `post@host`) is there."""
    from django.core.cache import cache

    hostname = getattr(sender, "hostname", None) or sender.eventer.hostname
    cache.set(SIGN_OF_LIFE.format(hostname.partition("@")[0]), time.time(), ALIVE_FOR)


@signals.before_task_publish.connect
def _note_time(headers: dict[str, Any], **_: Any) -> None:
    headers.setdefault(SENT_AT, time.time())
