"""Starts the periodic tasks. Several may run, on several machines: each task is sent once in its interval.

Whoever is due first takes the task's lock in Redis, which lasts for most of the interval. Nothing is kept on a disk: a
beat that starts anew tries every task at once, and the locks tell it which ones were sent not long ago.

A machine's clock may be set back. Then all that was noted with the time before lies in the future, and neither a task's
last turn nor its lock may hold it up until that time has come again.
"""

import datetime as dt
import time
from typing import Any

import structlog
from celery.beat import ScheduleEntry, Scheduler
from django.core.cache import cache

log = structlog.get_logger(__name__)

LOCK = "beat:{}"
CORRECTION = 1.0  # seconds that a clock may be set back without anybody noticing
SHARE = 0.9  # of the interval: its own next turn must find the lock gone, even if it comes a little early


class OnceScheduler(Scheduler):
    latest = 0.0  # time that this process has seen

    def setup_schedule(self) -> None:
        self.merge_inplace(self.app.conf.beat_schedule)
        self._start_anew()

    def _start_anew(self) -> None:
        """All are due at once, unless somebody holds their lock."""
        for entry in self.schedule.values():
            entry.last_run_at = dt.datetime.fromtimestamp(0, dt.UTC)
        self._heap = None

    def tick(self, *args: Any, **options: Any) -> Any:
        now = time.time()
        if now < self.latest - CORRECTION:
            log.warning("the clock was set back, all tasks are due", seconds=self.latest - now)
            self._start_anew()
        self.latest = now
        return super().tick(*args, **options)

    def apply_async(self, entry: ScheduleEntry, producer: Any = None, advance: bool = True, **options: Any) -> Any:
        lock, interval = LOCK.format(entry.name), entry.schedule.run_every.total_seconds()
        if not cache.add(lock, time.time(), timeout=interval * SHARE):
            if (cache.get(lock) or 0) < time.time() + interval:
                log.debug("sent by another beat", task=entry.task)
                return None
            cache.set(lock, time.time(), timeout=interval * SHARE)  # it was taken before the clock was set back
        try:
            return super().apply_async(entry, producer=producer, advance=advance, **options)
        except BaseException:
            cache.delete(lock)
            raise
