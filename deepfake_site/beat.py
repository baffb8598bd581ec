"""Starts the periodic tasks. Several may run, on several machines: each task is sent once in its interval.

Whoever is due first takes the task's lock in Redis, which lasts for most of the interval. Nothing is kept on a disk: a
beat that starts anew tries every task at once, and the locks tell it which ones were sent not long ago.
"""

import datetime as dt
from typing import Any

import structlog
from celery.beat import ScheduleEntry, Scheduler
from django.core.cache import cache

log = structlog.get_logger(__name__)

LOCK = "beat:{}"
SHARE = 0.9  # of the interval: its own next turn must find the lock gone, even if it comes a little early


class OnceScheduler(Scheduler):
    def setup_schedule(self) -> None:
        self.merge_inplace(self.app.conf.beat_schedule)
        for entry in self.schedule.values():
            entry.last_run_at = dt.datetime.fromtimestamp(0, dt.UTC)  # due at once, if nobody holds its lock

    def apply_async(self, entry: ScheduleEntry, producer: Any = None, advance: bool = True, **options: Any) -> Any:
        lock = LOCK.format(entry.name)
        if not cache.add(lock, 1, timeout=entry.schedule.run_every.total_seconds() * SHARE):
            log.debug("sent by another beat", task=entry.task)
            return None
        try:
            return super().apply_async(entry, producer=producer, advance=advance, **options)
        except BaseException:
            cache.delete(lock)
            raise
