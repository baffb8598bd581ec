"""Judge stored files again with the panel as it is now, and say which outcomes would flip."""

import datetime as dt
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from detection import DetectionError
from scans import analysis
from scans.models import Outcome, Scan, WrongState


class Command(BaseCommand):
    help = "Analyse scans again with the current models. Earlier assessments are kept. Prints which outcomes change."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--outcome", choices=Outcome.values, help="only scans with this outcome")
        parser.add_argument("--since", type=dt.date.fromisoformat, help="only scans uploaded on this day or later")
        parser.add_argument("--limit", type=int, default=0)
        parser.add_argument("--dry-run", action="store_true", help="only print the number of scans")

    def handle(self, **options: Any) -> None:
        scans: Any = Scan.objects.judgeable().listed().order_by("created_at")
        if options["outcome"]:
            scans = scans.filter(outcome=options["outcome"])
        if options["since"]:
            scans = scans.filter(created_at__date__gte=options["since"])
        if options["limit"]:
            scans = scans[: options["limit"]]
        if options["dry_run"]:
            self.stdout.write(f"{scans.count()} scans would be analysed again.")
            return
        if not analysis.panel().active:
            raise CommandError("No model is installed, so scans can't be analysed again.")
        flips: Counter[tuple[str, str]] = Counter()
        for scan in scans.iterator(50):
            before = scan.outcome
            try:
                now = analysis.reassess(scan)
            except (WrongState, DetectionError) as error:
                self.stderr.write(f"{scan.pk}: not changed ({error})")
                continue
            flips[before, now.outcome] += 1
        for (before, after), count in sorted(flips.items()):
            self.stdout.write(f"{count:6}  {before} {'→ ' + after if before != after else 'unchanged'}")
        changed = sum(count for (before, after), count in flips.items() if before != after)
        self.stdout.write(f"{flips.total()} analysed again, {changed} changed.")
