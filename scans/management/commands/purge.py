"""Delete what the trash, uploads without retention and the retention rules let go. The site does it by itself."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone, translation

from scans.retention import purging
from scans.retention.engine import Decision, Reason

MOST = 1000
DAYS = 30


class Command(BaseCommand):
    help = "Delete files that are due: trash, uploads without retention, retention rules. The site does this by itself."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only list what would be deleted or kept, and why")
        parser.add_argument(
            "--days", type=int, default=0, metavar="N", help="with --dry-run: also list what is due in the next N days"
        )

    def handle(self, **options: Any) -> None:
        with translation.override("en"):
            self._tell_rules()
            if options["dry_run"]:
                self._list(options["days"])
            report = purging.purge(dry_run=options["dry_run"])
            self._tell(report)

    def _tell_rules(self) -> None:
        rules = ", ".join(f"{name} {days} days" for name, days in sorted(purging.rules_in_force().items()))
        self.stdout.write(f"Rules (RETENTION_DAYS): {rules or 'none, files are kept until somebody deletes them'}")

    def _list(self, days: int) -> None:
        rows = purging.upcoming(days, MOST)
        for scan, decision in rows:
            self.stdout.write(f"{_when(decision):<22}  {scan.pk}  {scan.bytes:>12,} bytes  {_why(decision)}")
        if len(rows) == MOST:
            self.stdout.write(f"Only the first {MOST} are listed.")

    def _tell(self, report: purging.Report) -> None:
        would = "would be deleted" if report.dry_run else "deleted"
        self.stdout.write(f"{report.purged} files {would}, {report.bytes:,} bytes, in {report.seconds:.1f} s")
        for code, count in report.by_reason.most_common():
            self.stdout.write(f"{count:>8}  {Reason(code).label}")
        stays = {code: count for code, count in report.kept.items() if Reason(code) in purging.STAYS}
        if stays:
            self.stdout.write("Due, but kept:")
        for code, count in stays.items():
            self.stdout.write(f"{count:>8}  {Reason(code).label}")


def _when(decision: Decision) -> str:
    if not decision.keep:
        return "now"
    return timezone.localtime(decision.until).strftime("%Y-%m-%d %H:%M %Z") if decision.until else "kept"


def _why(decision: Decision) -> str:
    return "; ".join(
        f"{ground.reason.label}{f' ({timezone.localtime(ground.at):%Y-%m-%d})' if ground.at else ''}"
        for ground in decision.reasons
    )
