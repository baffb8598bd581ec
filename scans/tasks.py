"""Celery's doors into this room: fetch by id, call a verb."""

import datetime as dt
from typing import Any

import structlog
from celery import current_app, shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerAway

from . import analysis
from .analysis import heartbeat, outages, sandbox
from .evidence import anchoring, chain, sealing
from .learning import promotion
from .models import (
    Anchor,
    Assessment,
    ChainCheck,
    Delivery,
    Live,
    Notification,
    PanelVersion,
    Queue,
    Replay,
    Resumable,
    Scan,
    Status,
    WrongState,
)
from .retention import purging
from .storage import disk, statistics, sweeping
from .updates import change_feed, notifications, webhooks

log = structlog.get_logger(__name__)

# In Redis 0 comes first. These are the steps that kombu has a list for; others are rounded down to them.
FIRST = 0
PRIORITY = {Queue.LIVE: 3, Queue.BATCH: 6, Queue.RERUN: 9}
ON_THE_WAY = 10  # seconds that a message may take until its scan is no longer queued, with nothing before it
AT_ONCE = 1000
TRIAL_SECONDS = 30 * 60
DAY = dt.timedelta(hours=23.5)  # a little less, so that what runs once an hour is not an hour late each day


def send(scan: Scan, *, first: bool = False) -> None:
    """Hand a queued scan to the workers once the transaction that queued it is through.

    The row says what is to be done, the message is a hint: where it is lost, or can't be sent, `rescue` sends another.
    """
    if scan.sandbox:
        message = play.s(str(scan.pk))
    else:
        priority = FIRST if first else PRIORITY[Queue(scan.queue)]
        message = analyse.s(str(scan.pk)).set(queue=scan.queue, priority=priority)
    _send_on_commit(message)


def _send_on_commit(message: Any) -> None:
    def publish() -> None:
        try:
            message.apply_async()
        except (BrokerAway, OSError) as error:
            log.error("queue is away, message not sent", task=message.task, error=repr(error))

    transaction.on_commit(publish)


def send_for_rescore(scan: Scan) -> None:
    _send_on_commit(rescore.s(str(scan.pk)).set(queue=Queue.RERUN, priority=PRIORITY[Queue.RERUN]))


def send_for_estimate(live: Live) -> None:
    _send_on_commit(estimate_live.s(str(live.pk)).set(queue=Queue.LIVE, priority=PRIORITY[Queue.LIVE]))


def send_for_trial(version: PanelVersion) -> None:
    _send_on_commit(try_version.s(version.pk).set(queue=Queue.RERUN, priority=PRIORITY[Queue.RERUN]))


def send_for_chain_check() -> None:
    _send_on_commit(check_chain.s())


@shared_task(queue="live", soft_time_limit=settings.ANALYSIS_SECONDS + 30, time_limit=settings.ANALYSIS_SECONDS + 60)
def analyse(scan_id: str) -> None:
    try:
        outages.wait_out(lambda: analysis.analyse(Scan.objects.get(pk=scan_id)))
        purging.purge_analysed(Scan.objects.get(pk=scan_id))
    except (Scan.DoesNotExist, WrongState):
        log.info("nothing to analyse", scan=scan_id)  # deleted, or another worker has it: a second delivery is harmless
    except outages.PanelUnreadable as error:
        log.error("the panel can't be read", scan=scan_id, error=str(error))  # `rescue` sends it when it can
    except SoftTimeLimitExceeded:
        scan = Scan.objects.get(pk=scan_id)
        if scan.status == Status.ANALYSING:
            analysis.fail(scan, "out_of_time", "Analysing this file took too long and was given up.")
            purging.purge_analysed(scan)


@shared_task(queue="post")
def play(scan_id: str) -> None:
    try:
        outages.wait_out(lambda: sandbox.play(Scan.objects.get(pk=scan_id, sandbox=True)))
        purging.purge_analysed(Scan.objects.get(pk=scan_id))
    except (Scan.DoesNotExist, WrongState):
        log.info("nothing to play", scan=scan_id)


@shared_task(queue="rerun", soft_time_limit=settings.ANALYSIS_SECONDS + 30, time_limit=settings.ANALYSIS_SECONDS + 60)
def rescore(scan_id: str) -> None:
    try:
        analysis.reassess(Scan.objects.get(pk=scan_id))
    except (Scan.DoesNotExist, WrongState):
        log.info("nothing to judge again", scan=scan_id)


@shared_task(queue="rerun", soft_time_limit=TRIAL_SECONDS, time_limit=TRIAL_SECONDS + 60)
def try_version(version_id: int) -> None:
    try:
        promotion.try_version(PanelVersion.objects.get(pk=version_id, approved_at=None, ended_at=None))
    except PanelVersion.DoesNotExist:
        log.info("nothing to try", version=version_id)  # answered meanwhile
    except SoftTimeLimitExceeded:
        rehearsal = {"refusals": [{"code": "too_long"}]}
        PanelVersion.objects.filter(pk=version_id).update(rehearsal=rehearsal)


@shared_task(queue="live", soft_time_limit=30, time_limit=40)
def estimate_live(live_id: str) -> None:
    try:
        analysis.estimate(Live.objects.get(pk=live_id))
    except Live.DoesNotExist:
        log.info("nothing to look at", live=live_id)  # thrown away meanwhile


@shared_task(queue="post")
def rescue() -> None:
    """Scans that nobody is going to analyse: their worker died, or their message is gone."""
    for scan in heartbeat.take_back_silent():
        send(scan, first=True)
    if not disk.has_room():
        log.error("the disk is full, so nothing can be analysed")
        return
    try:
        analysis.panel()
    except outages.PanelUnreadable as error:
        log.error("the panel can't be read, so nothing can be analysed", error=str(error))
        return
    for queue in (Queue.LIVE, Queue.BATCH):
        _send_again(Scan.objects.waiting().filter(queue=queue).overdue(ON_THE_WAY), messages_in(queue))
    _send_again(Scan.objects.to_be_played().overdue(6 * ON_THE_WAY))


def _send_again(overdue: Any, messages: int = 0) -> None:
    """As many more as there are messages for, beginning with the oldest: a message too many does no harm."""
    missing = min(AT_ONCE, overdue.count() - messages)
    if missing <= 0:
        return
    scans = list(overdue[:missing])
    log.warning("messages were lost, sending again", count=missing)
    for scan in scans:
        send(scan)
    Scan.objects.filter(pk__in=[scan.pk for scan in scans]).update(sent_at=timezone.now())


def messages_in(queue: str) -> int:
    """Of all priorities; not those that a worker has taken, which may be dead."""
    with current_app.connection_for_read() as connection:
        return int(connection.default_channel._size(queue))


@shared_task(queue="post")
def complete_all() -> None:
    """Judge again what was judged without some of the models, once the panel is whole and nothing else is run again."""
    partial = _partly_analysed().order_by("finished_at")[:AT_ONCE]
    if not partial.exists() or messages_in(Queue.RERUN):
        return
    try:
        whole = analysis.is_whole(analysis.panel())
    except outages.PanelUnreadable:
        whole = False
    for scan in partial if whole else ():
        _send_on_commit(complete.s(str(scan.pk)).set(queue=Queue.RERUN, priority=PRIORITY[Queue.RERUN]))


def _partly_analysed() -> Any:
    """Scans whose newest assessment was made without some of the models."""
    newest = Assessment.objects.filter(scan=OuterRef("scan")).order_by("-id").values("pk")[:1]
    partial = Assessment.objects.filter(partial=True, pk=Subquery(newest))
    return Scan.objects.judgeable().filter(pk__in=partial.values("scan"))


@shared_task(
    queue="rerun", soft_time_limit=settings.ANALYSIS_SECONDS * 2, time_limit=settings.ANALYSIS_SECONDS * 2 + 30
)
def complete(scan_id: str) -> None:
    try:
        analysis.complete(Scan.objects.get(pk=scan_id))
    except (Scan.DoesNotExist, WrongState):
        log.info("nothing to complete", scan=scan_id)


@shared_task(queue="post")
def tell_settled() -> None:
    notifications.tell_settled()
    notifications.mail_waiting()


@shared_task(queue="post")
def publish() -> None:
    change_feed.publish()
    send_webhooks.apply_async(expires=60)


@shared_task(queue="webhooks", soft_time_limit=120, time_limit=150)
def send_webhooks() -> None:
    """In a worker of its own: other people's machines hold up nothing but their own messages."""
    webhooks.send_due()


@shared_task(queue="post")
def seal() -> None:
    sealing.seal()


@shared_task(queue="post")
def anchor_chain() -> None:
    """Once a day: sign the chain's head, publish it, and look at the whole chain."""
    day_ago = timezone.now() - DAY
    newest = Anchor.objects.first()
    if (newest is None or newest.at < day_ago) and (anchor := anchoring.create_anchor()):
        anchoring.publish(anchor)
    if not ChainCheck.objects.filter(at__gt=day_ago).exists():
        send_for_chain_check()


@shared_task(queue="rerun", soft_time_limit=3000, time_limit=3060)
def check_chain() -> None:
    """It takes a minute for a million rows, so it waits behind people's files and holds up nothing that is urgent."""
    result = chain.verify_and_note()
    if not result.whole:
        log.error("the audit chain is broken", problem=result.problem, position=result.position, event=result.event)


@shared_task(queue="post")
def purge_trash() -> None:
    """What has been in the trash for its time, and what was to go after its analysis when its worker died."""
    purging.purge(with_rules=False)


@shared_task(queue="post", soft_time_limit=3000, time_limit=3060)
def purge_by_rules() -> None:
    purging.purge()


@shared_task(queue="post")
def gather_statistics() -> None:
    statistics.gather()


@shared_task(queue="post")
def forget_unfinished() -> None:
    """Uploads that nobody went on with, and files that no row knows of: of a scan's, each hour the 24th part."""
    for upload in Resumable.objects.expired():
        upload.forget()
    for live in Live.objects.left():
        live.forget()
    Replay.objects.old().delete()
    Notification.objects.out_of_date().delete()
    Delivery.objects.old().delete()
    sweeping.sweep(sweeping.BUCKETS[timezone.now().hour :: 24])
