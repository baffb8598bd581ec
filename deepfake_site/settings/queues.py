"""Redis: cache, rate limits, and the tasks of Celery."""

from typing import Any

from .. import env, redis_address
from .installation import REDIS_URL

_redis = redis_address.read(REDIS_URL, env.text("SENTINEL_PASSWORD"))
CACHES = {
    "default": {"BACKEND": "django_redis.cache.RedisCache", "KEY_PREFIX": "site", **_redis.cache(1)},
}
CELERY_BROKER_URL = _redis.broker_url(0)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "queue_order_strategy": "priority",
    "visibility_timeout": 3600,
    "socket_connect_timeout": 2,
    "socket_timeout": 10,
    **_redis.broker_options(),
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
QUEUES = {"analysis": ("live", "batch", "rerun"), "post": ("post",), "webhooks": ("webhooks",)}  # worker: what it takes
CELERY_TASK_DEFAULT_QUEUE = "post"
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "deepfake_site.beat:OnceScheduler"
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "forget old sessions": {"task": "accounts.tasks.forget_sessions", "schedule": 24 * 3600},
    "erase people whose time has come": {"task": "accounts.tasks.erase_due", "schedule": 3600},
    "forget uploads that broke off": {"task": "scans.tasks.forget_unfinished", "schedule": 3600},
    "delete for good what is in the trash": {"task": "scans.tasks.purge_trash", "schedule": 600},
    "delete what the retention rules let go": {"task": "scans.tasks.purge_by_rules", "schedule": 3600},
    "take up scans whose worker died": {"task": "scans.tasks.rescue", "schedule": 5},
    "judge again what lacked a model": {"task": "scans.tasks.complete_all", "schedule": 60},
    "tell people what was decided": {"task": "scans.tasks.tell_settled", "schedule": 30},
    "tell programs what has changed": {"task": "scans.tasks.publish", "schedule": 5},
    "seal what happened": {"task": "scans.tasks.seal", "schedule": 5},
    "gather the database's statistics": {"task": "scans.tasks.gather_statistics", "schedule": 24 * 3600},
    "anchor and check the audit chain": {"task": "scans.tasks.anchor_chain", "schedule": 3600},
}
for _entry in CELERY_BEAT_SCHEDULE.values():  # while no worker takes them, they don't pile up
    _entry["options"] = {"expires": _entry["schedule"]}
