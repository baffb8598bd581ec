"""What the platform adds to the detector: on the way of one photo, and with many at once. Needs the site's workers."""

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from statistics import median
from typing import Any

from django.core.files.base import ContentFile
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from scans import intake
from scans.evidence import retention
from scans.models import Batch, Queue, Scan, Status

ADDRESS = "bench@localhost"


class Command(BaseCommand):
    help = "Hand photos to the running workers: the platform's own share of the time, and its throughput."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("photo", type=Path, help="a JPEG with a face")
        parser.add_argument("--single", type=int, default=20, help="photos one after the other")
        parser.add_argument("--many", type=int, default=60, help="photos at once")
        parser.add_argument("--json", action="store_true")

    def handle(self, **options: Any) -> None:
        self.photo, self.sent = options["photo"].read_bytes(), 0
        self.person, _made = User.objects.get_or_create(email=ADDRESS, defaults={"is_active": False})
        try:
            said = self._measured(options["single"], options["many"])
        finally:
            for scan in Scan.objects.filter(owner=self.person, status__in=(Status.ANALYSED, Status.FAILED)):
                retention.delete(scan, self.person)
        self.stdout.write(json.dumps(said) if options["json"] else "\n".join(f"{k}: {v}" for k, v in said.items()))

    def _measured(self, single: int, many: int) -> dict[str, float]:
        self._wait([self._send(Queue.LIVE)])  # the models are loaded
        over = []
        for _photo in range(single):
            scan = self._wait([self._send(Queue.LIVE)])[0]
            assert scan.finished_at is not None
            took = (scan.finished_at - scan.created_at).total_seconds() * 1000
            over.append(took - scan.assessment.inspection["milliseconds"])
        batch = Batch.objects.create(owner=self.person)
        done = self._wait([self._send(Queue.BATCH, batch if n < intake.IN_A_BATCH else None) for n in range(many)])
        begins, ends = zip(*((scan.started_at, scan.finished_at) for scan in done), strict=True)
        through = many / (max(ends) - min(begins)).total_seconds()
        bare = 1000 / median(scan.assessment.inspection["milliseconds"] for scan in done)
        return {
            "overhead_ms_median": round(median(over), 1),
            "overhead_ms_worst": round(max(over), 1),
            "photos_a_second": round(through, 1),
            "inspect_alone_a_second_of_one_process": round(bare, 1),
        }

    def _send(self, queue: Queue, batch: Batch | None = None) -> Scan:
        self.sent += 1
        unlike = self.photo + f"{time.time_ns()}-{self.sent}".encode()  # bytes behind the picture: another file
        return intake.submit(self.person, ContentFile(unlike, name="bench.jpg"), queue=queue, batch=batch)

    def _wait(self, scans: list[Scan]) -> list[Scan]:
        deadline = time.monotonic() + 30 + len(scans) * 5
        wanted = [scan.pk for scan in scans]
        while time.monotonic() < deadline:
            done = list(Scan.objects.filter(pk__in=wanted, status__in=(Status.ANALYSED, Status.FAILED)))
            if len(done) == len(scans):
                if any(scan.status == Status.FAILED for scan in done):
                    raise CommandError(f"The photo can't be judged: {done[0].said}")
                return done
            time.sleep(0.02)
        raise CommandError("No worker took the photos. Is the site running with the same settings?")
