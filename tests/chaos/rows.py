"""One row of the table: uploads, a fault again and again meanwhile, and what became of every scan."""

import datetime as dt
import json
import random
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from tests.scans.api import hostile, receiver

from .faults import Fault, Faults
from .sender import Sender
from .site import Site, until

PATIENCE = 120  # seconds after the last fault and the last answer: what still waits then is stuck
HEAD = (
    "| database | fault | times | scans | lost | double | stuck | recovery, median | longest | alarm in /metrics |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)
HANGING = "seven receivers of webhooks hang"


@dataclass
class Result:
    fault: str
    faults: int = 0
    scans: int = 0
    lost: int = 0
    double: int = 0
    stuck: int = 0
    recoveries: list[float] = field(default_factory=list)
    alarms: set[str] = field(default_factory=set)

    def line(self, database: str) -> str:
        times = self.recoveries
        took = f"{statistics.median(times):.0f} s | {max(times):.0f} s" if times else "– | –"
        counts = (self.faults, self.scans, self.lost, self.double, self.stuck)
        named = ", ".join(sorted(self.alarms)) or "–"
        return f"| {database} | {self.fault} | {' | '.join(map(str, counts))} | {took} | {named} |"

    @property
    def is_good(self) -> bool:
        return not (self.lost or self.double or self.stuck)


class Run:
    """One site on one database, and the uploads of one person."""

    def __init__(self, site: Site, scans: int) -> None:
        from accounts import keys, roles, rules
        from accounts.models import User

        self.site, self.scans = site, scans
        self.user = User.objects.create_user("chaos@example.org", None, name="Chaos")
        roles.give(self.user, roles.Role.INTEGRATOR)
        rules.accept(self.user)
        _key, secret = keys.issue(self.user, name="chaos", scopes=["scans:read", "scans:write"])
        self.sender = Sender(site.port, secret)

    # -- Under a fault -------------------------------------------------------------------------------

    def row(self, name: str, fault: Fault, faults: Faults) -> Result:
        key, scans = self.begin()
        result = Result(name, scans=self.scans)
        faults.key, faults.broken_off = key, []
        begun: list[tuple[float, int, list[Any]]] = []
        with ThreadPoolExecutor(4) as pool, Watch(self.site) as watch:
            answers = self.upload_all(pool, key)
            for number in range(fault.times):
                due = (number + 0.5) * self.scans / (fault.times + 1)
                waited(lambda due=due: scans.filter(status="analysed").count() >= due, 60)
                waited(lambda: scans.filter(status="analysing").exists(), 10)
                time.sleep(random.random() / 2)  # anywhere in an analysis
                began = self.site.clock.now(), self.last_event(), self.in_work(scans)
                jumped = self.site.clock.shift
                fault.act(number)
                if jumped := self.site.clock.shift - jumped:
                    began = (began[0] + jumped, *began[1:])
                if fault.judged_again:  # only its end can be recovered from
                    began = (self.site.clock.now(), self.last_event(), [])
                begun.append(began)
                result.faults += 1
            answers += [pool.submit(self.sender.upload, key) for key in faults.broken_off]
            result.scans = len(answers)
            ids = [answer.result() for answer in answers]
            waited(lambda: not self.unfinished(scans).exists(), PATIENCE)
        self.count(result, scans, ids)
        result.alarms = watch.alarms
        result.recoveries = [
            took
            for began in begun
            if (took := self.judged_again(scans, *began) if fault.judged_again else self.recovery(scans, *began))
        ]
        return result

    def begin(self) -> tuple[str, Any]:
        """What the keys of this row begin with, and its scans."""
        from scans.models import Scan

        key = f"chaos-{time.time_ns()}"
        return key, Scan.objects.filter(external_id__startswith=key)

    def upload_all(self, pool: ThreadPoolExecutor, key: str) -> "list[Future[str]]":
        """Every fourth waits for its result."""
        numbers = range(self.scans)
        return [pool.submit(self.sender.upload, f"{key}-{number}", wait=0 if number % 4 else 5) for number in numbers]

    def unfinished(self, scans: Any) -> Any:
        """Waiting, being analysed, or judged without some of the models."""
        from django.db.models import OuterRef, Q, Subquery

        from scans.models import Assessment

        newest = Assessment.objects.filter(scan=OuterRef("pk")).order_by("-id").values("partial")[:1]
        partial = scans.annotate(partial=Subquery(newest)).filter(partial=True).values("pk")
        return scans.filter(Q(status__in=("queued", "analysing")) | Q(pk__in=partial))

    def count(self, result: Result, scans: Any, ids: list[str]) -> None:
        rows = list(scans.values_list("pk", "status", "external_id"))
        result.stuck = self.unfinished(scans).count()
        result.double = len(rows) - len({external for _pk, _status, external in rows})
        result.double += sum(scan.assessments.filter(partial=False).count() > 1 for scan in scans)
        kept = {str(pk) for pk, status, _id in rows if status in ("analysed", "queued", "analysing")}
        result.lost = sum(pk not in kept for pk in ids)

    # -- How long the site needs ---------------------------------------------------------------------

    def last_event(self) -> int:
        from scans.models import Event

        found: list[int] = []

        def look() -> bool:
            found.append(Event.objects.order_by("-id").values_list("id", flat=True).first() or 0)
            return True

        waited(look, 60)
        return found[-1]

    def in_work(self, scans: Any) -> list[Any]:
        found: list[Any] = []

        def look() -> bool:
            found.extend(scans.filter(status="analysing").values_list("pk", flat=True))
            return True

        waited(look, 60)
        return found

    def recovery(self, scans: Any, at: float, after: int, interrupted: list[Any]) -> float | None:
        """Until the site has finished a scan again, and until those that were interrupted have been taken up again."""
        from scans.models import Event

        since, later = dt.datetime.fromtimestamp(at, dt.UTC), Event.objects.filter(id__gt=after).order_by("id")
        finished = later.filter(scan__in=scans, kind__in=("analysed", "failed"), at__gt=since)
        ends = list(finished.values_list("at", flat=True)[:1])
        for pk in interrupted:
            again = later.filter(scan_id=pk, at__gt=since, kind__in=("analysing", "analysed", "failed"))
            ends += again.values_list("at", flat=True)[:1]
        return max((end - since).total_seconds() for end in ends) if ends else None

    def judged_again(self, scans: Any, at: float, after: int, _interrupted: list[Any]) -> float | None:
        """Until the last scan that was judged without a model before that moment was judged with it."""
        from scans.models import Assessment, Event

        since = dt.datetime.fromtimestamp(at, dt.UTC)
        partial = Assessment.objects.filter(scan__in=scans, partial=True, at__lt=since).values("scan")
        again = Event.objects.filter(id__gt=after, kind="reassessed", scan__in=partial)
        firsts: dict[Any, dt.datetime] = {}
        for pk, time_of in again.order_by("id").values_list("scan_id", "at"):
            firsts.setdefault(pk, time_of)
        return max(((time_of - since).total_seconds() for time_of in firsts.values()), default=None)

    # -- Receivers that hang -------------------------------------------------------------------------

    def receivers(self) -> Result:
        """All endpoints are one person's; counted are the messages to the only good one, and their delay."""
        from scans.models import Endpoint

        key, scans = self.begin()
        result = Result(HANGING, faults=len(hostile.WAYS), scans=self.scans)
        with ExitStack() as stack:
            good = stack.enter_context(receiver.listening())
            urls = [good.url, *(stack.enter_context(hostile.listening(way)) for way in hostile.WAYS)]
            for url in urls:
                Endpoint.objects.create(owner=self.user, url=url.replace("https:", "http:"))
            started = time.time() - time.monotonic()  # of the monotonic clock
            with ThreadPoolExecutor(4) as pool, Watch(self.site) as watch:
                ids = [answer.result() for answer in self.upload_all(pool, key)]
                waited(lambda: not self.unfinished(scans).exists(), PATIENCE)
                waited(lambda: set(ids) <= set(self.arrivals(good)), PATIENCE)
            arrivals = self.arrivals(good)
            self.count(result, scans, ids)
            result.alarms = watch.alarms
            ends = scans.exclude(finished_at=None).values_list("pk", "finished_at")
            finished = {str(pk): at.timestamp() for pk, at in ends}
            result.lost += sum(pk not in arrivals for pk in finished)
            result.double += sum(len(times) > 1 for times in arrivals.values())
            result.recoveries = [times[0] + started - finished[pk] for pk, times in arrivals.items() if pk in finished]
        Endpoint.objects.all().delete()
        return result

    def arrivals(self, good: receiver.Receiver) -> dict[str, list[float]]:
        """By scan: when the message about its end arrived at the good receiver."""
        times: dict[str, list[float]] = {}
        for (_headers, body), at in zip(list(good.got), list(good.times), strict=False):
            message = json.loads(body)
            if message["type"] == "scan.completed":
                times.setdefault(message["data"]["scan_id"], []).append(at)
        return times


class Watch:
    """Looks at /metrics every few seconds and keeps the names of all parts that were not working."""

    def __init__(self, site: Site) -> None:
        self.site, self.over = site, threading.Event()
        self.alarms: set[str] = set()
        self.thread = threading.Thread(target=self.look, daemon=True)

    def look(self) -> None:
        while not self.over.wait(5):
            self.alarms |= self.site.alarms()

    def __enter__(self) -> "Watch":
        self.thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.over.set()
        self.thread.join(30)


def waited(true: Callable[[], bool], seconds: float) -> bool:
    """Like `until`, beside a database that may be away."""
    from django.db import DatabaseError, InterfaceError, connection

    def is_true() -> bool:
        try:
            return true()
        except (DatabaseError, InterfaceError):
            connection.close()
            return False

    return until(is_true, "", seconds)
