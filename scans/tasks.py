"""Celery's doors into this room: fetch by id, call a verb."""

import time
from pathlib import Path

import structlog
from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings

from . import analysis, publishing, sandbox, telling, webhooks
from .models import Delivery, Live, Queue, Replay, Resumable, Scan, Status, WrongState

log = structlog.get_logger(__name__)

PRIORITY = {Queue.LIVE: 0, Queue.BATCH: 5, Queue.RERUN: 9}  # in Redis 0 comes first


def send(scan: Scan) -> None:
    """Hand a queued scan to the workers once the transaction that queued it is through."""
    if scan.sandbox:
        play.apply_async_on_commit([str(scan.pk)])
    else:
        analyse.apply_async_on_commit([str(scan.pk)], queue=scan.queue, priority=PRIORITY[Queue(scan.queue)])


def send_for_stability(scan: Scan) -> None:
    check_stability.apply_async_on_commit([str(scan.pk)], queue=Queue.RERUN, priority=PRIORITY[Queue.RERUN])


def send_for_rescore(scan: Scan) -> None:
    rescore.apply_async_on_commit([str(scan.pk)], queue=Queue.RERUN, priority=PRIORITY[Queue.RERUN])


def send_for_glimpse(live: Live) -> None:
    glimpse.apply_async_on_commit([str(live.pk)], queue=Queue.LIVE, priority=PRIORITY[Queue.LIVE])


@shared_task(queue="live", soft_time_limit=settings.ANALYSIS_SECONDS + 30, time_limit=settings.ANALYSIS_SECONDS + 60)
def analyse(scan_id: str) -> None:
    try:
        analysis.analyse(Scan.objects.get(pk=scan_id))
    except (Scan.DoesNotExist, WrongState):
        log.info("nothing to analyse", scan=scan_id)  # deleted, or another worker has it: a second delivery is harmless
    except SoftTimeLimitExceeded:
        scan = Scan.objects.get(pk=scan_id)
        if scan.status == Status.ANALYSING:
            analysis.fail(scan, "out_of_time", "Analysing this file took too long and was given up.")


@shared_task(queue="post")
def play(scan_id: str) -> None:
    try:
        sandbox.play(Scan.objects.get(pk=scan_id, sandbox=True))
    except (Scan.DoesNotExist, WrongState):
        log.info("nothing to play", scan=scan_id)


@shared_task(
    queue="rerun", soft_time_limit=settings.ANALYSIS_SECONDS * 2, time_limit=settings.ANALYSIS_SECONDS * 2 + 30
)
def check_stability(scan_id: str) -> None:
    """Look again at a few harmlessly altered copies; what comes out is another assessment."""
    try:
        analysis.reassess(Scan.objects.get(pk=scan_id), check_stability=True)
    except (Scan.DoesNotExist, WrongState):
        log.info("nothing to check", scan=scan_id)


@shared_task(queue="rerun", soft_time_limit=settings.ANALYSIS_SECONDS + 30, time_limit=settings.ANALYSIS_SECONDS + 60)
def rescore(scan_id: str) -> None:
    try:
        analysis.reassess(Scan.objects.get(pk=scan_id))
    except (Scan.DoesNotExist, WrongState):
        log.info("nothing to judge again", scan=scan_id)


@shared_task(queue="live", soft_time_limit=30, time_limit=40)
def glimpse(live_id: str) -> None:
    try:
        analysis.glimpse(Live.objects.get(pk=live_id))
    except Live.DoesNotExist:
        log.info("nothing to look at", live=live_id)  # thrown away meanwhile


@shared_task(queue="post")
def rescue() -> None:
    for scan in analysis.rescue():
        send(scan)


@shared_task(queue="post")
def tell_settled() -> None:
    telling.tell_settled()


@shared_task(queue="post")
def publish() -> None:
    publishing.publish()
    send_webhooks.apply_async(expires=60)


@shared_task(queue="post", soft_time_limit=120, time_limit=150)
def send_webhooks() -> None:
    webhooks.send_due()


@shared_task(queue="post")
def forget_unfinished() -> None:
    """Uploads that nobody went on with, and files on their way in whose process died."""
    for upload in Resumable.objects.expired():
        upload.forget()
    for live in Live.objects.left():
        live.forget()
    Replay.objects.old().delete()
    Delivery.objects.old().delete()
    old = time.time() - 24 * 3600
    for file in (Path(settings.MEDIA_ROOT) / "incoming").glob("tmp*"):
        if file.stat().st_mtime < old:
            file.unlink(missing_ok=True)
